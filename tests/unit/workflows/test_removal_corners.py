"""Removing: whose it is, what stands in for a proof, what comes back, what lapsed long ago."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.errors import BrokenInvariant, NeedsPerson, Throttled
from rotation.domain.line import HeldKey, RetireOrder
from rotation.domain.pace import Pace
from rotation.domain.policy import Proof, Retire, Terms
from rotation.domain.rotation import Overlapping, Retiring
from rotation.domain.window import Window
from rotation.ledger import keys
from rotation.ledger.notices import OutboxEntry
from rotation.ports.notices import Message
from rotation.workflows import operating
from rotation.workflows.nudge import nudge_rotation
from rotation.workflows.phases import aftermath, removal, retiring
from rotation.workflows.phases import overlapping as overlapping_phase
from rotation.workflows.step import Step
from tests.fakes.directory_state import make_key_id
from tests.fakes.mishaps import Mishap
from tests.fakes.world import World, configure, destination
from tests.unit.workflows.stepping import DAY, HOUR, put, step_of

SHUT = Window(opens=time(12), closes=time(13))
UNKNOWN_SP = 7000112


async def overlapping(**terms: object) -> World:
    world = World(configuration=configure(destination("store"), terms=replace(Terms(), **terms)))  # type: ignore[arg-type]
    application = world.add_application(ends_in=100 * DAY)
    await world.enrol(application)
    await world.open(application)
    await world.run(HOUR)
    assert world.phases() == ["overlapping"]
    return world


def application_of(world: World) -> Application:
    return next(iter(world.directory._records.values())).now


async def test_only_what_the_ledger_names_and_is_not_current_may_go() -> None:
    world = await overlapping()
    async with step_of(world) as step:
        with pytest.raises(BrokenInvariant, match="never handed to us") as foreign:
            removal.owned(step, make_key_id(99))
        assert (foreign.value.reason, foreign.value.facts) == ("not-ours", {"key_id": make_key_id(99)})
        current = step.line.current_key
        assert current is not None
        with pytest.raises(BrokenInvariant, match="current credential") as in_use:
            removal.owned(step, current.key_id)
        assert (in_use.value.reason, in_use.value.facts) == ("current", {"key_id": current.key_id})
        step.record.lines[step.line.id.name] = step.line.marked(replace(current, burnt=True))
        assert removal.owned(step, current.key_id).burnt


async def lacking(step: Step) -> str | None:
    publication = step.rotation.publication
    assert publication is not None
    point = await removal.successor_works(step, publication, await step.application())
    return str(point) if point else None


async def test_the_successor_must_be_listed_and_sign_in_now() -> None:
    world = await overlapping()
    async with step_of(world) as step:
        assert await lacking(step) is None
        assert step.rotation.own_sign_ins is not None
        assert step.rotation.own_sign_ins[1] == world.clock.now()
        world.sign_in.unprovable[step.rotation.client_id] = UNKNOWN_SP
        assert await lacking(step) == "(e) missing: the successor does not sign in (Unprovable(code=7000112))"
        minted = step.rotation.minted
        assert minted is not None
        world.directory.drop_secret(step.rotation.id.application, minted.key_id)
        assert await lacking(step) == "(e) missing: the directory does not list the successor"


async def test_without_a_proof_listed_and_not_expired_must_do() -> None:
    world = World(configuration=configure(destination("store"), terms=Terms(proof=Proof.BEST_EFFORT)))
    application = world.add_application()
    await world.enrol(application)
    world.sign_in.unprovable[application.client_id] = UNKNOWN_SP
    await world.open(application)
    await world.run(HOUR)
    assert world.phases() == ["overlapping"]
    async with step_of(world) as step:
        assert await lacking(step) is None
        minted = step.rotation.minted
        assert minted is not None
        world.clock.set(minted.end_at - timedelta(seconds=1))
        assert await lacking(step) is None
        world.clock.set(minted.end_at)
        assert await lacking(step) == "(e) missing: the successor has expired"


async def test_what_is_not_the_lines_any_more_is_not_removed() -> None:
    world = await overlapping()
    rotation = world.rotations()[0]
    assert rotation.publication is not None
    phase = Retiring(publication=rotation.publication, since=rotation.opened_at, key_id=make_key_id(99), evidence=())
    put(world, replace(rotation, phase=phase))
    async with step_of(world) as step:
        assert await retiring.carry(step) is None
        assert isinstance(step.rotation.phase, Overlapping)
    (stopped,) = told(world, "retiring.stopped")
    assert stopped["why"] == "it is not this line's any more"
    assert world.directory.removed == []


async def test_what_is_listed_again_was_never_gone() -> None:
    """One read did not list it, the next one does: only two reads in a row settle a removal."""
    world = await overlapping()
    rotation = world.rotations()[0]
    assert rotation.publication is not None
    old = rotation.predecessors[0]
    phase = Retiring(
        publication=rotation.publication,
        since=world.clock.now(),
        key_id=old,
        evidence=("all",),
        absent_at=world.clock.now(),
    )
    put(world, replace(rotation, phase=phase))
    async with step_of(world) as step:
        await retiring.carry(step)
        assert step.rotation.phase == replace(phase, absent_at=None)
    assert world.directory.truth(rotation.id.application).holds(old)


@pytest.mark.parametrize("why", ["window", "breaker"])
async def test_a_brake_that_was_put_on_since_holds_the_removal_itself(why: str) -> None:
    world = await overlapping()
    rotation = replace(world.rotations()[0], urgent=False)
    assert rotation.publication is not None
    held = HeldKey(key_id=rotation.predecessors[0], end_at=world.clock.now() + 20 * DAY)
    phase = Retiring(
        publication=rotation.publication, since=world.clock.now() - HOUR, key_id=held.key_id, evidence=("all",)
    )
    put(world, replace(rotation, phase=phase))
    if why == "window":
        world.change_policy(window=SHUT)
    else:
        await world.calm().control.breaker.change(lambda breaker: replace(breaker, open_reason="vault-refused"))
    async with step_of(world) as step:
        assert not await retiring._counted(step)
    assert world.directory.removed == []


async def test_an_open_breaker_holds_a_removal_before_it_is_begun() -> None:
    world = await overlapping()
    await world.calm().control.breaker.change(lambda breaker: replace(breaker, open_reason="vault-refused"))
    await world.nights(55)
    assert world.directory.removed == []
    await operating.resume(world.calm(), by="somebody", reason="mended", breaker=True)
    await world.nights(2)
    assert len(world.directory.removed) == 1


async def test_an_open_breaker_holds_litter_too() -> None:
    world = await lapsed()
    await world.calm().control.breaker.change(lambda breaker: replace(breaker, open_reason="vault-refused"))
    await world.nights(60)
    assert world.directory.removed == []
    await operating.resume(world.calm(), by="somebody", reason="mended", breaker=True)
    await world.nights(2)
    assert len(world.directory.removed) == 1


# What an ended rotation still owes.


async def lapsed(world: World | None = None) -> World:
    """A rotation that is completed, and its old secret is left to lapse: no source can tell of its silence."""
    world = world or World()
    world.use_sources(report=False)
    application = world.add_application()
    await world.enrol(application)
    await world.nights(9)
    assert world.phases() == ["completed"]
    assert world.directory.truth(application.object_id).holds(application.secrets[0].key_id)
    return world


async def test_litter_goes_thirty_days_after_its_end_and_what_was_abandoned_since_is_not_in_the_way() -> None:
    world = await lapsed()
    application, old = application_of(world), world.rotations()[0].predecessors[0]
    await world.open(application)
    await operating.abandon(world.calm(), world.rotations()[-1].id, by="somebody", why="test")
    await world.nights(60)
    assert world.phases() == ["completed", "abandoned"]
    assert [key for _application, key in world.directory.removed] == [old]
    assert [key.key_id for key in (await world.line(application)).keys] == [(await world.line(application)).current]
    assert await world.wakes() == []


async def test_litter_of_two_keys_goes_for_both() -> None:
    """One is looked at again, the other is settled: neither is forgotten."""
    world = World()
    world.use_sources(report=False)
    application = world.add_application(secrets=2)
    await world.enrol(application)
    await world.nights(9)
    assert world.phases() == ["completed"]
    await world.nights(20)
    world.directory.drop_secret(application.object_id, application.secrets[1].key_id)
    await world.nights(40)
    assert [key.key_id for key in (await world.line(application)).keys] == [(await world.line(application)).current]
    assert await world.wakes() == []


async def test_litter_stays_while_its_successor_does_not_sign_in() -> None:
    world = await lapsed()
    application = application_of(world)
    world.sign_in.unprovable[application.client_id] = UNKNOWN_SP
    await world.nights(60)
    assert world.directory.removed == []
    del world.sign_in.unprovable[application.client_id]
    await world.nights(2)
    assert len(world.directory.removed) == 1


async def test_litter_that_is_gone_is_looked_at_twice_with_time_between() -> None:
    world = await lapsed()
    application, old = application_of(world), world.rotations()[0].predecessors[0]
    world.directory.drop_secret(application.object_id, old)
    world.clock.advance(60 * DAY)
    async with step_of(world) as step:
        first = await aftermath.remove_litter(step)
        assert first == world.clock.now() + world.timing.look_spacing
        assert await aftermath.remove_litter(step) == first, "too soon to say"
        world.clock.advance(world.timing.look_spacing)
        assert await aftermath.remove_litter(step) is None
        assert step.line.key(old) is None
    assert "litter.gone" in world.events()


async def test_litter_that_is_listed_again_was_never_gone() -> None:
    """Seen absent, listed again and removed again: one look that does not list it is then the first, not the second."""
    world = await lapsed()
    application, old = application_of(world), world.rotations()[0].predecessors[0]
    held = (await world.line(application)).key(old)
    assert held is not None
    world.clock.set(held.end_at + 31 * DAY)
    async with step_of(world) as step:
        await step.save(line=step.line.marked(replace(held, absent_at=world.clock.now() - HOUR)))
        await aftermath.remove_litter(step)
        assert world.directory.removed == [(application.object_id, old)], "it is listed, so it is removed again"
        again = world.clock.now() + world.timing.look_spacing
        assert await aftermath.remove_litter(step) == again
        assert step.line.key(old) is not None, "one look settles nothing"
        world.clock.set(again)
        assert await aftermath.remove_litter(step) is None
        assert step.line.key(old) is None


async def test_an_ended_rotation_whose_application_is_gone_owes_nothing() -> None:
    world = await lapsed()
    world.directory.delete(application_of(world).object_id)
    await nudge_rotation(world.services(), world.rotations()[0].id)
    await world.run(HOUR)
    assert world.phases() == ["completed"]
    assert await world.wakes() == []


async def test_what_the_line_holds_is_never_an_orphan() -> None:
    """Whatever its rotation says of it."""
    world = await overlapping()
    world.clock.advance(3 * HOUR)
    async with step_of(world) as step:
        step.rotation = replace(step.rotation, adopted=())
        assert await aftermath.sweep(step) is None
    assert world.directory.removed == []


async def test_each_rotation_sends_its_own_notices() -> None:
    world = await overlapping()
    async with step_of(world) as step:
        entry = OutboxEntry(kind="test", audience=None, message=Message(title="theirs", summary=""))
        step.record.outbox["a|outbox|01J00000000000000000000000.1"] = entry
        await aftermath.send_outbox(step)
        assert list(step.record.outbox.values()) == [entry]


async def test_a_step_without_its_line_says_that_it_was_released() -> None:
    world = await overlapping()
    async with step_of(world) as step:
        step.record.lines.clear()
        with pytest.raises(NeedsPerson) as released:
            _ = step.line
        assert released.value.reason == "released"


def told(world: World, what: str) -> list[dict[str, object]]:
    """Give the facts of each line of history of that kind."""
    rows = [row.values for row in world.tables.all_rows(keys.ROTATIONS) if row.values.get("what") == what]
    return [{name: value for name, value in row.items() if name not in {"what", "at", "line"}} for row in rows]


async def test_a_removal_step_by_step() -> None:
    """Intent, a pause between two reads of the evidence, the word, the call, two reads, and back."""
    world = await overlapping(overlap=timedelta(0), quiet=timedelta(0), retire=Retire.AFTER_OVERLAP)
    world.use_sources(report=False)
    rotation, spacing = world.rotations()[0], world.timing.look_spacing
    (old,) = rotation.predecessors
    async with step_of(world) as step:
        assert await overlapping_phase.carry(step) == world.clock.now() + spacing
        retired = step.rotation.phase
    assert isinstance(retired, Retiring)
    assert (retired.key_id, retired.since, retired.asked, retired.absent_at) == (old, world.clock.now(), False, None)
    assert [each["key_id"] for each in told(world, "retiring.key")] == [old]
    assert str(told(world, "retiring.key")[0]["evidence"]).startswith("(a) there: ")
    since = world.clock.now()
    async with step_of(world) as step:
        assert await retiring.carry(step) == since + spacing, "evidence is read anew only later"
        world.clock.set(since + spacing - timedelta(microseconds=1))
        assert await retiring.carry(step) == since + spacing
        assert world.directory.removed == []
        world.clock.set(since + spacing)
        assert await retiring.carry(step) == since + 2 * spacing
        assert step.rotation.phase == replace(retired, asked=True)
        assert world.directory.removed == [(rotation.id.application, old)]
        assert step.line.key(old) is not None, "its answer settles nothing"
        seen = world.clock.now()
        assert await retiring.carry(step) == seen + spacing
        assert step.rotation.phase == replace(retired, asked=True, absent_at=seen)
        world.clock.set(seen + spacing - timedelta(microseconds=1))
        assert await retiring.carry(step) == seen + spacing
        world.clock.set(seen + spacing)
        assert await retiring.carry(step) is None
        back = Overlapping(publication=retired.publication, since=retired.since, missing={}, asked_at=world.clock.now())
        assert step.line.key(old) is None
    assert world.rotations()[0].phase == back
    (gone,) = told(world, "retired")
    assert (gone["key_id"], gone["rotation"]) == (old, rotation.id.ulid)
    assert gone["evidence"] == "; ".join(retired.evidence)


async def test_what_stops_a_removal_is_told() -> None:
    world = await overlapping(overlap=timedelta(0), quiet=timedelta(0), retire=Retire.AFTER_OVERLAP)
    world.use_sources(report=False)
    rotation = world.rotations()[0]
    async with step_of(world) as step:
        await overlapping_phase.carry(step)
        world.clock.advance(HOUR)
        world.sign_in.unprovable[rotation.client_id] = UNKNOWN_SP
        assert await retiring.carry(step) == world.clock.now() + world.timing.evidence_every
        assert isinstance(step.rotation.phase, Overlapping)
    (stopped,) = told(world, "retiring.stopped")
    why = "(e) missing: the successor does not sign in (Unprovable(code=7000112))"
    assert stopped == {"rotation": rotation.id.ulid, "key_id": rotation.predecessors[0], "why": why}
    assert world.directory.removed == []


async def test_what_somebody_else_removed_is_noted_as_gone_already() -> None:
    world = await overlapping()
    rotation = world.rotations()[0]
    world.directory.drop_secret(rotation.id.application, rotation.predecessors[0])
    await world.nights(2)
    assert world.phases() == ["completed"]
    (gone,) = told(world, "gone-already")
    assert (gone["key_id"], gone["evidence"]) == (rotation.predecessors[0], "no longer listed")
    assert world.directory.removed == []


async def begun(*, urgent: bool = False) -> World:
    """Let a removal be said and not asked for yet; evidence is there."""
    world = await overlapping(overlap=timedelta(0), quiet=timedelta(0), retire=Retire.AFTER_OVERLAP)
    world.use_sources(report=False)
    put(world, replace(world.rotations()[0], urgent=urgent))
    async with step_of(world) as step:
        await overlapping_phase.carry(step)
        assert isinstance(step.rotation.phase, Retiring)
    world.clock.advance(HOUR)
    return world


async def test_a_window_that_shuts_before_the_word_holds_it_for_an_hour_at_a_time() -> None:
    world = await begun()
    world.change_policy(window=SHUT)
    async with step_of(world) as step:
        assert await retiring.carry(step) == world.clock.now() + HOUR
        phase = step.rotation.phase
        assert isinstance(phase, Retiring)
        assert not phase.asked
    assert world.directory.removed == []
    world.change_policy(window=Window())
    async with step_of(world) as step:
        await retiring.carry(step)
    assert len(world.directory.removed) == 1


async def test_an_operators_word_passes_the_window_before_the_removal_and_when_it_is_begun() -> None:
    world = await overlapping()
    rotation = replace(world.rotations()[0], urgent=False)
    put(world, rotation)
    order = RetireOrder(rotation=rotation.id.ulid, at=world.clock.now(), by="ada", why="moved")
    world.change_policy(window=SHUT)
    async with step_of(world) as step:
        held = step.line.key(rotation.predecessors[0])
        assert held is not None
        await step.save(line=step.line.marked(replace(held, order=order)))
        await overlapping_phase.carry(step)
        assert isinstance(step.rotation.phase, Retiring)
        world.clock.advance(HOUR)
        await retiring.carry(step)
    assert [key_id for _application, key_id in world.directory.removed] == [rotation.predecessors[0]]


@pytest.mark.parametrize("readable", [True, False])
async def test_evidence_that_is_gone_at_the_removal_is_told_and_what_cannot_be_read_is_asked_again(
    readable: bool,
) -> None:
    world = await begun()
    rotation = world.rotations()[0]
    entry = world.settings.now.policies[0].lines[0]
    world.change_policy(lines=(replace(entry, terms=replace(entry.terms, overlap=90 * DAY)),))
    if not readable:
        world.use_sources(report=True)
        assert world.usage is not None
        world.usage.mishaps.always("sightings", Mishap.UNAVAILABLE)
    async with step_of(world) as step:
        assert await retiring.carry(step) == (None if readable else world.clock.now() + HOUR)
        assert isinstance(step.rotation.phase, Overlapping)
    (stopped,) = told(world, "retiring.stopped")
    assert stopped["key_id"] == rotation.predecessors[0]
    assert str(stopped["why"]).startswith("evidence no longer holds: (a) there: ")
    assert "; (b) there: " in str(stopped["why"])
    assert world.directory.removed == []


async def test_a_place_among_the_writes_is_given_back_with_the_word() -> None:
    world = await begun()
    rotation = world.rotations()[0]
    assert isinstance(rotation.phase, Retiring)
    asked = replace(rotation.phase, asked=True)
    put(world, replace(rotation, phase=asked, writes_at=world.clock.now()))
    async with step_of(world) as step:
        await retiring.carry(step)
    assert world.rotations()[0].writes_at is None
    assert len(world.directory.removed) == 1


async def test_what_somebody_else_removed_counts_as_absent_from_the_first_read_on() -> None:
    world = await overlapping()
    rotation = world.rotations()[0]
    world.directory.drop_secret(rotation.id.application, rotation.predecessors[0])
    async with step_of(world) as step:
        assert await overlapping_phase.carry(step) == world.clock.now() + world.timing.look_spacing
        phase = step.rotation.phase
        assert isinstance(phase, Retiring)
        assert (phase.absent_at, phase.evidence) == (world.clock.now(), ("no longer listed",))


async def test_the_pace_hears_what_the_directory_says_of_a_removal() -> None:
    world = await begun()
    old = world.rotations()[0].predecessors[0]
    pace = Pace()
    async with step_of(world) as step:
        world.directory.mishaps.plan("remove", Mishap.THROTTLED)
        with pytest.raises(Throttled):
            await removal.remove(step, old, pace)
        assert pace.closed(step.now + timedelta(seconds=6))
        assert not pace.closed(step.now + timedelta(seconds=7)), "as long as it was told"
        pace = Pace()
        world.directory.write_quota = (1, timedelta(seconds=150))
        await removal.remove(step, old, pace)
        pace.book(step.now, lot=0)
        assert pace.book(step.now, lot=0).at > step.now, "it was told that the quota is used"


async def test_what_can_only_lapse_is_told_once_with_every_key_id() -> None:
    world = World(configuration=configure(destination("store")))
    world.use_sources(report=False)
    application = world.add_application(ends_in=50 * DAY, secrets=2)
    await world.enrol(application)
    await world.open(application)
    await world.run(10 * DAY)
    assert world.phases() == ["completed"]
    (lapse,) = told(world, "left-to-lapse")
    assert set(str(lapse["key_ids"]).split(",")) == {secret.key_id for secret in application.secrets}
    assert lapse["why"] == "evidence for removal cannot be had"
    assert world.directory.removed == []


async def test_a_removal_that_is_never_answered_stops_past_its_deadline() -> None:
    world = await overlapping(overlap=HOUR, quiet=timedelta(0))
    world.directory.mishaps.always("remove", Mishap.LOST_BEFORE)
    while world.phases() == ["overlapping"]:
        await world.nights(1)
    await world.run(DAY + HOUR)
    assert world.phases() == ["blocked"]
    assert getattr(world.rotations()[0].phase, "reason", "") == "gave-up"
    world.directory.mishaps.always("remove", None)
    await world.nights(1)
    assert world.phases() == ["completed"]
