"""How long a service asks us to wait (RFC 9110, 10.2.3): seconds, or a date."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(days=10)
"""Who asks for longer is asked again then."""

_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")


def retry_after(told: str | None, *, now: datetime | None = None) -> timedelta | None:
    """
    Read the header Retry-After; None where it is missing or says neither.

    A date counts only where *now* is given, for services that may send one.
    """
    text = (told or "").strip()
    if _SECONDS.fullmatch(text):
        return min(timedelta(seconds=float(text)), LONGEST)
    at = _date(text) if now is not None else None
    return None if at is None or now is None else min(max(at - now, timedelta(0)), LONGEST)


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
