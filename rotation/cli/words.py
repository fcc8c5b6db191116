"""Dates, states and names as screens write them; every text from outside is made harmless first."""

from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from rotation.notifications.words import look, plain

STYLES = {
    "Default": "",
    "Accent": "cyan",
    "Good": "green",
    "Warning": "yellow",
    "Attention": "bold red",
}


def state(word: str) -> Text:
    """Write a state: sign and word carry it, colour only helps."""
    seen = look(word)
    return Text(f"{seen.sign} {word}", style=STYLES[seen.card_colour])


def name(text: str, limit: int = 60) -> Text:
    """Write a text that others made, on one line."""
    return Text(plain(text, limit))


def day(at: datetime | None, now: datetime) -> str:
    """Write a date as people count it: `2026-12-05 (in 13 days)`."""
    if at is None:
        return "never"
    days = (at.astimezone(UTC).date() - now.date()).days
    match days:
        case 0:
            told = "today"
        case 1:
            told = "tomorrow"
        case -1:
            told = "yesterday"
        case _:
            told = f"in {days} days" if days > 0 else f"{-days} days ago"
    return f"{at:%Y-%m-%d} ({told})"


def tall_day(at: datetime | None, now: datetime) -> str:
    """Write a date on two lines, beside a key id that needs the room."""
    return day(at, now).replace(" ", "\n", 1)


def counted(number: int, what: str) -> str:
    """Write how many: `1 policy`, `2 policies`."""
    if number == 1:
        return f"1 {what}"
    return f"{number} {what.removesuffix('y')}ies" if what.endswith("y") else f"{number} {what}s"


def instant(at: datetime | None) -> str:
    """Write an instant to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else "-"


def command(text: str) -> Text:
    """Write what somebody copies and types: never folded by us, for a fold would be copied too."""
    return Text(text, no_wrap=True, overflow="ignore")


def grid(*columns: str) -> Table:
    """Make a table that fits any width: headings, no frame."""
    table = Table(box=None, pad_edge=False, show_header=bool(columns), header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def facts_table(*rows: tuple[str, str | Text]) -> Table:
    """Make two columns: what, and how it is."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in rows:
        table.add_row(label, value)
    return table
