"""A rotation from the scan to its end, over fakes."""

from datetime import timedelta

from rotation.domain.rotation import Completed, Overlapping
from tests.fakes.world import World, configure, destination


async def test_a_due_line_is_rotated_delivered_and_its_old_secret_retired_on_evidence() -> None:
    """The whole main job: after 35 silent days the old credential goes, and nothing else does."""
    world = World()
    application = world.add_application()
    other = world.add_application(2)
    await world.enrol(application)
    old = application.secrets[0].key_id
    for _day in range(60):
        await world.scan()
        await world.run(timedelta(days=1) - timedelta(minutes=2))
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Completed), rotation.phase
    line = await world.line(application)
    assert world.stored("store") == line.current != old
    assert world.directory.removed == [(application.object_id, old)]
    assert not world.directory.truth(application.object_id).holds(old)
    assert world.directory.truth(other.object_id).secrets == other.secrets
    assert await world.wakes() == []


async def test_what_is_still_used_stays_and_its_owner_is_told() -> None:
    """A key id that still signs in keeps the rotation Overlapping."""
    world = World()
    application = world.add_application(ends_in=timedelta(days=59))
    await world.enrol(application)
    assert world.usage is not None
    for _day in range(50):
        world.usage.see(application.client_id, application.secrets[0].key_id, origin="10.1.2.3")
        await world.scan()
        await world.run(timedelta(days=1) - timedelta(minutes=2))
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Overlapping), rotation.phase
    assert "10.1.2.3" in str(rotation.phase.missing)
    assert world.directory.removed == []


async def test_without_destination_and_reader_nothing_valid_is_removed() -> None:
    """Nothing to verify is not "all verified": the old credential lapses on its own end."""
    world = World(configuration=configure())
    application = world.add_application()
    await world.enrol(application)
    for _day in range(15):
        await world.scan()
        await world.run(timedelta(days=1) - timedelta(minutes=2))
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Completed), rotation.phase
    assert world.directory.removed == []
    assert (await world.line(application)).keys[0].lapses


async def test_what_could_only_lapse_goes_thirty_days_after_its_end_as_litter() -> None:
    """(e) alone decides then: the successor is listed and signs in."""
    world = World(configuration=configure())
    application = world.add_application()
    await world.enrol(application)
    for _day in range(55):
        await world.scan()
        await world.run(timedelta(days=1) - timedelta(minutes=2))
    assert world.directory.removed == [(application.object_id, application.secrets[0].key_id)]
    line = await world.line(application)
    assert [key.key_id for key in line.keys] == [line.current]


async def test_a_hand_off_waits_for_its_person_and_holds_the_old_secret() -> None:
    """Nothing reaches Overlapping while a person has not acted, and nobody else waits for that destination."""
    world = World(configuration=configure(destination("store"), destination("portal", "person")))
    application = world.add_application()
    await world.enrol(application)
    await world.scan()
    await world.run(timedelta(hours=2))
    assert world.phases() == ["delivering"]
    record = await world.record(application.object_id)
    assert {d.delivery.destination: d.delivery.phase.phase for d in record.deliveries.values()} == {
        "store": "verified",
        "portal": "awaiting-person",
    }
    assert [message.title for _audience, message in world.channel.sent]
