"""A cause that is gone lets what stopped for it go on by itself: one first, then the others."""

from collections import Counter
from datetime import timedelta

import pytest

from rotation.domain.delivery import DeliveryBlocked
from rotation.domain.errors import AccessDenied
from rotation.domain.identifiers import ObjectId
from rotation.ledger import keys
from rotation.ports.directory import MintedCredential, MintRequest
from rotation.workflows import showing
from rotation.workflows.operating import pause
from rotation.workflows.resuming import retry_reason
from tests.fakes.mishaps import Mishap
from tests.fakes.world import VAULT, World

DAY = timedelta(days=1)
MANY = 8


async def enrolled(world: World, count: int) -> list[ObjectId]:
    found = [world.add_application(number, ends_in=timedelta(days=20)) for number in range(1, count + 1)]
    for application in found:
        await world.enrol(application)
    return [application.object_id for application in found]


def phases(world: World) -> Counter[str]:
    return Counter(world.phases())


def retried(world: World) -> int:
    return world.events().count("retried")


async def stopped_deliveries(world: World) -> int:
    count = 0
    for rotation in world.rotations():
        record = await world.record(rotation.id.application)
        count += sum(isinstance(each.delivery.phase, DeliveryBlocked) for each in record.deliveries.values())
    return count


async def test_twenty_rotations_of_one_reason_the_first_passes_and_then_the_others() -> None:
    world = World()
    await enrolled(world, MANY)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.nights(1)
    assert phases(world) == {"blocked": MANY}
    world.vaults.memory(VAULT).refusing = None
    await world.scan()
    await world.run(timedelta(hours=1))
    rows = [row.values for row in world.tables.all_rows(keys.ROTATIONS) if row.values.get("what") == "retried"]
    rows.sort(key=lambda row: str(row["at"]))
    assert [row["by"] for row in rows] == ["nightly look", *["the cause is gone"] * (MANY - 1)]
    assert phases(world) == {"overlapping": MANY}
    assert sum(str(row.values.get("what")) == "cause.gone" for row in world.tables.all_rows(keys.CONTROL)) >= 1


async def test_a_first_that_fails_leaves_the_others_alone_and_people_are_told_once() -> None:
    world = World()
    await enrolled(world, MANY)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.nights(1)
    told = len(world.titles())
    for night in range(1, 4):
        await world.nights(1)
        assert retried(world) == night, "one a night"
    assert phases(world) == {"blocked": MANY}
    assert len([title for title in world.titles()[told:] if "stopped" in title]) == 0


async def test_one_with_a_trouble_of_its_own_does_not_stand_in_the_way_of_the_others_for_ever() -> None:
    """They take turns: whoever was tried longest ago goes first."""
    world = World()
    first, *_others = await enrolled(world, 5)
    world.directory.mishaps.always("mint", Mishap.DENIED)
    await world.nights(1)
    assert phases(world) == {"blocked": 5}
    world.directory.mishaps.always("mint", None)
    mint = world.directory.mint

    async def denied_for_the_first(request: MintRequest) -> MintedCredential:
        if request.application == first:
            raise AccessDenied("not an owner of this one")
        return await mint(request)

    world.directory.mint = denied_for_the_first  # type: ignore[method-assign]
    await world.nights(3)
    assert phases(world) == {"blocked": 1, "overlapping": 4}


async def test_one_that_stopped_in_overlapping_frees_the_others_too() -> None:
    """It waits again as before, without another phase: it has read all that it needs to wait."""
    world = World()
    await enrolled(world, 4)
    await world.nights(1)
    assert phases(world) == {"overlapping": 4}
    policies = world.settings.now.policies
    world.change_policy(name="another")
    await world.nights(2)
    assert phases(world) == {"blocked": 4}
    world.change_policy(name=policies[0].name)
    await world.nights(1)
    assert phases(world) == {"overlapping": 4}


async def test_deliveries_that_a_destination_refuses_are_looked_at_nightly_one_first() -> None:
    world = World()
    await enrolled(world, MANY)
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.DENIED)
    await world.nights(1)
    assert phases(world) == {"delivering": MANY}
    assert await stopped_deliveries(world) == MANY
    await world.nights(1)
    assert world.events().count("delivery.pending") == 1
    world.integrations.kinds["automatic"].mishaps.always("deliver", None)
    await world.nights(1)
    assert phases(world) == {"overlapping": MANY}
    assert sum("a delivery stopped" in title for title in world.titles()) == MANY, "once each"


async def test_a_person_frees_deliveries_by_their_reason() -> None:
    world = World()
    await enrolled(world, 3)
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.DENIED)
    await world.nights(1)
    world.integrations.kinds["automatic"].mishaps.always("deliver", None)
    assert await retry_reason(world.services(), "access-denied", by="ada") == 3
    await world.run(timedelta(hours=1))
    assert phases(world) == {"overlapping": 3}


@pytest.mark.parametrize("paused", [False, True])
async def test_a_pause_holds_what_resumes(paused: bool) -> None:
    world = World()
    await enrolled(world, 2)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.nights(1)
    world.vaults.memory(VAULT).refusing = None
    if paused:
        await pause(world.services(), by="ada", reason="audit")
    await world.nights(1)
    assert (phases(world) == {"overlapping": 2}) is not paused
    assert (len(world.directory.minted) == 0) is paused


async def test_a_delivery_that_is_stopped_shows_its_line_as_stopped_with_the_place() -> None:
    world = World()
    await enrolled(world, 1)
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.DENIED)
    await world.nights(1)
    (line,) = await showing.lines(world.services())
    assert (line.state, line.says) == ("blocked", "stopped: store (access-denied)")
