"""
A local Azure Functions host on Microsoft's own Python worker library.

Microsoft's host is a .NET program that no package registry carries; the worker library that it drives is on PyPI.
This package is the host's half: it reads `host.json`, has the worker index the app, and then plays the platform:
timers (`timers.py`), queues (`queues.py`), HTTP (`front.py`) and the administration addresses (`admin.py`).
`launch.py` puts them together, `python -m sandbox.host --app DIR` starts it. The worker library is module-global
state, so a process runs one app. Facts about the platform: platform.md D1-D3 and H.
"""
