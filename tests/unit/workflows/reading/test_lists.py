"""Lists: end dates, rotations, scans, destinations, the audit trail; filtered, sorted, page by page."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rotation.domain.credential import NEVER, Application
from rotation.domain.errors import Misread, NotFound
from rotation.domain.holding import Pin
from rotation.domain.identifiers import DestinationName, KeyId, LineId, SecretVersion
from rotation.ledger import application as rows
from rotation.ledger import expiries as ledger
from rotation.ledger import keys
from rotation.ledger.expiries import Expiry
from rotation.ports.tables import Upsert
from rotation.workflows import operating
from rotation.workflows.reading.audit import audit
from rotation.workflows.reading.destinations import destinations, held_at
from rotation.workflows.reading.expiries import Asked, What, expiries
from rotation.workflows.reading.lists import RotationsAsked, rotations
from rotation.workflows.reading.paging import Paged, paged
from rotation.workflows.reading.scans import scans
from rotation.workflows.scanning import begin_scan
from tests.fakes.clock import START
from tests.fakes.mishaps import Mishap
from tests.fakes.world import LINE, VAULT, World, configure, destination
from tests.unit.workflows.stepping import DAY, HOUR

STORE = DestinationName("store")


async def put(world: World, number: int, ends_in: timedelta | None, **told: Any) -> None:
    usual = {"kind": "secret", "status": "monitored", "policy": "ours", "audience": "people"}
    expiry = Expiry(
        object_id=f"a000000{number}-0000-4000-8000-000000000000",
        client_id="c",
        key_id=KeyId(f"key-{number}"),
        application=f"Application {number}",
        end_at=NEVER if ends_in is None else START + ends_in,
        **{**usual, **told},
    )
    await ledger.put(world.tables, expiry)


async def some_ends(world: World) -> None:
    await put(world, 1, 20 * DAY)
    await put(world, 2, 2 * DAY, kind="certificate", policy="", audience="")
    await put(world, 3, -3 * DAY, status="foreign")
    await put(world, 4, 90 * DAY, status="current", line="default")
    await put(world, 5, None, status="predecessor", line="default")
    await put(world, 6, 21 * DAY, status="ignored", policy="other")


def keys_of(page: Paged[Any]) -> list[str]:
    return [row.key_id.removeprefix("key-") for row in page.rows]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Asked(), "321645"),
        (Asked(what=What.UNMANAGED), "31"),
        (Asked(what=What.OURS), "45"),
        (Asked(what=What.CERTIFICATES), "2"),
        (Asked(first=START, last=START + 21 * DAY), "21"),
        (Asked(first=START, last=NEVER), "2164"),
        (Asked(last=START), "3"),
        (Asked(policy="other"), "6"),
        (Asked(audience="people", status="foreign"), "3"),
        (Asked(kind="certificate"), "2"),
        (Asked(week="2026-W13"), "6"),
        (Asked(week="2026-W02"), ""),
    ],
)
async def test_end_dates_that_are_asked_for(asked: Asked, found: str) -> None:
    world = World()
    await some_ends(world)
    assert "".join(keys_of(await expiries(world.calm(), asked))) == found


async def test_an_end_date_says_what_it_means() -> None:
    world = World()
    await some_ends(world)
    told = {row.key_id: row for row in (await expiries(world.calm())).rows}
    assert (told["key-3"].state, told["key-3"].says) == ("expired", "expired 3 days ago")
    assert told["key-1"].says == "expires in 20 days, nobody rotates it"
    assert (told["key-5"].end_at, told["key-5"].says) == (None, "never ends")
    assert told["key-1"].link == "/applications/a0000001-0000-4000-8000-000000000000"


async def test_end_dates_come_page_by_page_from_one_query_each() -> None:
    world = World()
    await some_ends(world)
    calls: list[str] = []
    world.watch = lambda call, _arguments: calls.append(call)
    first = await expiries(world.calm(), limit=4)
    assert (keys_of(first), first.found) == (list("3216"), 6)
    second = await expiries(world.calm(), limit=4, cursor=first.following)
    assert (keys_of(second), second.following) == (list("45"), None)
    assert calls == ["MemoryTables.query"] * 2


@pytest.mark.parametrize("week", ["2026-W60", "2026", "x-W01", "2026-W1; drop"])
async def test_what_is_no_week_is_misread(week: str) -> None:
    with pytest.raises(Misread):
        await expiries(World().calm(), Asked(week=week))


@pytest.mark.parametrize("cursor", ["é", "a", "!!!!", "_w", "A" * 2000])
def test_what_is_no_cursor_is_misread(cursor: str) -> None:
    with pytest.raises(Misread):
        paged(["a"], str, cursor=cursor)


async def opened(world: World, number: int = 1) -> Application:
    application = world.add_application(number, ends_in=100 * DAY)
    await world.enrol(application)
    await world.open(application)
    await world.run(HOUR)
    return application


async def test_rotations_by_what_they_need_and_when_they_moved() -> None:
    world = World()
    for number in (1, 2):
        await opened(world, number)
    refused = world.add_application(3, ends_in=100 * DAY)
    await world.enrol(refused)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.open(refused)
    await world.run(HOUR)
    services = world.calm()

    async def names(**asked: Any) -> list[str]:
        found = await rotations(services, RotationsAsked(**asked))
        return [each.name for each in found.page.rows]

    assert await names() == ["Application 3", "Application 2", "Application 1"]
    assert await names(open=False) == []
    assert len(await names(open=True)) == 3
    assert await names(reason="vault-refused") == await names(state="blocked") == ["Application 3"]
    assert await names(text="PPLICATION 1") == ["Application 1"]
    assert await names(text=world.rotations()[1].id.ulid) == ["Application 2"]
    assert await names(since=world.clock.now() - HOUR) == ["Application 3"]
    first = await rotations(services, limit=1)
    assert first.stopped == {"vault-refused": 1}
    second = await rotations(services, limit=9, cursor=first.page.following)
    assert [each.name for each in second.page.rows] == ["Application 2", "Application 1"]


async def test_rotations_that_are_done() -> None:
    world = World()
    await opened(world)
    other = world.add_application(2, ends_in=300 * DAY)
    await world.enrol(other)
    await world.nights(56)
    found = await rotations(world.calm(), RotationsAsked(open=False, state="done"))
    assert [each.name for each in found.page.rows] == ["Application 1"], "a line without a rotation has none to list"


async def test_scans_newest_first_with_how_they_ended() -> None:
    world = World()
    await begin_scan(world.calm(), by="anna", dry_run=True)
    world.clock.advance(timedelta(seconds=1))
    await world.scan()
    world.clock.advance(DAY)
    world.directory.reads.always("applications", Mishap.UNAVAILABLE)
    await world.scan()
    waiting = await begin_scan(world.calm(), by="anna")
    found = await scans(world.calm())
    assert found.rows[0].id == waiting
    assert (found.rows[0].state, found.rows[0].says, found.rows[0].took) == ("under-way", "waits for its turn", None)
    nightly = [row for row in found.rows if "secrets" in row.passes and row.finished_at]
    assert [row.state for row in nightly] == ["blocked", "done", "done"]
    assert nightly[0].says.startswith("incomplete: secrets: ")
    assert (nightly[1].says, nightly[2].dry_run) == ("complete", True)
    assert nightly[1].took is not None
    assert nightly[1].link == f"/scans/{nightly[1].id}"
    assert (
        found.rows[1:]
        == (await scans(world.calm(), limit=99, cursor=(await scans(world.calm(), limit=1)).following)).rows
    )
    assert len((await scans(world.calm(), since=world.clock.now())).rows) == 3


async def test_destinations_with_how_many_lines_stand_how() -> None:
    world = World(configuration=configure(destination("store"), destination("siem", "person")))
    world.integrations.kinds["automatic"].mishaps.plan("deliver", Mishap.DENIED)
    await opened(world)
    idle = world.add_application(2, ends_in=300 * DAY)
    await world.enrol(idle)
    store, siem = await destinations(world.calm())
    assert (store.view.name, store.lines, store.stopped, store.waiting) == ("store", 2, 1, 0)
    assert (siem.lines, siem.stopped, siem.waiting) == (2, 0, 1)
    assert store.link == "/destinations/store"


async def test_what_a_destination_holds_of_each_line() -> None:
    world = World()
    application = await opened(world, 2)
    idle = world.add_application(1, ends_in=300 * DAY)
    await world.enrol(idle)
    first = await held_at(world.calm(), STORE, limit=1)
    (nothing,) = first.rows
    assert (nothing.name, nothing.key_id, nothing.current, nothing.level, nothing.verified_at) == (
        "Application 1",
        None,
        False,
        "",
        None,
    )
    (held,) = (await held_at(world.calm(), STORE, cursor=first.following)).rows
    assert (held.application, held.current, held.level) == (application.object_id, True, "stored: read back")
    assert held.verified_at is not None
    assert (held.pinned, held.unseen_since, held.delivery) == ("", None, "")
    with pytest.raises(NotFound) as none:
        await held_at(world.calm(), DestinationName("nowhere"))
    assert none.value.reason == "no-such-destination"


async def test_a_destination_that_was_taken_back_to_an_older_version_says_by_whom() -> None:
    world = World()
    application = await opened(world)
    first = (await world.line(application)).version
    assert first is not None
    await world.open(application, succeed=True)
    await world.run(HOUR)
    await go_back(world, application, first)
    (held,) = (await held_at(world.calm(), STORE)).rows
    assert held.pinned == "pinned by anna: the new one fails"


async def go_back(world: World, application: Application, version: str) -> None:
    """Pin the destination's own row, as `rotation destinations back` does."""
    line = await world.line(application)
    holding = await rows.holding(world.tables, LineId(application.object_id, LINE), STORE)
    assert holding is not None
    assert line.current is not None
    pin = Pin(version=SecretVersion(version), over=line.current, by="anna", at=START, why="the new one fails")
    change = Upsert(key=keys.holding(LINE, STORE), values=rows.HOLDING.columns(replace(holding, pinned=pin)))
    world.tables._apply(keys.ROTATIONS, application.object_id, [change])


async def test_the_audit_trail_of_the_deployment_and_of_one_application() -> None:
    world = World()
    await operating.pause(world.calm(), by="anna", reason="change freeze")
    world.clock.advance(HOUR)
    await operating.resume(world.calm(), by="bo", reason="over")
    application = await opened(world)
    ours = await audit(world.calm())
    assert [row.event.what for row in ours.rows][-2:] == ["resumed", "paused"]
    assert ours.rows[-1].event.facts["by"] == "anna"
    assert ours.rows[-1].application == ""
    theirs = await audit(world.calm(), of=application.object_id, limit=2)
    assert theirs.found > 2
    rest = await audit(world.calm(), of=application.object_id, limit=500, cursor=theirs.following)
    assert rest.rows[-1].event.what == "enrolled"
    assert rest.rows[-1].application == application.object_id
    world.clock.advance(31 * DAY)
    assert (await audit(world.calm())).rows == ()
    assert (await audit(world.calm(), since=START)).found == ours.found
