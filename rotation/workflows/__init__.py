"""
Use cases: read, decide, act.

`scan` finds what is due, `open` begins a rotation, `rotate` carries it through its phases (one module a phase under
`phases/`), `deliver` serves one destination, `recover` nudges whatever waits, `enrol` and `operate` are what people do.
"""
