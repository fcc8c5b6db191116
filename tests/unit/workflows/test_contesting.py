"""A contested line: what stops with it, who lifts it, and what goes past it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.errors import Refused, Unavailable
from rotation.domain.identifiers import KeyId, LineId, LineName
from rotation.domain.line import Reason
from rotation.domain.secret import SecretText
from rotation.ledger import keys
from rotation.ledger.scans import Scans
from rotation.ports.tables import Upsert
from rotation.workflows import drift
from rotation.workflows.contesting import contest
from rotation.workflows.drift import DriftPass, share
from rotation.workflows.opening import NotOpened, Opened
from rotation.workflows.operating import retry
from rotation.workflows.repairing import write_lines_anew
from rotation.workflows.resuming import retry_reason
from rotation.workflows.rotate import take_application
from rotation.workflows.scanning import AFTER_NIGHT
from tests.fakes.integrations import Kept
from tests.fakes.mishaps import Mishap
from tests.fakes.world import LINE, World, configure, destination

DAY = timedelta(days=1)
STORE = destination("store")


def tamper(world: World, application: Application) -> None:
    shelf = (STORE.name, f"{application.object_id}|{LINE}")
    kept = Kept(KeyId("older"), SecretText("an older text"), ulid="0" * 26)
    world.integrations.kinds["automatic"].shelves[shelf] = kept


async def contested(*, completed: bool = False) -> tuple[World, Application]:
    world = World(configuration=configure(STORE))
    if completed:
        world.usage = None
        world._current = world.services()
    application = world.add_application(ends_in=50 * DAY)
    await world.enrol(application)
    await world.nights(1)
    for _time in range(2):
        tamper(world, application)
        await world.nights(1)
    assert await reason(world, application) == "contested"
    return world, application


async def reason(world: World, application: Application) -> str:
    line = await world.line(application)
    entry = await world.services().lines.get(line.id)
    assert entry is not None
    assert entry.blocked == (line.blocked.reason if line.blocked else "")
    return entry.blocked


@pytest.mark.parametrize("completed", [True, False])
@pytest.mark.parametrize("by", ["rotation", "reason"])
async def test_a_person_lifts_it_and_what_stopped_with_it_goes_on(completed: bool, by: str) -> None:
    world, application = await contested(completed=completed)
    if by == "rotation":
        await retry(world.services(), world.rotations()[-1].id, by="anna")
    else:
        assert await retry_reason(world.services(), "contested", by="anna") == 1
    await world.run(timedelta(hours=1))
    assert await reason(world, application) == ""
    assert world.stored("store") == (await world.line(application)).current
    assert "contested.lifted" in world.events()
    await world.nights(1)
    assert await reason(world, application) == ""
    with pytest.raises(Refused):
        await retry(world.services(), world.rotations()[-1].id, by="anna")


async def test_what_was_lifted_is_contested_again_when_it_happens_again() -> None:
    world, application = await contested()
    await retry(world.services(), world.rotations()[-1].id, by="anna")
    await world.run(timedelta(hours=2))
    tamper(world, application)
    await world.nights(1)
    assert await reason(world, application) == "contested"


async def test_a_request_is_refused_and_a_compromise_goes_past_it() -> None:
    world, application = await contested()
    answer = await world.open(application, succeed=True)
    assert isinstance(answer, NotOpened)
    assert answer.blocked == "contested"
    burnt = (application.secrets[0].key_id,)
    assert isinstance(await world.open(application, Reason.COMPROMISED, burnt=burnt), Opened)
    await world.run(timedelta(hours=2))
    assert await reason(world, application) == ""
    assert world.stored("store") == (await world.line(application)).current


async def test_our_credential_that_was_removed_twice_is_made_again_once_a_person_says_so() -> None:
    world = World()
    application = world.add_application(ends_in=5 * DAY)
    await world.enrol(application)
    for _time in range(2):
        await world.nights(1)
        current = (await world.line(application)).current
        assert current is not None
        world.directory.drop_secret(application.object_id, current)
    await world.nights(2)
    assert await reason(world, application) == "contested"
    assert len(world.rotations()) == 2
    await retry(world.services(), world.rotations()[-1].id, by="anna")
    await world.nights(2)
    assert len(world.rotations()) == 3
    assert world.rotations()[-1].reason is Reason.GONE


async def test_a_compromise_goes_past_a_credential_that_was_removed_twice() -> None:
    world = World()
    application = world.add_application(ends_in=5 * DAY)
    await world.enrol(application)
    for _time in range(2):
        await world.nights(1)
        current = (await world.line(application)).current
        assert current is not None
        world.directory.drop_secret(application.object_id, current)
    await world.nights(1)
    burnt = (application.secrets[0].key_id,)
    assert isinstance(await world.open(application, Reason.COMPROMISED, burnt=burnt), Opened)


async def test_a_line_that_could_not_be_stopped_when_it_was_found_is_stopped_the_next_night() -> None:
    world = World(configuration=configure(STORE))
    world.usage = None
    world._current = world.services()
    application = world.add_application(ends_in=50 * DAY)
    await world.enrol(application)
    await world.nights(1)
    tamper(world, application)
    await world.nights(1)
    tamper(world, application)
    fence = await take_application(world.services(), world.rotations()[0].id)
    await world.scan()
    assert await reason(world, application) == ""
    await fence.release(world.clock.now())
    await world.run(DAY - timedelta(minutes=4))
    await world.nights(1)
    assert await reason(world, application) == "contested"


async def test_the_weekly_pass_wakes_what_heals_although_its_rotation_has_ended() -> None:
    world = World(configuration=configure(STORE))
    world.usage = None
    world._current = world.services()
    application = world.add_application(ends_in=50 * DAY)
    await world.enrol(application)
    await world.nights(1)
    assert world.phases() == ["completed"]
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.UNAVAILABLE)
    tamper(world, application)
    await world.nights(1)
    world.integrations.kinds["automatic"].mishaps.always("deliver", None)
    for row in world.tables.all_rows(keys.WAKES):
        await world.services().wakes.drop(world.rotations()[0].id, etag=row.etag, destination=STORE.name)
    world.queues.waiting.clear()
    await world.run(timedelta(hours=3))
    assert world.stored("store") == "older"
    await write_lines_anew(world.services())
    await world.run(timedelta(hours=1))
    assert world.stored("store") == (await world.line(application)).current


async def test_a_pass_that_runs_out_of_time_says_so() -> None:
    world = World(configuration=configure(*(destination(f"place-{number}") for number in range(drift.AT_ONCE + 3))))
    application = world.add_application(ends_in=50 * DAY)
    await world.enrol(application)
    await world.nights(2)

    async def slow(_at: object) -> None:
        world.clock.advance(drift.WITHIN + timedelta(seconds=1))

    world.integrations.kinds["automatic"].looking = slow
    with pytest.raises(Unavailable, match="3 of 11 destinations were not looked at"):
        await DriftPass(services=world.services()).read()
    await world.scan()
    found = [scan for scan in await Scans(world.tables).since(world.clock.now() - DAY) if scan.passes == AFTER_NIGHT]
    assert found[-1].complete is False


async def test_more_lines_than_a_night_has_room_for_come_on_the_nights_after() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    (entry,) = [line async for line in world.services().lines.all()]
    lines = [replace(entry, id=LineId(application.object_id, LineName(f"line-{number}"))) for number in range(2500)]
    nights = [share(lines, world.clock.now() + night * DAY) for night in range(3)]
    assert sorted(str(line.id) for night in nights for line in night) == sorted(str(line.id) for line in lines)
    assert all(len(night) < drift.LINES_A_NIGHT for night in nights)


class Thief:
    """Makes ids, and takes the application's lease away when the third is asked for."""

    def __init__(self, world: World, application: Application) -> None:
        self.world, self.application, self.left = world, application, 3

    def make(self) -> str:
        self.left -= 1
        if self.left == 0:
            taken = Upsert(key=keys.LEASE, values={"owner": "another", "token": "another", "number": 9})
            self.world.tables._apply(keys.ROTATIONS, self.application.object_id, [taken])
        return self.world.ulids.make()


async def test_who_loses_the_application_meanwhile_leaves_it_to_the_next_night() -> None:
    world = World(configuration=configure(STORE))
    application = world.add_application(ends_in=50 * DAY)
    await world.enrol(application)
    line = (await world.line(application)).id
    robbed = replace(world.services(), ulids=Thief(world, application))
    assert await contest(robbed, line, "somebody") is False
    assert await reason(world, application) == ""
    assert await contest(world.services(), line, "somebody") is True
    assert await contest(world.services(), line, "somebody") is True
    assert await contest(world.services(), LineId(line.application, LineName("gone")), "somebody") is False
