"""
Timers, queues and HTTP: parse, call one workflow, map the outcome.

`boundary.py` decides what an error means to the host, `web/problems.py` what it means to a caller. No
`from __future__ import annotations` is needed here, and parameters are annotated with the SDK's plain types only:
one annotation that the worker cannot read fails the whole app (platform.md D1).
"""
