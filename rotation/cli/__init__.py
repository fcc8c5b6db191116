"""
The command line: the same workflows for a person at a terminal (`python -m rotation --help`).

`app.py` lists the commands. A command opens the services, runs one workflow, and shows what came of it: a screen for
people, or with `--json` the same facts and nothing else.
"""
