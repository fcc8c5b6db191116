"""A directory that asks us to wait: a refused mint repeats nothing, everybody has a place, and nobody asks before it."""

from dataclasses import replace
from datetime import timedelta

from rotation.domain.line import Reason
from rotation.domain.rotation import Minting, Overlapping, Rotation
from rotation.ledger import keys
from rotation.workflows import rotate
from rotation.workflows.pacing import HOLDS_FOR
from tests.fakes.mishaps import Mishap
from tests.fakes.witness import Witness
from tests.fakes.world import VAULT, World
from tests.unit.workflows.stepping import DAY, HOUR, until
from tests.unit.workflows.test_brakes import enrolled, limit

WINDOW = timedelta(seconds=150)
PERSONAL = "AzureADandPersonalMicrosoftAccount"


def counted(world: World) -> list[str]:
    """Hear of every call from now on."""
    calls: list[str] = []
    world.watch = lambda call, _arguments: calls.append(call)
    return calls


async def test_a_refused_mint_goes_on_under_the_next_number_without_reserving_or_looking_again() -> None:
    world = World()
    witness = Witness(world)
    (application,) = await enrolled(world)
    world.directory.mishaps.plan("mint", Mishap.THROTTLED, Mishap.THROTTLED, Mishap.THROTTLED)
    await world.open(application)
    await until(world, Overlapping, within=HOUR)
    witness.look()
    assert world.events().count("minting.attempt") == 4
    (minted,) = world.directory.minted
    assert minted.credential.marker is not None
    assert minted.credential.marker.attempt == 4, "each that was sent bears a number of its own"
    staged = f"{(await world.line(application)).enrolment.secret_name}-staged"
    assert len(world.vaults.memory(VAULT).kept(staged)) == 2, "reserved once, staged once"


async def test_refusals_use_up_no_attempts() -> None:
    world = World()
    (application,) = await enrolled(world)
    world.directory.mishaps.plan("mint", *[Mishap.THROTTLED] * 30)
    await world.open(application)
    await until(world, Overlapping)
    assert len(world.directory.minted) == 1


async def test_a_refusal_books_the_place_that_it_names_and_writes_down_why() -> None:
    world = World()
    (application,) = await enrolled(world)
    pace = world.paces.of(personal=False)
    for _write in range(12):
        pace.wrote(world.clock.now(), None)
    world.directory.mishaps.plan("mint", Mishap.THROTTLED)
    began = world.clock.now()
    await world.open(application)
    await world.run(timedelta(seconds=2))
    (rotation,) = world.rotations()
    assert rotation.writes_at is not None
    assert timedelta(seconds=7) <= rotation.writes_at - began <= timedelta(seconds=10)
    assert isinstance(rotation.phase, Minting)
    assert (rotation.phase.attempt, rotation.phase.allowed) == (2, Minting().allowed + 1)
    history = [row.values for row in world.tables.all_rows(keys.ROTATIONS) if row.key.startswith("z|event|")]
    told = [(values["attempt"], values.get("why")) for values in history if values["what"] == "minting.attempt"]
    assert told == [("1", None), ("2", "throttled")]


async def test_a_refusal_without_a_place_to_book_asks_again_later() -> None:
    world = World()
    (application,) = await enrolled(world)
    world.directory.mishaps.plan("mint", Mishap.THROTTLED)
    await world.open(application)
    await world.run(timedelta(seconds=30))
    (rotation,) = world.rotations()
    assert (rotation.writes_at, world.directory.minted) == (None, [])
    await world.run(WINDOW)
    assert len(world.directory.minted) == 1


async def test_a_lost_answer_before_a_refusal_is_looked_for_all_the_same() -> None:
    world = World()
    witness = Witness(world)
    (application,) = await enrolled(world)
    world.directory.mishaps.plan("mint", Mishap.LOST_AFTER, Mishap.THROTTLED)
    await world.open(application)
    await until(world, Overlapping, within=HOUR)
    witness.look()
    lost = world.directory.minted[0].credential.key_id
    assert (application.object_id, lost) in world.directory.removed
    assert not world.directory.truth(application.object_id).holds(lost)


async def test_a_mint_that_is_refused_past_its_deadline_stops_and_says_so() -> None:
    world = World()
    world.timing = replace(world.timing, phase_deadline=timedelta(minutes=5))
    (application,) = await enrolled(world)
    world.directory.mishaps.always("mint", Mishap.THROTTLED)
    await world.open(application)
    await world.run(timedelta(minutes=40))
    assert world.phases() == ["blocked"]
    assert "blocked" in world.events()


