"""What is said when a file or a document is not a tenant: every problem at once."""

from collections.abc import Sequence

SHOWN = 20


class NotATenant(ValueError):
    """
    The input is not what it should be; nothing was loaded.

    Attributes:
        problems: All of them, in order; each says what is wrong and where.
        remedy: What to do about it.
    """

    def __init__(self, source: str, problems: Sequence[str], *, remedy: str) -> None:
        self.source = source
        self.problems = tuple(problems)
        self.remedy = remedy
        super().__init__(self._text())

    def _text(self) -> str:
        shown = [f"  - {problem}" for problem in self.problems[:SHOWN]]
        hidden = len(self.problems) - SHOWN
        more = [f"  ... and {hidden} more"] if hidden > 0 else []
        return "\n".join([f"{self.source} cannot be loaded:", *shown, *more, f"What to do: {self.remedy}"])
