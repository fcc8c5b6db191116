"""Read names, ids, addresses and templates as a configuration writes them."""

import re
from collections.abc import Callable
from enum import Enum
from urllib.parse import urlsplit

from rotation.config.faults import fault, shown, spelt
from rotation.config.problem import Wrong, nearest
from rotation.domain.audience import OWNERS
from rotation.domain.identifiers import NAME, is_guid

PLACEHOLDERS = ("client_id", "object_id", "line")
NAMES = "1 to 40 of a-z, 0-9 and -"
GUIDS = "a GUID such as 0f8fad5b-d9cb-469f-a165-70867728950e"
VAULTS = "an address such as https://contoso.vault.azure.net"
LONGEST_SECRET_NAME = 120
"""Characters, so that `-staged` fits (protocol.md, Enrolment and lines)."""
_LONGEST_NAME = 40
_GUID_LENGTH = 36
_LONGEST_DESCRIPTION = 50
_MOST = 1_000_000
_MAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]+")
_HOST = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z.-]{0,251}[0-9A-Za-z])?")
_LAST_PORT = 65_535
_VAULT_SECRET = re.compile(r"[0-9A-Za-z-]{1,127}")
_VAULT_NAME = re.compile(r"[0-9A-Za-z-]{3,24}")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def choice(kind: type[Enum]) -> Callable[[object], Enum]:
    words = [str(each.value) for each in kind]

    def read(value: object) -> Enum:
        if isinstance(value, str) and value in words:
            return kind(value)
        meant = nearest(value, words) if isinstance(value, str) else ""
        raise fault(Wrong(what=f"{shown(value)} is not known here", allowed=", ".join(words), meant=meant))

    return read


def name(value: object) -> str:
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    plain = re.sub(r"[^a-z0-9-]+", "-", str(value).casefold()).strip("-") if isinstance(value, str | int) else ""
    raise fault(Wrong(what=f"{shown(value)} is not a name", allowed=NAMES, meant=plain[:_LONGEST_NAME]))


def guid(value: object) -> str:
    if isinstance(value, str) and is_guid(value.strip()):
        return value.strip().lower()
    raise fault(Wrong(what=f"{shown(value)} is not an id", allowed=GUIDS))


def text(value: object) -> str:
    return spelt(value, "a text, in quotes where it looks like a number")


def folded(value: object) -> str:
    return text(value).casefold()


def description(value: object) -> str:
    """Read what forms and nicknames say: one line, without our own marker (protocol.md, Phases)."""
    said = text(value)
    if len(said) > _LONGEST_DESCRIPTION or not said.isprintable() or "(rotation:" in said:
        allowed = f"one line of at most {_LONGEST_DESCRIPTION} characters"
        raise fault(Wrong(what=f"{shown(said)} cannot be a description", allowed=allowed))
    return said


def count(value: object, *, least: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= _MOST:
        return value
    raise fault(Wrong(what=f"{shown(value)} is not such a number", allowed=f"a whole number of at least {least}"))


def yes(value: object) -> bool:
    if value is True:
        return True
    raise fault(Wrong(what=f"{shown(value)} has no meaning here", allowed="true, or leave the key out"))


def yes_or_no(value: object) -> bool:
    if isinstance(value, bool):
        return value
    meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(value).casefold(), "")
    raise fault(Wrong(what=f"{shown(value)} is not known here", allowed="true, false", meant=meant))


def approval(value: object) -> bool:
    if value in ("required", "none"):
        return value == "required"
    meant = "required" if value in (True, "true", "yes") else nearest(str(value), ("required", "none"))
    raise fault(Wrong(what=f"{shown(value)} is not known here", allowed="required, none", meant=meant))


def vault(value: object) -> str:
    """Read a vault's address; without the last slash, in lower case."""
    said = spelt(value, VAULTS)
    if is_https(said) and urlsplit(said).path in ("", "/"):
        return said.rstrip("/").lower()
    meant = f"https://{said}.vault.azure.net" if _VAULT_NAME.fullmatch(said) else ""
    raise fault(Wrong(what=f"{shown(said)} is not a vault's address", allowed=VAULTS, meant=meant))


def is_https(address: str) -> bool:
    """Tell whether it is an https address with a host, without user, query and fragment."""
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme == "https" and bool(host) and not (parts.username or parts.query or parts.fragment)


def mail(value: object) -> str:
    if isinstance(value, str) and _MAIL.fullmatch(value.strip()):
        return value.strip()
    raise fault(Wrong(what=f"{shown(value)} is not a mail address", allowed="an address such as team@contoso.com"))


def hearing(value: object) -> tuple[str, ...]:
    """Read who is told: an audience, `owners`, or both in that order."""
    if isinstance(value, str):
        return (name(value),)
    owners = str(OWNERS)
    if isinstance(value, list) and len(value) == len(("owners", "team")) and value[0] == owners != value[1]:
        return owners, name(value[1])
    meant = f"[{owners}, {value[0]}]" if isinstance(value, list) and value[1:] == [owners] else ""
    allowed = f"the name of an audience, {owners}, or [{owners}, the name of an audience]"
    raise fault(Wrong(what=f"{shown(value)} does not say who is told", allowed=allowed, meant=meant))


def host(value: object) -> str:
    """Read the name of a server, without scheme and port."""
    if isinstance(value, str) and _HOST.fullmatch(value):
        return value.lower()
    parts = urlsplit(value) if isinstance(value, str) and "://" in value else None
    meant = parts.hostname or "" if parts else ""
    raise fault(
        Wrong(what=f"{shown(value)} is not a server's name", allowed="a name such as smtp.contoso.com", meant=meant)
    )


def port(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LAST_PORT:
        return value
    raise fault(Wrong(what=f"{shown(value)} is not a port", allowed=f"a whole number from 1 to {_LAST_PORT}"))


def vault_secret(value: object) -> str:
    if isinstance(value, str) and _VAULT_SECRET.fullmatch(value):
        return value
    raise fault(Wrong(what=f"{shown(value)} is not a vault secret's name", allowed="1 to 127 of A-Z, a-z, 0-9 and -"))


def template(value: object) -> str:
    """Read a secret name's template."""
    known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
    allowed = (
        f"A-Z, a-z, 0-9, - and {known}; at most {LONGEST_SECRET_NAME} characters when filled in; not ending in -staged"
    )
    said = spelt(value, allowed)
    for word in _PLACEHOLDER.findall(said):
        if word not in PLACEHOLDERS:
            guess = nearest(word, PLACEHOLDERS)
            meant = said.replace(f"{{{word}}}", f"{{{guess}}}") if guess else ""
            raise fault(Wrong(what=f"unknown placeholder '{{{word}}}'", allowed=known, meant=meant))
    longest = _PLACEHOLDER.sub(lambda found: "x" * (_LONGEST_NAME if found[1] == "line" else _GUID_LENGTH), said)
    if not _VAULT_SECRET.fullmatch(longest) or len(longest) > LONGEST_SECRET_NAME or said.endswith("-staged"):
        raise fault(Wrong(what=f"{shown(said)} cannot be a vault secret's name", allowed=allowed))
    return said
