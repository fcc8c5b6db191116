"""
Play a whole rotation on a throw-away application, in the real tenant and vault, and delete all of it afterwards.

`rehearse.py` is the play, on a ledger that ends with the process (`scratch.py`); `acts.py` drives the real workflows;
`facts.py` looks whether what we take for granted about the platform holds here; `clearing.py` cleans up.
"""
