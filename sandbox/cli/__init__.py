"""
The app's command line inside the sandbox: its settings, its certificates, its moved clock.

`python -m sandbox.cli status` runs `python -m rotation status` against the sandbox that `make sandbox` runs;
`python -m sandbox.cli --batch` takes one command after the other as JSON lines, for the demo.
"""
