"""Chance that is the same in every run."""

import random


def chance(seed: int) -> random.Random:
    """Give a generator of its own."""
    return random.Random(seed)  # noqa: S311  # fakes want the same chance every time, not a good one
