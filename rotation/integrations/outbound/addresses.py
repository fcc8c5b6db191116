"""Addresses in settings: https only, and nothing secret in them."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field


def host_name(text: str) -> str:
    """
    Take what a resolver can be asked for, a name or a literal address.

    Raises:
        ValueError: It is neither, and a resolver would break on it instead of answering.
    """
    try:
        asked = text.encode("idna")
    except UnicodeError:
        asked = b""
    if not asked or b"\0" in asked:
        raise ValueError(f"{text[:300]!r} is no host name; each part between its dots has 1 to 63 characters")
    return text


def _https(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("only https:// addresses are delivered to")
    host_name(parts.hostname)
    if parts.username or parts.password or parts.fragment:
        raise ValueError("an address carries no user, no password and no #fragment")
    if parts.port == 0:
        raise ValueError("port 0 is no port")
    return text


def _base(text: str) -> str:
    if "?" in _https(text):
        raise ValueError("the address of an API carries no ?query")
    return text.rstrip("/")


type HttpsAddress = Annotated[str, AfterValidator(_https)]
"""An absolute https address without user, password and fragment."""
type BaseAddress = Annotated[str, AfterValidator(_base)]
"""The address of an API, without a slash at its end."""
type Seconds = Annotated[float, Field(gt=0, le=50)]
"""How long one request may take; a call of a kind ends within a minute."""


def host_of(address: str) -> str:
    """Give the host that an address names, in lower case."""
    return (urlsplit(address).hostname or "").lower()
