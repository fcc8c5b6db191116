"""What UsageSource promises."""

from datetime import datetime
from typing import Protocol

from rotation.domain.identifiers import ClientId, KeyId
from rotation.ports.usage import Sighting, UsageSource


class Users(Protocol):
    """Somebody who signs in with a secret of their own."""

    async def use(self) -> tuple[ClientId, KeyId, datetime]:
        """Sign in once; tells whose, with which key, and when at the latest."""
        ...


async def sighted(usage: UsageSource) -> dict[KeyId, Sighting]:
    return {one.key_id: one async for one in usage.sightings()}


class UsagePromises:
    async def test_a_use_is_seen_with_its_key_and_time(self, usage: UsageSource, users: Users) -> None:
        client_id, key_id, at = await users.use()
        seen = (await sighted(usage))[key_id]
        assert seen.client_id == client_id
        assert seen.last_used_at <= at
        assert (at - seen.last_used_at).total_seconds() < 60
        assert seen.last_used_at.tzinfo is not None

    async def test_it_has_a_name(self, usage: UsageSource) -> None:
        assert usage.name
