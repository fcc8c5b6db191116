"""`python -m sandbox.chaos`: the real app on two hosts that are killed while everything around them fails."""
