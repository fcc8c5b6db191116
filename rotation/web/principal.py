"""Who asks: a person or an application that App Service signed in, whoever holds a function key, or nobody."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from pydantic import BaseModel, ValidationError

PRINCIPAL_HEADER = "x-ms-client-principal"
"""Set by App Service's own sign-in, which strips it from what callers send (platform.md D2)."""
NAME_HEADER = "x-ms-client-principal-name"

type Kind = Literal["person", "application", "key", "anonymous"]

_LONG_ROLE = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
_OBJECT_ID = ("http://schemas.microsoft.com/identity/claims/objectidentifier", "oid")
_PERSON = ("preferred_username", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", "upn", "email")
_APPLICATION = ("azp", "appid")
_SCOPE = ("scp", "http://schemas.microsoft.com/identity/claims/scope")


class Role(IntEnum):
    """What somebody may do; each may do all that the ones before it may."""

    READER = 1
    """Sees applications, rotations and history."""
    OPERATOR = 2
    """Asks for scans and rotations, approves, acknowledges, pauses and resumes."""
    ADMINISTRATOR = 3
    """Enrols and releases lines, approves destinations, declares a compromise, closes the circuit breaker."""

    @property
    def claim(self) -> str:
        """Give the value of the app role in Entra: `Rotation.Reader` and so on."""
        return f"Rotation.{self.name.title()}"


_ROLES = {role.claim: role for role in Role}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whoever asks. `name` is what the audit trail keeps: a user principal name, an application's client id."""

    name: str
    kind: Kind
    object_id: str = ""
    roles: frozenset[Role] = frozenset()

    def may(self, role: Role) -> bool:
        """Tell whether this role, or a higher one, was given."""
        return any(held >= role for held in self.roles)

    @property
    def is_known(self) -> bool:
        """Tell whether anybody is there at all."""
        return self.kind != "anonymous"

    @property
    def subject(self) -> str:
        """Give what a signature is bound to: the object id, which outlives a change of name."""
        return f"{self.kind}:{self.object_id or self.name}"


ANONYMOUS = Principal(name="nobody", kind="anonymous")
KEY = Principal(name="function key", kind="key", roles=frozenset({Role.OPERATOR}))


class _Claim(BaseModel):
    typ: str
    val: str = ""


class _Given(BaseModel):
    claims: tuple[_Claim, ...]
    role_typ: str = ""
    auth_typ: str = ""


def signed_in(headers: Mapping[str, str]) -> Principal:
    """
    Read the person or application of App Service's sign-in; call it only where that stands before the app.

    What cannot be read is nobody: a header that we do not understand gives no right. Only the roles of
    `Role` count, whatever else a token carries.

    Args:
        headers: With lower-case names.
    """
    text = headers.get(PRINCIPAL_HEADER, "")
    try:
        given = _Given.model_validate_json(base64.b64decode(text, validate=True)) if text else None
    except (binascii.Error, ValidationError):
        return ANONYMOUS
    if given is None:
        return ANONYMOUS
    role_claims = {"roles", _LONG_ROLE, given.role_typ}
    roles = frozenset(_ROLES[claim.val] for claim in given.claims if claim.typ in role_claims and claim.val in _ROLES)
    return _named(given, headers.get(NAME_HEADER, "").strip(), roles)


def _named(given: _Given, said: str, roles: frozenset[Role]) -> Principal:
    object_id = next(_values(given, *_OBJECT_ID), "")
    if not object_id:
        return ANONYMOUS
    if _is_person(given, said):
        name = next(_values(given, *_PERSON), said) or object_id
        return Principal(name=name, kind="person", object_id=object_id, roles=roles)
    client_id = next(_values(given, *_APPLICATION), object_id)
    return Principal(name=f"application {client_id}", kind="application", object_id=object_id, roles=roles)


def _is_person(given: _Given, said: str) -> bool:
    """
    Tell whether a person signed in, who alone may say a person's yes.

    Only some tokens say so themselves (`idtyp`), and the platform names applications too: one counts as a person where
    the token names a person or was given by one (a scope), or where no application asked for it, as in a browser.
    """
    kinds = set(_values(given, "idtyp"))
    if "app" in kinds:
        return False
    if "user" in kinds or any(_values(given, *_PERSON, *_SCOPE)):
        return True
    return "@" in said and not any(_values(given, *_APPLICATION))


def _values(given: _Given, *names: str) -> Iterator[str]:
    """Give the values of claims, by the order of *names*."""
    for name in names:
        yield from (claim.val.strip() for claim in given.claims if claim.typ == name and claim.val.strip())
