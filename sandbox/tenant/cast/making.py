"""Make characters of the cast: ids and secret texts that follow from their key, dates from *now*."""

from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random

from sandbox.tenant.cast.members import CastCredential, CastMember, Outcome, Person, Wish
from sandbox.tenant.identity import named_guid

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789~._-"


def person(name: str, alias: str, *, job_title: str, department: str) -> Person:
    return Person(
        object_id=named_guid(f"cast/person/{alias}"),
        name=name,
        alias=alias,
        job_title=job_title,
        department=department,
    )


def secret_text(name: str) -> str:
    """Return the 40 characters, shaped as Entra's, that always belong to *name*."""
    rng = Random(blake2b(f"cast/secret/{name}".encode()).digest())
    return f"{''.join(rng.choices(_LETTERS[:62], k=3))}8Q~{''.join(rng.choices(_LETTERS, k=34))}"


def credential(
    name: str, now: datetime, *, display_name: str | None, days: float, lifetime: int = 365
) -> CastCredential:
    """Make the secret *name*, which ends *days* from now (negative: ago) after *lifetime* days."""
    ends_at = now + timedelta(days=days)
    return CastCredential(
        key_id=named_guid(f"cast/credential/{name}"),
        text=secret_text(name),
        display_name=display_name,
        starts_at=ends_at - timedelta(days=lifetime),
        ends_at=ends_at,
    )


def member(key: str, display_name: str, *, role: str, owner: Person, wish: Wish, outcome: Outcome) -> CastMember:
    """Make a character without credentials; `dataclasses.replace` adds the rest."""
    return CastMember(
        key=key,
        role=role,
        display_name=display_name,
        object_id=named_guid(f"cast/application/{key}"),
        client_id=named_guid(f"cast/client/{key}"),
        principal_id=named_guid(f"cast/principal/{key}"),
        owner=owner,
        wish=wish,
        outcome=outcome,
    )