async def test_many_lines_under_a_small_quota_all_get_there_and_are_seldom_refused() -> None:
    world = World()
    witness = Witness(world)
    limit(world)
    await enrolled(world, 40)
    world.directory.write_quota = (8, WINDOW)
    await world.scan()
    await world.run(timedelta(minutes=20))
    witness.look()
    assert set(world.phases()) == {"overlapping"}
    assert len(world.directory.minted) == 40
    assert len(world.directory.refused) <= 8


async def waiting(world: World) -> Rotation:
    """Let one wait at a place, in mid Minting."""
    (application,) = await enrolled(world)
    pace = world.paces.of(personal=False)
    for _write in range(4):
        pace.book(world.clock.now(), lot=0)
        pace.wrote(world.clock.now(), 1.0)
    world.clock.advance(timedelta(minutes=1))
    await world.open(application, Reason.DUE)
    await world.run(timedelta(seconds=2))
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Minting)
    assert (rotation.phase.prepared, rotation.phase.asked) == (True, False)
    assert rotation.writes_at is not None
    assert rotation.writes_at > world.clock.now()
    return rotation


async def test_whoever_waits_for_a_place_reads_nothing_of_the_directory_or_the_vault() -> None:
    world = World()
    rotation = await waiting(world)
    calls = counted(world)
    await rotate.advance(world.services(), rotation.id)
    assert calls
    assert [call for call in calls if call.startswith(("MemoryDirectory.", "MemoryVault."))] == []
    await world.run(timedelta(minutes=5))
    assert world.phases() == ["overlapping"]
    assert world.rotations()[0].writes_at is None


async def test_a_place_that_was_not_used_in_time_is_booked_anew() -> None:
    world = World()
    rotation = await waiting(world)
    late = rotation.writes_at
    assert late is not None
    world.clock.advance(late - world.clock.now() + HOLDS_FOR)
    pace = world.paces.of(personal=False)
    for _write in range(4):
        pace.book(world.clock.now(), lot=0)
        pace.wrote(world.clock.now(), 1.0)
    world.clock.advance(timedelta(minutes=1))
    await rotate.advance(world.services(), rotation.id)
    (again,) = world.rotations()
    assert again.writes_at is not None
    assert again.writes_at > late + HOLDS_FOR
    assert world.directory.minted == []


async def test_removals_wait_for_their_place_too() -> None:
    world = World()
    limit(world)
    await enrolled(world, 4, ends_in=58 * DAY)
    await world.scan()
    await world.run(timedelta(hours=1))
    world.directory.write_quota = (2, WINDOW)
    await world.nights(40)
    assert set(world.phases()) == {"completed"}
    assert len(world.directory.removed) == 4
    assert len(world.directory.refused) <= 4


async def test_a_refused_removal_is_asked_again_at_its_place() -> None:
    world = World()
    (application,) = await enrolled(world, ends_in=58 * DAY)
    await world.open(application)
    world.directory.mishaps.plan("remove", Mishap.THROTTLED)
    await world.run(HOUR)
    await world.nights(40)
    assert world.phases() == ["completed"]
    assert len(world.directory.removed) == 1


async def test_what_a_person_asked_for_waits_for_the_end_of_a_refusal_only() -> None:
    world = World()
    limit(world)
    applications = await enrolled(world, 2)
    pace = world.paces.of(personal=False)
    pace.wrote(world.clock.now(), 1.0)
    pace.book(world.clock.now(), lot=0)
    await world.open(applications[0], Reason.REQUESTED)
    await world.run(timedelta(seconds=2))
    assert len(world.directory.minted) == 1
    pace.refused(world.clock.now(), timedelta(seconds=40))
    await world.open(applications[1], Reason.REQUESTED)
    await world.run(timedelta(seconds=30))
    assert len(world.directory.minted) == 1
    await world.run(WINDOW * 2)
    assert len(world.directory.minted) == 2


async def test_personal_accounts_wait_in_their_own_lane() -> None:
    world = World()
    limit(world)
    slow = replace(world.add_application(1, ends_in=5 * DAY), audience=PERSONAL)
    world.directory.change(slow)
    usual = world.add_application(2, ends_in=5 * DAY)
    for application in (slow, usual):
        await world.enrol(application)
    world.paces.of(personal=True).refused(world.clock.now(), timedelta(minutes=10))
    await world.scan()
    await world.run(timedelta(minutes=5))
    assert [rotation.id.application for rotation in world.rotations() if not isinstance(rotation.phase, Minting)] == [
        usual.object_id
    ]
    await world.run(timedelta(minutes=20))
    assert set(world.phases()) == {"overlapping"}
