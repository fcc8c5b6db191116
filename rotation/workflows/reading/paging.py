"""Pages of what is short enough to be read whole: sorted, filtered, cut behind the row that a cursor names."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rotation.domain.errors import Misread

PAGE, LARGEST = 50, 500
LONGEST = 1024
"""Characters of a cursor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged[Row]:
    """One page of a list."""

    rows: tuple[Row, ...]
    found: int
    """All that were asked for."""
    following: str | None
    """What to ask for to go on; None: this is the end."""


def paged[Row](
    rows: Sequence[Row], key: Callable[[Row], str], *, limit: int = PAGE, cursor: str | None = None, down: bool = False
) -> Paged[Row]:
    """
    Cut one page of at most 500; *key* is different for each row, and rows are given in its order (*down*: backwards).

    Raises:
        Misread: The cursor is not one of ours.
    """
    begin = 0
    if cursor:
        behind = _read(cursor)
        begin = sum(1 for row in rows if (key(row) >= behind if down else key(row) <= behind))
    shown = rows[begin : begin + max(1, min(limit, LARGEST))]
    more = begin + len(shown) < len(rows)
    return Paged(rows=tuple(shown), found=len(rows), following=_cursor(key(shown[-1])) if more else None)


def _cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _read(cursor: str) -> str:
    wrong = Misread("cursor", cursor[:80], "what an earlier page of this list gave")
    if len(cursor) > LONGEST:
        raise wrong
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise wrong from None
