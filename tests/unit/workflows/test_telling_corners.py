"""What pages and digests say of what stopped, waits, or is under way."""

from dataclasses import replace

import pytest

from rotation.domain.credential import Application
from rotation.domain.delivery import DeliveryBlocked, Pending
from rotation.domain.errors import NotFound
from rotation.domain.identifiers import LineId, LineName, RotationId
from rotation.domain.line import LineBlock
from rotation.domain.rotation import Blocked, Phase, Planned, Retiring
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ports.tables import Upsert
from rotation.workflows import operating, showing, telling
from rotation.workflows.finding import Found, find_application, find_rotation
from rotation.workflows.links import Links
from rotation.workflows.matters import matters
from tests.fakes.directory_state import make_application
from tests.fakes.world import LINE, World
from tests.unit.workflows.stepping import DAY, HOUR, put

MISSING = "01J00000000000000000000009"


async def overlapping(world: World) -> Application:
    application = world.add_application(ends_in=100 * DAY)
    await world.enrol(application)
    await world.open(application)
    await world.run(HOUR)
    assert world.phases() == ["overlapping"]
    return application


def found(application: Application) -> Found:
    return Found(object_id=application.object_id, client_id=application.client_id, display_name="x")


async def test_a_line_that_ended_says_so_and_one_that_is_not_enrolled_is_not_shown() -> None:
    world = World()
    application = await overlapping(world)
    await operating.pause(world.calm(), by="anna", reason="test")
    world.clock.advance(400 * DAY)
    (line,) = await showing.lines(world.calm())
    assert (line.state, line.says) == ("expired", "its current secret has ended")
    with pytest.raises(NotFound) as none:
        await showing.line(world.calm(), found(application), LineName("other"))
    assert none.value.reason == "no-such-line"


async def test_each_phase_and_each_delivery_has_words() -> None:
    world = World()
    await overlapping(world)
    rotation = world.rotations()[0]
    record = await world.record(rotation.id.application)
    assert rotation.publication is not None
    stories: dict[Phase, str] = {
        Planned(needs_approval=True): "waits for an approval",
        Planned(needs_approval=True, approved_by="anna"): "planned",
        Blocked(reason="vault-refused", detail="no", since=world.clock.now(), resumes=Planned()): "stopped (vault-refused): no",
        Retiring(
            publication=rotation.publication, since=world.clock.now(), key_id=rotation.predecessors[0], evidence=()
        ): f"removing the old secret {rotation.predecessors[0]}",
    }  # fmt: skip
    for phase, words in stories.items():
        assert telling.rotation_view(replace(rotation, phase=phase), record).says == words
    (stored,) = record.deliveries.values()
    stopped = DeliveryBlocked(reason="access-denied", detail="no right", since=world.clock.now())
    assert (
        telling.delivery_view("store", replace(stored.delivery, phase=stopped)).says
        == "stopped (access-denied): no right"
    )
    assert telling.delivery_view("store", replace(stored.delivery, phase=Pending())).says == "pending"


async def subjects(world: World, application: Application) -> dict[str, str]:
    entry = await world.calm().lines.get(LineId(application.object_id, LINE))
    assert entry is not None
    record = await world.record(application.object_id)
    return {
        matter.subject.split(".", 1)[1]: matter.item.text
        for matter in matters(record, entry, Links("https://rotation.example"))
    }


async def test_a_stopped_line_rotation_and_delivery_are_each_a_matter() -> None:
    world = World()
    application = await overlapping(world)
    now, rotation = world.clock.now(), world.rotations()[0]
    place = (keys.ROTATIONS, application.object_id)
    line = replace(
        await world.line(application), blocked=LineBlock(reason="contested", detail="x", since=now, seen_at=now)
    )
    stopped = Blocked(reason="vault-refused", detail="no", since=now, resumes=rotation.phase)  # type: ignore[arg-type]
    put(world, replace(rotation, phase=stopped))
    ((key, stored),) = (await world.record(application.object_id)).deliveries.items()
    blocked = replace(stored.delivery, phase=DeliveryBlocked(reason="access-denied", detail="no", since=now))
    values = ledger.delivery_columns(blocked)
    world.tables._apply(*place, [ledger.put_line(line), Upsert(key=keys.delivery(*key), values=values)])
    entry = await world.calm().lines.get(LineId(application.object_id, LINE))
    assert entry is not None
    await world.calm().lines.put(replace(entry, blocked="contested", stopped="vault-refused"))
    assert await subjects(world, application) == {
        "default.blocked": "stopped (contested): x",
        "blocked": "stopped (vault-refused): no",
        "store.blocked": "store stopped (access-denied): no",
    }
    world.tables._apply(*place, [ledger.put_line(replace(line, open=None))])
    await world.calm().lines.put(replace(entry, blocked="contested", open=None))
    assert await subjects(world, application) == {"default.blocked": "stopped (contested): x"}
    await world.calm().lines.put(replace(entry, blocked="policy-gone", open=None))
    assert await subjects(world, application) == {"default.blocked": "stopped: policy-gone"}, "the index is ahead"


async def test_an_application_that_is_gone_is_found_by_its_line() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    await world.enrol(world.add_application(2))
    world.directory.delete(application.object_id)
    for guid in (application.object_id, application.client_id.upper()):
        assert (await find_application(world.calm(), guid)).object_id == application.object_id
    with pytest.raises(NotFound) as none:
        await find_application(world.calm(), make_application(9).object_id)
    assert none.value.reason == "no-such-application"


async def test_a_rotation_is_found_by_the_end_of_its_id_where_it_is_its_lines_last() -> None:
    world = World()
    for number in (1, 2):
        application = world.add_application(number)
        await world.enrol(application)
        await world.open(application)
    wanted = world.rotations()[0].id
    assert await find_rotation(world.calm(), f" {wanted.ulid.lower()} ") == wanted
    assert await find_rotation(world.calm(), str(wanted)) == wanted
    assert await find_rotation(world.calm(), f"{wanted.application}.{MISSING}") == RotationId(
        wanted.application, MISSING
    )
    with pytest.raises(NotFound) as none:
        await find_rotation(world.calm(), MISSING)
    assert none.value.reason == "no-such-rotation"
