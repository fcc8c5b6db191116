"""An operator goes back to an older secret on purpose; everywhere else older never overwrites newer."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.errors import NotFound, Refused
from rotation.domain.identifiers import DestinationName, KeyId, LineId, SecretVersion
from rotation.domain.line import Reason
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.domain.window import Window
from rotation.ports.vault import NewVersion
from rotation.workflows.going_back import Wish, go_back, preview
from rotation.workflows.operating import pause, resume, retry
from rotation.workflows.resuming import look_again
from rotation.workflows.retire_now import retire
from tests.fakes.mishaps import Mishap
from tests.fakes.world import LINE, VAULT, World, configure, destination

DAY = timedelta(days=1)
STORE, SECOND, PORTAL = destination("store"), destination("second"), destination("portal", "person")
WHY = "the new one breaks it"


async def twice(*destinations: Destination) -> tuple[World, Application]:
    """Rotate one line twice; the first of our secrets is still valid."""
    world = World(configuration=configure(*(destinations or (STORE, SECOND))))
    application = world.add_application(ends_in=300 * DAY)
    await world.enrol(application)
    for _time in range(2):
        await world.open(application, succeed=True)
        await world.run(timedelta(hours=2))
    return world, application


def wish(world: World, application: Application, *names: str, place: int = 0) -> Wish:
    publication = world.rotations()[place].publication
    assert publication is not None
    line = LineId(application.object_id, LINE)
    return Wish(line=line, version=publication.version, destinations=tuple(map(DestinationName, names)))


async def back(world: World, application: Application, *names: str) -> None:
    await go_back(world.services(), wish(world, application, *names), by="anna", why=WHY)
    await world.run(timedelta(hours=1))


async def phases(world: World, place: int) -> dict[str, str]:
    rotation = world.rotations()[place]
    record = await world.record(rotation.id.application)
    return {name: stored.delivery.phase.phase for name, stored in record.deliveries_of(rotation.id.ulid).items()}


def minted(world: World, place: int) -> str:
    found = world.rotations()[place].minted
    assert found is not None
    return found.key_id


async def test_the_preview_tells_and_writes_nothing() -> None:
    world, application = await twice()
    rows = world.tables.all_rows("rotations")
    seen = await preview(world.services(), wish(world, application))
    assert [place.name for place in seen.places] == ["store", "second"]
    assert seen.key_id == minted(world, 0)
    assert {place.holds for place in seen.places} == {seen.current_version}
    assert seen.brake == ""
    assert world.tables.all_rows("rotations") == rows


async def test_only_the_destinations_that_are_named_go_back_and_who_said_so_is_recorded() -> None:
    world, application = await twice()
    await back(world, application, "store")
    assert (world.stored("store"), world.stored("second")) == (minted(world, 0), minted(world, 1))
    record = await world.record(application.object_id)
    pin = record.holdings[LINE, STORE.name].pinned
    assert pin is not None
    assert (pin.by, pin.why, pin.over) == ("anna", WHY, minted(world, 1))
    assert "went-back" in world.events()


async def test_no_night_heals_it_forward_and_nothing_old_is_removed() -> None:
    world, application = await twice()
    await back(world, application)
    await world.nights(60)
    assert world.stored("store") == minted(world, 0)
    assert await phases(world, 1) == {"store": "blocked", "second": "blocked"}
    assert world.directory.removed == []
    assert world.directory.truth(application.object_id).holds(wish_key(world))


def wish_key(world: World) -> KeyId:
    publication = world.rotations()[0].publication
    assert publication is not None
    return publication.minted.key_id


async def test_the_next_rotation_ends_it() -> None:
    world, application = await twice()
    await back(world, application)
    await world.open(application, succeed=True)
    await world.run(timedelta(hours=2))
    assert world.stored("store") == minted(world, 2)
    record = await world.record(application.object_id)
    assert record.holdings[LINE, STORE.name].pinned is None
    assert await phases(world, 2) == {"store": "verified", "second": "verified"}


async def test_a_person_goes_forward_again_and_the_night_does_not() -> None:
    world, application = await twice(STORE)
    await back(world, application)
    await look_again(world.services())
    await world.run(timedelta(hours=1))
    assert world.stored("store") == minted(world, 0)
    await retry(world.services(), world.rotations()[1].id, by="anna")
    await world.run(timedelta(hours=1))
    assert world.stored("store") == minted(world, 1)
    await world.nights(2)
    assert world.stored("store") == minted(world, 1)


async def test_a_word_that_was_taken_back_before_it_was_done_is_not_done_later() -> None:
    world, application = await twice(STORE)
    await pause(world.services(), by="anna", reason="look")
    await go_back(world.services(), wish(world, application), by="anna", why=WHY)
    await world.run(timedelta(minutes=20))
    assert world.stored("store") == minted(world, 1), "pause holds it"
    await retry(world.services(), world.rotations()[1].id, by="anna")
    await resume(world.services(), by="anna", reason="over")
    await world.run(timedelta(hours=1))
    assert world.stored("store") == minted(world, 1)
    assert (await phases(world, 0))["store"] == "cancelled"


async def test_a_newer_secret_published_meanwhile_ends_a_word_that_was_not_done() -> None:
    world, application = await twice(STORE)
    kind = world.integrations.kinds["automatic"]
    kind.mishaps.always("deliver", Mishap.UNAVAILABLE)
    await go_back(world.services(), wish(world, application), by="anna", why=WHY)
    await world.open(application, succeed=True)
    await world.run(timedelta(minutes=30))
    kind.mishaps.always("deliver", None)
    await world.run(timedelta(hours=3))
    assert world.stored("store") == minted(world, 2)
    assert (await phases(world, 0))["store"] == "cancelled"


async def test_what_a_person_asks_for_passes_the_window() -> None:
    world, application = await twice(STORE)
    world.integrations.kinds["automatic"].restarts = True
    world.change_policy(window=Window(opens=time(12), closes=time(12, 5)))
    await back(world, application)
    assert world.stored("store") == minted(world, 0)


async def test_what_asks_for_approval_waits_for_it() -> None:
    world, application = await twice(STORE)
    world.name_destinations(replace(STORE, approval=True))
    await back(world, application)
    assert (await phases(world, 0))["store"] == "awaiting-approval"
    assert world.stored("store") == minted(world, 1)


async def refused(world: World, application: Application, wanted: Wish) -> Refused:
    with pytest.raises(Refused) as error:
        await go_back(world.services(), wanted, by="anna", why=WHY)
    assert await phases(world, 1) in ({"store": "verified"}, {"store": "verified", "second": "verified"})
    return error.value


async def test_a_version_that_cannot_be_used_is_refused_with_the_reason() -> None:
    world, application = await twice(STORE)
    known = wish(world, application)
    current = wish(world, application, place=1)
    assert "the current one" in (await refused(world, application, current)).message
    unknown = replace(known, version=SecretVersion("f" * 32))
    assert "is not in" in (await refused(world, application, unknown)).message
    name = (await world.line(application)).enrolment.secret_name
    await world.vaults.at(VAULT).disable(name, known.version)
    found = await refused(world, application, known)
    assert (found.reason, "not enabled" in found.message) == ("version-unusable", True)


async def test_a_secret_whose_credential_is_gone_is_refused() -> None:
    world, application = await twice(STORE)
    world.directory.drop_secret(application.object_id, wish_key(world))
    assert "credential is gone" in (await refused(world, application, wish(world, application))).message


async def test_a_secret_that_has_ended_is_refused() -> None:
    world, application = await twice(STORE)
    world.clock.advance(190 * DAY)
    with pytest.raises(Refused, match="ended on"):
        await go_back(world.services(), wish(world, application), by="anna", why=WHY)


async def test_a_secret_that_was_declared_burnt_is_refused() -> None:
    world, application = await twice(STORE)
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.UNAVAILABLE)
    await world.open(application, Reason.COMPROMISED, burnt=(wish_key(world),))
    await world.run(timedelta(minutes=30))
    with pytest.raises(Refused, match="compromised"):
        await go_back(world.services(), wish(world, application), by="anna", why=WHY)


async def test_what_only_a_person_delivers_to_is_refused_and_left_out() -> None:
    world, application = await twice(STORE, PORTAL)
    with pytest.raises(Refused) as error:
        await go_back(world.services(), wish(world, application, "portal"), by="anna", why=WHY)
    assert error.value.reason == "by-hand"
    await back(world, application)
    assert world.stored("store") == minted(world, 0)
    assert (await phases(world, 1))["portal"] == "awaiting-person"


async def test_a_destination_that_is_not_the_lines_is_not_found() -> None:
    world, application = await twice(STORE)
    with pytest.raises(NotFound) as error:
        await go_back(world.services(), wish(world, application, "elsewhere"), by="anna", why=WHY)
    assert error.value.reason == "no-such-destination"


async def test_a_version_of_no_rotation_of_this_line_is_refused() -> None:
    world, application = await twice(STORE)
    name = (await world.line(application)).enrolment.secret_name
    stranger = NewVersion(text=SecretText("somebody else's"), tags={})
    version = await world.vaults.at(VAULT).write(name, stranger)
    wanted = replace(wish(world, application), version=version)
    assert "no rotation of this line" in (await refused(world, application, wanted)).message


async def test_a_secret_that_an_operator_lets_go_is_refused() -> None:
    world, application = await twice(STORE)
    world.sign_in.mishaps.always("prove", Mishap.UNAVAILABLE)
    await retire(world.services(), world.rotations()[1].id, [wish_key(world)], by="anna", why="gone")
    assert "being removed" in (await refused(world, application, wish(world, application))).message


async def test_a_line_that_is_not_enrolled_or_has_nothing_of_ours_is_told_so() -> None:
    world = World(configuration=configure(STORE))
    application = world.add_application(ends_in=300 * DAY)
    nothing = Wish(line=LineId(application.object_id, LINE), version=SecretVersion("f" * 32))
    with pytest.raises(NotFound):
        await preview(world.services(), nothing)
    await world.enrol(application)
    with pytest.raises(Refused, match="nothing that we published"):
        await preview(world.services(), nothing)
