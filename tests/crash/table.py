"""The crash table of docs/protocol.md, and the mark that says which of its rows a test is of."""

from collections.abc import Callable
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
HEADING = "## When something dies"


def rows() -> list[str]:
    """Read what died, row by row, as the page says it."""
    table = PAGE.read_text().split(HEADING)[1].split("\n## ")[0]
    cells = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if line.startswith("| ")]
    return [cell for cell in cells if cell != "died"]


def row[Test: Callable[..., object]](died: str) -> Callable[[Test], Test]:
    """Mark a test as one of this row."""

    def mark(test: Test) -> Test:
        test.__dict__["row"] = died
        return test

    return mark


def marked(module: object) -> dict[str, str]:
    """Give the row of each test of a module; "" where it has none."""
    tests = {name: found for name, found in vars(module).items() if name.startswith("test_")}
    return {name: str(vars(test).get("row", "")) for name, test in tests.items()}
