"""What leads to the page of an act."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One of them; the `first` is what is wanted now."""

    text: str
    link: str
    first: bool = False
