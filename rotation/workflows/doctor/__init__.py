"""
Look at everything that a deployment stands on, and say of each thing whether it holds and which command mends it.

`examining.examine` runs all checks at once; `findings.py` says what a finding is; the rest are the checks.
"""
