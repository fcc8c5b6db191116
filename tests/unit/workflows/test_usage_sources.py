"""Usage evidence over whole nights: both sources with their blind spots, our own proofs, and what is read anew."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.identifiers import KeyId
from rotation.domain.policy import Terms
from rotation.domain.rotation import Overlapping
from rotation.workflows.operating import acknowledge
from rotation.workflows.previewing import Wish, preview
from tests.fakes.integrations import QUESTIONS
from tests.fakes.mishaps import Mishap
from tests.fakes.usage import OUR_ADDRESS, MemoryUsage
from tests.fakes.world import World, configure, destination

DAY = timedelta(days=1)
STORE, PORTAL = destination("store"), destination("portal", "person")
SOURCES = pytest.mark.parametrize(("report", "log"), [(True, False), (False, True), (True, True)])


async def enrolled(world: World, *, ends_in: timedelta = 58 * DAY, people: bool = False) -> Application:
    application = world.add_application(ends_in=ends_in)
    world.directory.change(replace(application, signs_in_people=people))
    await world.enrol(application)
    return application


def watched(*, report: bool = True, log: bool = False, **more: object) -> World:
    world = World(**more)  # type: ignore[arg-type]
    world.use_sources(report=report, log=log)
    return world


def sources(world: World) -> list[MemoryUsage]:
    return [source for source in (world.usage, world.sign_in_log) if source]


def use(world: World, application: Application, *, key_id: KeyId | None = None, **more: object) -> None:
    """Somebody signs in: every source that can see it is told."""
    for source in sources(world):
        source.see(application.client_id, key_id or old(application), **more)  # type: ignore[arg-type]


def old(application: Application) -> KeyId:
    return application.secrets[0].key_id


def removed(world: World) -> list[KeyId]:
    return [key for _application, key in world.directory.removed]


@SOURCES
async def test_no_destinations_and_no_readers_nothing_valid_is_removed(*, report: bool, log: bool) -> None:
    world = watched(report=report, log=log, configuration=configure())
    await enrolled(world)
    await world.nights(57)
    assert removed(world) == []
    assert world.phases() == ["completed"]


@SOURCES
@pytest.mark.parametrize("used", [True, False], ids=["the old one is used", "nobody signs in"])
async def test_the_person_confirms_without_pasting_and_the_old_credential_stays(
    *, report: bool, log: bool, used: bool
) -> None:
    world = watched(report=report, log=log, configuration=configure(PORTAL))
    application = await enrolled(world)
    await world.nights(1)
    answers = dict.fromkeys(QUESTIONS, "yes")
    await acknowledge(world.services(), world.rotations()[0].id, PORTAL.name, by="berta", answers=answers)
    for _night in range(52):
        if used:
            use(world, application)
        await world.nights(1)
    assert removed(world) == []
    assert "delivery.in-use" not in world.events()
    assert world.phases() == ["overlapping"]


@SOURCES
async def test_our_own_proofs_are_not_use(*, report: bool, log: bool) -> None:
    """They show that a source is alive, and neither keep an old key nor confirm a new one."""
    world = watched(report=report, log=log)
    application = await enrolled(world, ends_in=170 * DAY)
    await world.open(application)
    await world.nights(1)
    (first,) = world.rotations()
    assert first.minted is not None
    await world.open(application, succeed=True)
    await world.nights(39)
    assert set(removed(world)) == {old(application), first.minted.key_id}
    kept = (await world.record(application.object_id)).uses
    assert all(use.last_used_at is None and use.confirmed_at is None for use in kept.values())
    assert all(use.shown for use in kept.values())


@SOURCES
async def test_a_monthly_job_is_not_called_silent(*, report: bool, log: bool) -> None:
    """Watched for long, so that only the longest gap protects it; it goes once that has passed twice over."""
    world = watched(report=report, log=log)
    application = await enrolled(world, ends_in=150 * DAY)
    for _month in range(4):
        use(world, application)
        await world.nights(30)
    assert world.phases() == ["overlapping"], "it came due in between"
    assert removed(world) == []
    use(world, application)
    await world.nights(28)
    assert removed(world) == []


async def test_the_log_knows_a_job_from_before_the_enrolment() -> None:
    """45 days lay between two uses: 35 days of silence do not do."""
    world = watched(report=False, log=True)
    application = world.add_application(ends_in=58 * DAY)
    for days in (48, 3):
        use(world, application, at=world.clock.now() - days * DAY)
    await world.enrol(application)
    await world.nights(43)
    assert removed(world) == []
    await world.nights(4)
    assert removed(world) == [old(application)]


@SOURCES
async def test_a_source_that_answers_well_with_nothing_is_unknown(*, report: bool, log: bool) -> None:
    world = watched(report=report, log=log)
    for source in sources(world):
        source.alive = False
    await enrolled(world)
    await world.nights(57)
    assert removed(world) == []
    assert world.phases() == ["completed"]


async def test_a_sign_in_with_a_user_in_it_is_hidden_from_the_log_alone() -> None:
    world = watched(report=True, log=True)
    application = await enrolled(world)
    for _night in range(50):
        use(world, application, with_user=True)
        await world.nights(1)
    assert removed(world) == []
    assert any("still used" in title for title in world.titles())


async def test_the_logs_silence_is_unknown_where_people_sign_in() -> None:
    world = watched(report=False, log=True)
    application = await enrolled(world, people=True)
    use(world, application, with_user=True)
    await world.nights(57)
    assert removed(world) == []
    assert world.phases() == ["completed"]


async def test_a_sighting_of_a_blind_log_counts_and_its_owner_is_told_key_time_and_resource() -> None:
    world = watched(report=False, log=True)
    application = await enrolled(world, people=True)
    for _night in range(20):
        use(world, application, origin="for Microsoft Graph from 203.0.113.7")
        await world.nights(1)
    assert world.phases() == ["overlapping"]
    (told,) = [title for title in world.titles() if "still used" in title]
    assert old(application) in told
    assert "for Microsoft Graph from 203.0.113.7" in told
    assert " UTC " in told


async def test_a_report_that_lags_nearly_two_days_removes_nothing_that_is_used() -> None:
    world = watched()
    application = await enrolled(world)
    assert world.usage is not None
    world.usage.lag = timedelta(hours=47)
    for _night in range(40):
        use(world, application)
        await world.nights(1)
    assert removed(world) == []
    await world.nights(8)
    assert removed(world) == [], "the last use was 8 days ago, and was shown 6 days ago"
    await world.nights(4)
    assert removed(world) == [old(application)]


@pytest.mark.parametrize("dead", ["usage", "sign_in_log"])
async def test_silence_of_the_one_that_is_alive_is_enough(dead: str) -> None:
    world = watched(report=True, log=True)
    getattr(world, dead).alive = False
    application = await enrolled(world)
    await world.nights(45)
    assert removed(world) == [old(application)]


@pytest.mark.parametrize("broken", ["usage", "sign_in_log"])
async def test_an_unreadable_source_decides_nothing_makes_the_scan_incomplete_and_holds_up_no_other(
    broken: str,
) -> None:
    world = watched(report=True, log=True)
    application = await enrolled(world)
    getattr(world, broken).mishaps.always("sightings", Mishap.DENIED)
    await world.nights(45)
    assert removed(world) == [old(application)]
    assert "scan-incomplete" in world.alarms()


async def test_usage_is_read_anew_at_the_removal_itself() -> None:
    """What signs in after the last night's reading, and before the removal, keeps the old key."""
    world = watched()
    application = await enrolled(world)

    def use_it_at_the_last_moment() -> None:
        if "retiring" in world.phases():
            use(world, application)

    world.after_each = use_it_at_the_last_moment
    await world.nights(50)
    assert removed(world) == []
    assert "retiring.stopped" in world.events()


