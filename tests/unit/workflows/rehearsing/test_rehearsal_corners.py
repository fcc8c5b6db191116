"""What a rehearsal meets seldom."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.errors import Refused
from rotation.domain.identifiers import DestinationName, ObjectId, RotationId
from rotation.domain.secret import SecretText
from rotation.ports.directory import PassItem
from rotation.workflows import operating
from rotation.workflows.reading.hand_offs import hand_off
from rotation.workflows.rehearsing import acts
from rotation.workflows.rehearsing.acts import Play
from rotation.workflows.rehearsing.facts import Holds, look_at_all
from rotation.workflows.rehearsing.losing import LosesFirstMint
from tests.fakes.mishaps import Mishap
from tests.fakes.world import VAULT, World
from tests.unit.workflows.rehearsing.test_rehearse import WITHOUT, play, tenant


async def a_play(world: World) -> Play:
    application = await world.throw_aways.make(WITHOUT)

    async def rest(span: timedelta) -> None:
        world.clock.advance(span)
        await asyncio.sleep(0)

    services = world.calm()
    key_id, text = await acts.by_hand(services, application)
    return Play(
        real=services, by="ada", stage=WITHOUT, application=application, rest=rest, old_text=text, old_key=key_id
    )


async def test_time_passes_by_itself_outside_of_tests() -> None:
    await acts.sleep(timedelta(0))


async def test_an_application_that_is_not_found_at_first_is_waited_for() -> None:
    world = tenant()
    made = await a_play(world)
    unknown = replace(made.application, object_id=ObjectId("ffffffff-0000-4000-8000-000000000000"))
    with pytest.raises(Refused, match="the application is not found"):
        await acts.is_made(made.real, unknown, made.rest)


async def test_a_rotation_that_may_not_open_or_was_given_up_stops_the_play() -> None:
    world = tenant()
    made = await a_play(world)
    await acts.enrolled(made)
    await made.services.control.breaker.change(lambda before: replace(before, open_reason="access-denied"))
    with pytest.raises(Refused, match="circuit breaker"):
        await acts.opened(made)
    await made.services.control.breaker.change(lambda before: before.reset())
    await acts.opened(made)
    await operating.abandon(made.services, made.rotation_id(), by="grace", why="a test")
    with pytest.raises(Refused, match="it is abandoned"):
        await acts.delivered(made)


async def test_an_answer_that_fails_for_now_is_asked_for_again() -> None:
    world = tenant()
    world.integrations.kinds["key-vault"].mishaps.plan("verify", Mishap.UNAVAILABLE)
    world.sign_in.mishaps.plan("prove", Mishap.UNAVAILABLE)
    assert (await play(world)).passed


async def test_facts_that_are_otherwise_are_told_by_their_ids() -> None:
    world = tenant()
    made = await a_play(world)
    world.directory.reads.always("rules", Mishap.DENIED)
    vault = world.vaults.memory(VAULT)

    async def read(_name: str, _version: object) -> SecretText:
        return SecretText("probe")

    vault.read = read  # type: ignore[method-assign,assignment]
    seen = await look_at_all(made)
    assert {"A4-4", "C3-2"} <= {fact.id for fact in seen if fact.holds is Holds.OTHERWISE}


async def test_a_tenant_that_lists_nothing_is_readable_all_the_same() -> None:
    world = tenant()
    world.use_sources(report=True, log=False)
    assert world.usage is not None
    world.usage._name, world.usage.alive = "graph-report", False
    made = await a_play(world)

    async def nothing() -> AsyncIterator[Sequence[PassItem]]:
        no_page: tuple[Sequence[PassItem], ...] = ()
        for page in no_page:
            yield page

    world.directory.service_principals = nothing  # type: ignore[method-assign]
    found = {fact.id: fact.says for fact in await look_at_all(made)}
    assert "a page of them was read, none bears credentials" in found.values()
    assert found["M-1"] == "readable; sign-ins of this rehearsal are not shown yet"


async def test_whoever_loses_the_first_mint_reads_everything_as_it_is() -> None:
    world = tenant()
    losing = LosesFirstMint(world.directory)
    assert [page async for page in losing.owned()] == [page async for page in world.directory.owned()]


async def test_no_hand_off_waits_in_a_rotation_that_is_not_there() -> None:
    world = World()
    nowhere = RotationId(ObjectId("ffffffff-0000-4000-8000-000000000000"), "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    with pytest.raises(Exception, match="no hand-off"):
        await hand_off(world.calm(), nowhere, DestinationName("wolf"))
