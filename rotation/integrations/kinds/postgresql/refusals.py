"""What PostgreSQL's refusals mean. Its own words are left out: they may repeat the row, value and all."""

import psycopg

from rotation.domain.errors import (
    AccessDenied,
    DestinationGone,
    DestinationRefused,
    OutcomeUnknown,
    RotationError,
    Unavailable,
)

GONE = frozenset({"3D000", "3F000", "42P01", "42703"})
"""Database, schema, table, column."""
NOT_NOW = frozenset({"25006", "55P03"})
"""A standby in the middle of a failover; a row that somebody else holds."""
NOT_NOW_CLASSES = frozenset({"08", "40", "53", "57", "58"})
REASONS = {"42P10": "key-not-unique", "22001": "value-does-not-fit"}

# A refused connection has no code, only words (libpq); where a server speaks another language it counts as Unavailable.
DENIED_WORDS = ("authentication failed", "no pg_hba.conf entry", "is not permitted to log in", "permission denied")
CERTIFICATE_WORDS = ("certificate", "SSL error", "does not support SSL")


def refusal(error: psycopg.Error, host: str, *, committing: bool) -> RotationError:
    """Translate by SQLSTATE; whoever was cut off while it committed does not know the outcome."""
    code = error.sqlstate
    said = f"PostgreSQL at {host} answers {code}"
    if code is None:
        lost = f"{host} closed the connection"
        return OutcomeUnknown(f"{lost} while it committed", host=host) if committing else Unavailable(lost, host=host)
    if code.startswith("28") or code == "42501":
        return AccessDenied(f"{said}: has the connection's role these rights, on this very table?", host=host)
    if code in GONE:
        return DestinationGone(f"{said}: are database, table and columns there, in this spelling?", host=host)
    if code in NOT_NOW or code[:2] in NOT_NOW_CLASSES:
        return Unavailable(said, host=host)
    return DestinationRefused(said, reason=REASONS.get(code, "destination-refused"), host=host)


def unconnected(error: psycopg.Error, host: str) -> RotationError:
    """Tell why there is no connection."""
    words = str(error)
    if any(each in words for each in DENIED_WORDS):
        return AccessDenied(f"PostgreSQL at {host} does not let the connection in", host=host)
    if "does not exist" in words:
        return DestinationGone(f"{host} has no such database", host=host)
    if any(each in words for each in CERTIFICATE_WORDS):
        return Unavailable(f"{host} shows no certificate that is for it and from an authority that we trust", host=host)
    return Unavailable(f"{host} cannot be connected to", host=host)
