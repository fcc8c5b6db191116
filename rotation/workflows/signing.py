"""
Signed texts that expire: forms, links in mails, addresses of feeds. `Signed.nonce` lets a reader take each once.

The keys are versions of one secret in our own vault, made when there is none and anew every quarter; the two newest
are good, so that what was signed yesterday still opens. A text tells what it is for (`purpose`): a link that snoozes
opens nothing else.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from rotation.domain.errors import Refused
from rotation.domain.secret import SecretText
from rotation.ports.vault import NewVersion
from rotation.workflows.services import Services

SECRET = "rotation-signing-key"  # noqa: S105  # the name of a secret in the vault, not its text
TAGS = {"rotation-signing-key": "true"}
GOOD = 2
"""How many keys are good at a time."""
ROTATE_AFTER = timedelta(days=90)
READ_AGAIN_AFTER = timedelta(minutes=5)
TAKES = 256
"""Bits of a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a signed text says. `nonce` names this one text."""

    claims: Mapping[str, str]
    expires_at: datetime
    nonce: str


async def sign(services: Services, purpose: str, claims: Mapping[str, str], *, lifetime: timedelta) -> str:
    """Give a text, safe in an address, that `opened` takes for *lifetime*. Whoever has it can read the claims."""
    ends = int((services.clock.now() + lifetime).timestamp())
    payload = {"c": dict(claims), "e": ends, "n": services.ulids.make()}
    return str(_serializer(await _keys(services), purpose).dumps(payload))


async def opened(services: Services, purpose: str, text: str) -> Signed:
    """
    Read a signed text.

    Raises:
        Refused: It was not signed by us for this purpose (`link-invalid`), or its time is over (`link-expired`).
    """
    payload = _payload(await _keys(services), purpose, text)
    if payload is None and _may_be_stale(services):
        services.signing_keys.read_at = None
        payload = _payload(await _keys(services), purpose, text)
    if payload is None:
        raise Refused("this link is not one of ours", reason="link-invalid", remedy="take the newest message's link")
    signed = Signed(
        claims={str(name): str(value) for name, value in payload["c"].items()},
        expires_at=datetime.fromtimestamp(payload["e"], tz=UTC),
        nonce=str(payload["n"]),
    )
    if signed.expires_at <= services.clock.now():
        raise Refused("this link has expired", reason="link-expired", remedy="take the newest message's link")
    return signed


def _payload(keys: tuple[SecretText, ...], purpose: str, text: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = _serializer(keys, purpose).loads(text)
    except BadData:
        return None
    return found


def _serializer(keys: tuple[SecretText, ...], purpose: str) -> URLSafeSerializer:
    oldest_first = [key.reveal() for key in reversed(keys)]
    return URLSafeSerializer(oldest_first, salt=f"rotation.{purpose}")


def _may_be_stale(services: Services) -> bool:
    """Another process may have made a key since we looked; but not since this very moment."""
    read_at = services.signing_keys.read_at
    return read_at is None or services.clock.now() - read_at > timedelta(seconds=5)


async def _keys(services: Services) -> tuple[SecretText, ...]:
    cache, now = services.signing_keys, services.clock.now()
    if cache.read_at is None or now - cache.read_at > READ_AGAIN_AFTER:
        cache.keys = await _read(services)
        cache.read_at = now
    return cache.keys


async def _read(services: Services) -> tuple[SecretText, ...]:
    vault = services.vaults.at(services.vault_url)
    enabled = [version for version in await vault.versions(SECRET) if version.enabled]
    if not enabled or services.clock.now() - enabled[-1].created_at > ROTATE_AFTER:
        fresh = SecretText(secrets.token_urlsafe(TAKES // 8))
        await vault.write(SECRET, NewVersion(text=fresh, tags=TAGS))
        enabled = [version for version in await vault.versions(SECRET) if version.enabled]
    return tuple([await vault.read(SECRET, version.version) for version in reversed(enabled[-GOOD:])])
