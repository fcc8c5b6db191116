"""What UsageSource promises."""

from datetime import datetime, timedelta
from typing import Protocol

import pytest

from rotation.domain.errors import NeedsPerson, Retryable
from rotation.domain.identifiers import ClientId, KeyId
from rotation.domain.use import Sighting
from rotation.ports.usage import Look, UsageSource


class Users(Protocol):
    """Somebody who signs in with a secret of their own."""

    async def use(self) -> tuple[ClientId, KeyId, datetime]:
        """Sign in once; tells whose, with which key, and when at the latest."""
        ...

    async def break_source(self) -> None:
        """From now on the source cannot be read."""
        ...


async def sighted(usage: UsageSource, look: Look | None = None) -> dict[KeyId, Sighting]:
    """Give the last sighting of each key id."""
    found = [one async for one in usage.sightings(look or Look())]
    return {one.key_id: one for one in sorted(found, key=lambda one: one.last_used_at)}


class UsagePromises:
    async def test_a_use_is_seen_with_its_key_and_time(self, usage: UsageSource, users: Users) -> None:
        client_id, key_id, at = await users.use()
        seen = (await sighted(usage))[key_id]
        assert seen.client_id == client_id
        assert seen.last_used_at <= at
        assert (at - seen.last_used_at).total_seconds() < 60
        assert seen.last_used_at.tzinfo is not None
        assert seen.first_used_at is None or seen.first_used_at <= seen.last_used_at

    async def test_one_application_can_be_asked_for(self, usage: UsageSource, users: Users) -> None:
        client_id, key_id, _ = await users.use()
        assert set(await sighted(usage, Look(client_id=client_id))) == {key_id}
        assert await sighted(usage, Look(client_id=ClientId("00000000-0000-4000-8000-000000000000"))) == {}

    async def test_what_is_newer_than_asked_is_never_left_out(self, usage: UsageSource, users: Users) -> None:
        _, key_id, at = await users.use()
        assert key_id in await sighted(usage, Look(since=at - timedelta(hours=1)))

    async def test_what_cannot_be_read_is_not_empty(self, usage: UsageSource, users: Users) -> None:
        await users.use()
        await users.break_source()
        with pytest.raises((Retryable, NeedsPerson)):
            await sighted(usage)

    async def test_it_has_a_name(self, usage: UsageSource) -> None:
        assert usage.name
