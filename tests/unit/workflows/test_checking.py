"""A read-only look at every destination: each tells of itself, none holds back another."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.capability import Check, Readiness
from rotation.domain.errors import (
    AccessDenied,
    DestinationGone,
    DestinationRefused,
    Misconfigured,
    NotFound,
    RotationError,
    Throttled,
    Unavailable,
)
from rotation.domain.policy import Connection
from rotation.workflows.checking import AT_ONCE, check, describe
from tests.fakes.world import World, configure, destination

STORE, SECOND, PORTAL = destination("store"), destination("second"), destination("portal", "person")
QUICK = timedelta(milliseconds=400)


def world_of(count: int = 2) -> World:
    return World(configuration=configure(*(destination(f"place-{number}") for number in range(count))))


async def readiness(world: World, *names: str) -> dict[str, Readiness]:
    return {str(each.name): each.readiness for each in await check(world.services(), names)}


async def test_all_are_ready() -> None:
    assert await readiness(world_of()) == {"place-0": Readiness.READY, "place-1": Readiness.READY}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AccessDenied("no right"), Readiness.MISCONFIGURED),
        (DestinationGone("not there"), Readiness.MISCONFIGURED),
        (DestinationRefused("will not", reason="destination-name-taken"), Readiness.MISCONFIGURED),
        (Misconfigured(["no such kind"]), Readiness.MISCONFIGURED),
        (NotFound("nothing"), Readiness.MISCONFIGURED),
        (Unavailable("not now"), Readiness.UNKNOWN),
        (Throttled("wait"), Readiness.UNKNOWN),
    ],
)
async def test_what_somebody_must_mend_is_told_from_what_may_pass(error: RotationError, expected: Readiness) -> None:
    world = world_of()
    world.integrations.kinds["automatic"].answers[destination("place-1").name] = error
    first, second = await check(world.services())
    assert first.readiness is Readiness.READY
    assert (second.readiness, second.why, second.reason) == (expected, error.message, error.reason)


async def test_what_a_kind_finds_itself_is_passed_on() -> None:
    world = world_of(1)
    found = Check(readiness=Readiness.MISCONFIGURED, why="the repository is archived", warnings=("old",))
    world.integrations.kinds["automatic"].answers[destination("place-0").name] = found
    (seen,) = await check(world.services())
    assert (seen.readiness, seen.why, seen.warnings) == (found.readiness, found.why, found.warnings)


async def test_more_that_hang_than_are_asked_at_once_hold_back_nobody_for_ever() -> None:
    world = world_of(2 * AT_ONCE + 1)
    world.timing = replace(world.timing, destination_call=QUICK)
    world.integrations.kinds["automatic"].hung.update(destination(f"place-{n}").name for n in range(2 * AT_ONCE))
    async with asyncio.timeout(5):
        found = await check(world.services())
    assert [each.readiness for each in found] == [Readiness.UNKNOWN] * 2 * AT_ONCE + [Readiness.READY]
    assert {each.reason for each in found[:-1]} == {"destination-hung"}


async def test_a_bug_of_one_kind_is_told_after_the_others_were_asked() -> None:
    world = world_of(3)
    kind = world.integrations.kinds["automatic"]
    kind.answers[destination("place-0").name] = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError):
        await check(world.services())
    assert kind.checked == ["place-1", "place-2"]


async def test_some_may_be_named_and_a_stranger_is_refused() -> None:
    world = world_of(3)
    assert await readiness(world, "place-2") == {"place-2": Readiness.READY}
    with pytest.raises(NotFound) as error:
        await check(world.services(), ["place-9"])
    assert error.value.reason == "no-such-destination"


async def test_destinations_are_described_from_their_configuration_alone() -> None:
    named = Connection(name="github", type="token", settings={}, fingerprint="f")
    world = World(configuration=configure(replace(STORE, connection=named), PORTAL))
    world.integrations.kinds["automatic"].secretless = "Use a federated credential."
    store, portal = await describe(world.services())
    assert (store.where, store.secretless, store.connection) == (
        "automatic store",
        "Use a federated credential.",
        "github",
    )
    assert (store.level, store.lines) == ("stored", ("ours/default",))
    assert (portal.mode, portal.secretless) == ("assisted", "")
    assert world.integrations.kinds["automatic"].checked == []