async def test_a_source_that_cannot_be_read_at_the_removal_keeps_the_old_key_until_it_can() -> None:
    world = watched()
    application = await enrolled(world)

    def break_it() -> None:
        if "retiring" in world.phases():
            sources(world)[0].mishaps.always("sightings", Mishap.UNAVAILABLE)

    world.after_each = break_it
    await world.nights(42)
    assert removed(world) == []
    assert "retiring.stopped" in world.events()
    world.after_each = lambda: None
    sources(world)[0].mishaps.always("sightings", None)
    await world.nights(3)
    assert removed(world) == [old(application)]


async def test_a_successor_that_one_of_the_two_reads_does_not_list_removes_nothing() -> None:
    """(e) asks for two spaced reads: the one that says "may go", and the one right before the removal."""
    world = watched()
    application = await enrolled(world)
    await world.nights(35)
    minted = world.rotations()[0].minted
    assert minted is not None
    world.directory.drop_secret(application.object_id, minted.key_id)
    await world.run(timedelta(hours=20))
    assert removed(world) == []
    phase = world.rotations()[0].phase
    assert isinstance(phase, Overlapping)
    assert phase.missing == {old(application): ("(e) missing: the directory does not list the successor",)}


async def test_a_destination_added_after_the_last_look_is_delivered_before_the_removal() -> None:
    """(b) is read anew too: between "may go" and the removal somebody names a second destination."""
    world = watched()
    await enrolled(world)

    def name_another() -> None:
        if "retiring" in world.phases():
            world.name_destinations(STORE, destination("second"))

    world.after_each = name_another
    await world.nights(45)
    assert removed(world) == []
    assert world.phases() == ["delivering"], "it waits for approval"


@SOURCES
async def test_an_enrolment_takes_the_first_reading(*, report: bool, log: bool) -> None:
    world = watched(report=report, log=log)
    application = world.add_application()
    use(world, application, at=world.clock.now() - 3 * DAY)
    await world.enrol(application)
    known = (await world.record(application.object_id)).uses[old(application)]
    assert known.last_used_at == world.clock.now() - 3 * DAY


async def test_who_may_not_read_usage_enrols_all_the_same() -> None:
    world = watched()
    assert world.usage is not None
    world.usage.mishaps.always("sightings", Mishap.DENIED)
    application = await enrolled(world)
    assert (await world.line(application)).keys
    assert (await world.record(application.object_id)).uses == {}


async def test_in_the_log_a_hand_off_is_confirmed_from_another_address_than_ours() -> None:
    world = watched(report=False, log=True, configuration=configure(PORTAL))
    application = await enrolled(world)
    await world.nights(2)
    minted = world.rotations()[0].minted
    assert minted is not None
    use(world, application, key_id=minted.key_id, address=OUR_ADDRESS)
    await world.nights(2)
    assert "delivery.in-use" not in world.events()
    use(world, application, key_id=minted.key_id)
    await world.nights(2)
    assert "delivery.in-use" in world.events()
    await world.nights(40)
    assert removed(world) == [old(application)]


async def test_a_preview_says_when_the_old_secret_will_lapse_and_not_be_retired() -> None:
    terms = Terms(overlap=7 * DAY, quiet=7 * DAY)
    world = World(configuration=configure(STORE, terms=terms))
    application = world.add_application()
    assert not any("will lapse" in each for each in await warnings_of(world, application))
    world.change_terms(replace(terms, quiet=52 * DAY))
    assert any("lead time - overlap is below quiet + 48h" in each for each in await warnings_of(world, application))


async def warnings_of(world: World, application: Application) -> tuple[str, ...]:
    return (await preview(world.services(), Wish(application=application.object_id, by="anna"))).warnings
