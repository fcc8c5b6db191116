"""Signed texts: ours only, for one purpose, for a time."""

from datetime import timedelta

import pytest

from rotation.domain.errors import Refused
from rotation.ledger import keys
from rotation.ledger.once import Once, Taken
from rotation.workflows import signing
from tests.fakes.world import VAULT, World

DAY = timedelta(days=1)


async def refused(world: World, text: str, *, purpose: str = "snooze") -> str:
    with pytest.raises(Refused) as found:
        await signing.opened(world.services(), purpose, text)
    return found.value.reason


async def test_what_was_signed_opens_in_another_process() -> None:
    world = World()
    text = await signing.sign(world.services(), "snooze", {"reminder": "x|14d"}, lifetime=DAY)
    found = await signing.opened(world.services(), "snooze", text)
    assert found.claims == {"reminder": "x|14d"}
    assert found.expires_at == (world.clock.now() + DAY).replace(microsecond=0)
    assert len(world.vaults.memory(VAULT).kept(signing.SECRET)) == 1


async def test_what_is_changed_or_meant_for_something_else_is_refused() -> None:
    world = World()
    text = await signing.sign(world.services(), "snooze", {"a": "b"}, lifetime=DAY)
    assert await refused(world, text[:-2]) == "link-invalid"
    assert await refused(world, "") == "link-invalid"
    assert await refused(world, text, purpose="calendar") == "link-invalid"


async def test_it_ends() -> None:
    world = World()
    text = await signing.sign(world.services(), "snooze", {}, lifetime=DAY)
    world.clock.advance(DAY + timedelta(seconds=1))
    assert await refused(world, text) == "link-expired"


async def test_each_text_has_a_name_of_its_own() -> None:
    world = World()
    texts = [await signing.sign(world.services(), "snooze", {}, lifetime=DAY) for _time in range(2)]
    assert len({(await signing.opened(world.services(), "snooze", text)).nonce for text in texts}) == 2


async def test_a_new_key_is_made_each_quarter_and_the_one_before_is_good() -> None:
    world = World()
    first = await signing.sign(world.services(), "feed", {}, lifetime=500 * DAY)
    for _quarter in range(2):
        world.clock.advance(signing.ROTATE_AFTER + DAY)
        second = await signing.sign(world.services(), "feed", {}, lifetime=500 * DAY)
        await signing.opened(world.services(), "feed", second)
        if _quarter == 0:
            await signing.opened(world.services(), "feed", first)
    assert await refused(world, first, purpose="feed") == "link-invalid"
    assert len(world.vaults.memory(VAULT).kept(signing.SECRET)) == 3


async def test_a_key_that_another_process_made_is_found_before_a_link_is_refused() -> None:
    world = World()
    here, there = world.services(), world.services()
    await signing.sign(here, "feed", {}, lifetime=DAY)
    await signing.sign(there, "feed", {}, lifetime=DAY)
    vault = world.vaults.memory(VAULT)
    await vault.disable(signing.SECRET, vault.kept(signing.SECRET)[0].version)
    world.clock.advance(signing.READ_AGAIN_AFTER + timedelta(seconds=1))
    text = await signing.sign(there, "feed", {"by": "there"}, lifetime=DAY)
    here.signing_keys.read_at = world.clock.now() - timedelta(minutes=1)
    assert (await signing.opened(here, "feed", text)).claims == {"by": "there"}


async def test_what_has_ended_is_swept() -> None:
    world, now = World(), World().clock.now()
    once = Once(world.services().tables)
    for days in (1, 3):
        await once.take(str(days), Taken(kind="x", owner="me", began_at=now, expires_at=now + days * DAY))
    world.clock.advance(2 * DAY)
    assert await once.sweep(world.clock.now()) == 1
    assert len(world.tables.all_rows(keys.ONCE)) == 1
