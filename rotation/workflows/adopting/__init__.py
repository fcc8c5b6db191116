"""
Adopt what a person made by hand while Rotation was down.

`by_hand.py` finds the secret that is meant and the value in the vault, and proves that they belong together; `adopt.py`
makes it the line's current one. Nothing is minted and nothing is removed.
"""
