"""What enrolling would lead to, told before the yes."""

from dataclasses import replace

import pytest

from rotation.domain.credential import NEVER, Application, Credential
from rotation.domain.errors import NotFound, Refused
from rotation.domain.identifiers import DestinationName
from rotation.domain.policy import Retire, Terms
from rotation.ports.directory import CredentialRules
from rotation.workflows.previewing import Wish, preview
from rotation.workflows.reading.enrolment import EnrolmentOutlook, outlook
from rotation.workflows.reading.hand_offs import hand_off, hand_offs
from tests.fakes.clock import START
from tests.fakes.directory_state import make_application, make_key_id
from tests.fakes.mishaps import Mishap
from tests.fakes.world import QUICK, World, configure, destination, rotation_id
from tests.unit.workflows.stepping import DAY, HOUR


async def seen(world: World, application: Application) -> EnrolmentOutlook:
    services = world.calm()
    return await outlook(services, await preview(services, Wish(application=application.object_id, by="anna")))


async def test_it_says_when_it_rotates_where_the_secret_goes_and_what_goes_when() -> None:
    world = World()
    application = world.add_application(ends_in=300 * DAY, secrets=2)
    assert world.usage is not None
    world.usage.see(application.client_id, application.secrets[0].key_id, START - DAY, origin="SharePoint")
    found = await seen(world, application)
    assert found.rotates_at is not None
    assert found.rotates == f"on {found.rotates_at:%Y-%m-%d}, or when somebody asks"
    assert [view.name for view in found.destinations] == ["store"]
    first, second = found.keys
    assert (first.used_for, first.last_used_at, second.last_used_at) == ("SharePoint", START - DAY, None)
    assert first.goes_from == found.rotates_at + 9 * DAY, "seven days of silence, told two days late"
    assert (
        first.fate == f"removed once everybody has switched and nobody uses it, not before {first.goes_from:%Y-%m-%d}"
    )


async def test_what_is_due_rotates_the_next_night() -> None:
    world = World()
    found = await seen(world, world.add_application(ends_in=20 * DAY))
    assert (found.rotates, found.rotates_at) == ("the next night, within the brakes", START)


async def test_what_may_not_be_opened_says_so_before_the_yes() -> None:
    world = World()
    application = world.add_application(ends_in=20 * DAY)
    world.directory.record(application.object_id).rules = CredentialRules(addition_forbidden=True)
    found = await seen(world, application)
    assert found.rotates.startswith("never, as it is: ")
    assert "policy-forbids" in found.rotates
    (key,) = found.keys
    assert key.fate == f"stays until it ends on {key.end_at:%Y-%m-%d}; evidence for an earlier removal cannot be had"


async def test_a_secret_that_never_ends_stays_until_somebody_says_so() -> None:
    world = World()
    application = make_application(1, Credential(key_id=make_key_id(1), end_at=NEVER))
    world.directory.add(application)
    found = await seen(world, application)
    assert found.rotates == "when somebody asks: its credential never ends"
    assert found.keys[0].fate == "stays until evidence allows its removal, or an operator says so"


@pytest.mark.parametrize("case", ["no source", "nobody", "outlasts"])
async def test_where_evidence_cannot_be_had_it_lapses(case: str) -> None:
    world = World()
    if case == "no source":
        world.use_sources(report=False)
    if case == "nobody":
        world.settings.now = configure()
    if case == "outlasts":
        world.change_terms(replace(QUICK, quiet=90 * DAY))
    (key,) = (await seen(world, world.add_application(ends_in=300 * DAY))).keys
    assert key.goes_from is None


async def test_where_the_enrolment_lets_the_clock_stand_it_goes_after_the_overlap() -> None:
    world = World()
    world.use_sources(report=False)
    world.change_terms(Terms(overlap=7 * DAY, retire=Retire.AFTER_OVERLAP))
    found = await seen(world, world.add_application(ends_in=300 * DAY))
    assert found.rotates_at is not None
    assert found.keys[0].goes_from == found.rotates_at + 7 * DAY


async def test_a_source_that_cannot_be_read_is_named() -> None:
    world = World()
    assert world.usage is not None
    world.usage.mishaps.plan("sightings", Mishap.UNAVAILABLE)
    found = await seen(world, world.add_application())
    assert len(found.usage.unread) == 1


async def test_open_hand_offs_are_listed_by_deadline_and_found_by_destination() -> None:
    world = World(configuration=configure(destination("siem", "person"), destination("other", "person")))
    application = world.add_application(ends_in=100 * DAY)
    await world.enrol(application)
    assert await hand_offs(world.calm()) == []
    await world.open(application)
    await world.run(HOUR)
    found = await hand_offs(world.calm())
    assert [each.destination for each in found] == ["other", "siem"]
    assert not found[0].overdue
    assert found[0].form.title == "Paste into other"
    one = await hand_off(world.calm(), rotation_id(world), DestinationName("siem"))
    assert one.destination == "siem"
    with pytest.raises(Refused) as several:
        await hand_off(world.calm(), rotation_id(world))
    assert several.value.reason == "ambiguous"
    with pytest.raises(NotFound) as none:
        await hand_off(world.calm(), rotation_id(world), DestinationName("store"))
    assert none.value.reason == "not-open"
    world.tables._rows("rotations").clear()
    assert await hand_offs(world.calm()) == [], "the index is behind the truth"
