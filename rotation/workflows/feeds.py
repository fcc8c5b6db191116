"""
The secret address of each audience's calendar: calendars cannot sign in, so what stands in the address must prove it.

It is made of the audience's name by a key of its own in our vault, the oldest version that is enabled: an address in
people's calendars should last, and of two processes that make the first key at once both then use the same. Whoever
disables that version ends every address that was given out.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta

from rotation.domain.identifiers import AudienceName
from rotation.domain.secret import SecretText
from rotation.ports.vault import NewVersion
from rotation.workflows.services import Services

SECRET = "rotation-feed-key"  # noqa: S105  # the name of a secret in the vault, not its text
TAGS = {"rotation-feed-key": "true"}
KEY_BYTES = 32
READ_AGAIN_AFTER = timedelta(minutes=5)
"""So long a key that was ended goes on to open, at most."""


async def tokens(services: Services) -> Mapping[AudienceName, str]:
    """Give what opens each audience's feed, by audience; who has it reads deadlines and names, and no secret."""
    configuration = await services.configurations.current()
    key = await _key(services)
    return {name: _token(key, name) for name in configuration.audiences}


async def opens(services: Services, audience: AudienceName, token: str) -> bool:
    """Tell whether *token* opens the feed of *audience*; it takes as long whatever it is."""
    return hmac.compare_digest(_token(await _key(services), audience).encode(), token.encode())


def _token(key: SecretText, audience: AudienceName) -> str:
    digest = hmac.digest(key.reveal().encode(), f"calendar|{audience}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def _key(services: Services) -> SecretText:
    kept, now = services.feed_keys, services.clock.now()
    if kept.read_at is None or now - kept.read_at > READ_AGAIN_AFTER:
        kept.keys, kept.read_at = (await _read(services),), now
    return kept.keys[0]


async def _read(services: Services) -> SecretText:
    vault = services.vaults.at(services.vault_url)
    enabled = [version for version in await vault.versions(SECRET) if version.enabled]
    if not enabled:
        await vault.write(SECRET, NewVersion(text=SecretText(secrets.token_urlsafe(KEY_BYTES)), tags=TAGS))
        enabled = [version for version in await vault.versions(SECRET) if version.enabled]
    return await vault.read(SECRET, enabled[0].version)
