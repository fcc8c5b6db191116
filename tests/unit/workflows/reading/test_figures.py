"""Figures, deadlines and exports: the same facts for machines, calendars and spreadsheets."""

import csv
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from rotation.domain.audience import Audience
from rotation.domain.brakes import NightState
from rotation.domain.credential import NEVER, Application, Credential
from rotation.domain.errors import NotFound
from rotation.domain.identifiers import AudienceName
from rotation.ledger import expiries as ledger
from rotation.ledger.expiries import Expiry
from rotation.notifications.feed import feed
from rotation.web.exposition import text_of
from rotation.workflows import feeds, operating
from rotation.workflows.auditing import LAG, copy_history
from rotation.workflows.facts import facts
from rotation.workflows.feeds import READ_AGAIN_AFTER, SECRET, opens, tokens
from rotation.workflows.reading import metrics as figures
from rotation.workflows.reading.deadlines import Deadline, deadlines
from rotation.workflows.reading.export import COLUMNS, Table, as_csv, as_json, csv_line, rows
from rotation.workflows.reading.metrics import Gauge, metrics
from rotation.workflows.reading.states import STATES
from rotation.workflows.scanning import WEEKLY, begin_scan
from tests.fakes.clock import START
from tests.fakes.directory_state import make_application, make_key_id
from tests.fakes.mishaps import Mishap
from tests.fakes.world import PEOPLE, VAULT, World, configure, destination
from tests.unit.workflows.stepping import DAY, HOUR

TEAM = AudienceName("siem-team")


async def opened(world: World, number: int = 1, *, ends_in: timedelta = 100 * DAY) -> Application:
    application = world.add_application(number, ends_in=ends_in)
    await world.enrol(application)
    await world.open(application)
    await world.run(HOUR)
    return application


async def told(world: World) -> dict[str, dict[str, float]]:
    found = await metrics(world.calm())
    return {gauge.name: {"/".join(labels.values()): value for labels, value in gauge.series} for gauge in found}


async def test_before_anything_there_are_figures_and_none_that_would_be_a_guess() -> None:
    found = await told(World())
    assert found["rotation_lines"] == dict.fromkeys(STATES, 0)
    assert found["rotation_needs"]["hand-off"] == 0
    assert "rotation_next_end_timestamp_seconds" not in found
    assert "rotation_pass_complete_timestamp_seconds" not in found
    assert "rotation_applications" not in found
    assert "rotation_canary_failed" not in found


async def test_a_night_in_figures() -> None:
    world = World(configuration=configure(destination("siem", "person")))
    world.add_application(3, ends_in=20 * DAY)
    first = await opened(world)
    await opened(world, 2)
    world.make_canary(first)
    await world.scan()
    found = await told(world)
    lines = found["rotation_line_end_timestamp_seconds"]
    assert set(lines) == {f"{each.id.application}/default/ours" for each in world.rotations()}
    assert min(lines.values()) > world.clock.now().timestamp()
    assert found["rotation_lines_untold"] == {"": 0}
    assert found["rotation_next_end_timestamp_seconds"] == {
        "ours": min(lines.values()),
        "unmanaged": (START + 20 * DAY).replace(hour=0, minute=0).timestamp(),
    }
    assert found["rotation_ends_within_30_days"] == {"certificates": 0, "ours": 0, "unmanaged": 1}
    assert found["rotation_needs"]["hand-off"] == 2
    assert found["rotation_hand_offs_overdue"] == {"": 0}
    assert set(found["rotation_pass_complete_timestamp_seconds"]) >= {"secrets", "usage"}
    assert found["rotation_picture_fresh"] == {"": 1}
    assert found["rotation_applications"] == {"": 3}
    assert found["rotation_canary_failed"] == {"": 0}
    assert set(found["rotation_night"]) == {"due", "opened", "left"}
    world.clock.advance(120 * DAY)
    assert (await told(world))["rotation_hand_offs_overdue"] == {"": 2}


async def test_what_stopped_and_what_holds_in_figures() -> None:
    world = World()
    application = world.add_application(ends_in=100 * DAY)
    await world.enrol(application)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.open(application)
    await world.run(HOUR)
    services = world.calm()
    assert (await told(world))["rotation_blocked"] == {"vault-refused": 1}
    await operating.pause(services, by="anna", reason="freeze")
    await services.control.breaker.change(lambda before: replace(before, open_reason="vault-refused"))
    world.make_canary(application)
    await world.scan()
    await services.control.night.change(
        lambda night: replace(night, state=NightState.STOPPED, why="it did not complete") if night else None
    )
    found = await told(world)
    assert found["rotation_paused"] == found["rotation_breaker_open"] == found["rotation_canary_failed"] == {"": 1}


async def test_only_so_many_lines_have_a_series_and_the_rest_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "LINES_TOLD", 1)
    world = World()
    await opened(world, 1)
    await opened(world, 2)
    never = make_application(3, Credential(key_id=make_key_id(3), end_at=NEVER))
    world.directory.add(never)
    await world.enrol(never)
    found = await told(world)
    assert len(found["rotation_line_end_timestamp_seconds"]) == 1
    assert found["rotation_lines_untold"] == {"": 1}


def test_figures_as_prometheus_reads_them() -> None:
    gauge = Gauge(
        name="a_b", says='Says "what"\nit \\ is.', series=(({}, 1.0), ({"x": 'q"\\\n', "y": "ü"}, 1772416800.5))
    )
    assert text_of([gauge]) == (
        '# HELP a_b Says "what"\\nit \\\\ is.\n# TYPE a_b gauge\na_b 1\na_b{x="q\\"\\\\\\n",y="ü"} 1772416800.5\n'
    )


async def end(world: World, number: int, ends_in: timedelta, **other: Any) -> None:
    usual = {"kind": "secret", "status": "monitored", "audience": "people", "credential_name": "by hand"}
    await ledger.put(
        world.tables,
        Expiry(
            object_id=f"a{number}",
            client_id="c",
            key_id=make_key_id(number),
            application=f"App {number}",
            end_at=START + ends_in,
            **{**usual, **other},
        ),
    )


async def test_deadlines_of_an_audience_and_of_all() -> None:
    place = replace(destination("siem", "person"), audience=TEAM)
    configuration = configure(place)
    world = World(
        configuration=replace(configuration, audiences={**configuration.audiences, TEAM: Audience(name=TEAM)})
    )
    await opened(world)
    await end(world, 1, 20 * DAY)
    await end(world, 2, 10 * DAY, kind="saml-certificate", audience="", credential_name="")
    await end(world, 3, -40 * DAY)
    await end(world, 4, -2 * DAY, status="foreign")
    await end(world, 5, 5 * DAY, status="current", line="default")
    await world.calm().control.breaker.change(lambda before: replace(before, open_reason="vault-refused"))
    found = await deadlines(world.calm())
    rotation = world.rotations()[0].id
    assert [each.uid for each in found] == [make_key_id(4), make_key_id(2), make_key_id(1), f"{rotation.ulid}.siem"]
    assert found[0].state == "expired"
    assert found[1].text == "saml certificate ends, and nobody rotates it"
    assert found[2].text == "secret 'by hand' ends, and nobody rotates it"
    assert (found[3].audience, found[3].link) == (TEAM, f"/hand-offs/{rotation}/siem")
    assert [each.uid for each in await deadlines(world.calm(), TEAM)] == [f"{rotation.ulid}.siem"]
    assert len(await deadlines(world.calm(), PEOPLE)) == 3
    with pytest.raises(NotFound) as none:
        await deadlines(world.calm(), AudienceName("nobody"))
    assert none.value.reason == "no-such-audience"


def test_a_feed_is_a_calendar_whose_entries_keep_their_uids() -> None:
    deadline = Deadline(
        uid="01J.siem",
        by=START + DAY,
        state="waiting",
        subject="Arctic Wolf\r\nX-EVIL:1",
        text="Paste; it, " + "x" * 600,
        link="/hand-offs/a/b",
        audience="people",
    )
    raw = feed([deadline], name="Rotation: people", said_at=START, site="https://rotation.example/")
    assert b"\r\nX-EVIL" not in raw
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    calendar = Calendar.from_ical(raw)
    (event,) = calendar.walk("VEVENT")
    assert event["uid"] == "01J.siem@rotation"
    assert event.decoded("dtstart") == (START + DAY).date()
    assert event["url"] == "https://rotation.example/hand-offs/a/b"
    assert str(event["summary"]).startswith("☞ Arctic Wolf")
    assert str(calendar["x-wr-calname"]) == "Rotation: people"
    (bare,) = Calendar.from_ical(feed([deadline], name="x", said_at=START)).walk("VEVENT")
    assert "url" not in bare


async def test_each_audience_has_an_address_that_only_its_own_token_opens() -> None:
    configuration = configure(destination("store"))
    world = World(
        configuration=replace(configuration, audiences={**configuration.audiences, TEAM: Audience(name=TEAM)})
    )
    services = world.calm()
    first = await tokens(services)
    assert set(first) == {PEOPLE, TEAM}
    assert await opens(services, PEOPLE, first[PEOPLE])
    assert not await opens(services, TEAM, first[PEOPLE])
    assert not await opens(services, PEOPLE, "ü")
    assert await tokens(world.calm()) == first, "another process gives the same"
    (version,) = await world.vaults.at(VAULT).versions(SECRET)
    await world.vaults.at(VAULT).disable(SECRET, version.version)
    assert await opens(services, PEOPLE, first[PEOPLE])
    world.clock.advance(READ_AGAIN_AFTER + timedelta(seconds=1))
    assert not await opens(services, PEOPLE, first[PEOPLE])
    assert feeds.SECRET not in str(first)


async def exported(world: World, table: Table) -> list[dict[str, str]]:
    text = "".join([line async for line in as_csv(table, rows(world.calm(), table))])
    found = list(csv.DictReader(text.splitlines()))
    whole = [row async for row in rows(world.calm(), table)]
    assert [list(row) for row in whole] == [list(COLUMNS[table])] * len(whole), "columns in their order"
    assert len(whole) == len(found)
    as_one = "".join([part async for part in as_json(table, rows(world.calm(), table))])
    assert json.loads(as_one) == {table: [facts(dict(row)) for row in whole]}
    return found


async def test_what_is_exported() -> None:
    world = World()
    with pytest.raises(NotFound):
        await exported(world, Table.CREDENTIALS)
    application = await opened(world)
    world.directory.add(make_application(9))
    idle = world.add_application(2, ends_in=300 * DAY)
    await world.enrol(idle)
    for name in WEEKLY:
        await begin_scan(world.services(), by="timer", passes=(name,))
    await world.scan()
    credentials = await exported(world, Table.CREDENTIALS)
    assert len(credentials) == 4
    of_one = {row["status"]: row for row in credentials if row["object_id"] == application.object_id}
    assert set(of_one) == {"current", "predecessor"}
    assert (of_one["current"]["enrolled"], of_one["current"]["disabled"], of_one["current"]["owners"]) == (
        "default",
        "no",
        "",
    )
    assert of_one["predecessor"]["ends_at"] == (START + 100 * DAY).isoformat().replace("+00:00", "Z")
    assert [row["key_id"] for row in credentials if row["name"] == "Application 9"] == [""]
    lines = await exported(world, Table.LINES)
    assert {row["name"]: (row["state"], bool(row["rotation"])) for row in lines} == {
        "Application 1": ("overlapping", True),
        "Application 2": ("healthy", False),
    }
    (rotation,) = await exported(world, Table.ROTATIONS)
    assert (rotation["rotation"], rotation["verified"]) == (str(world.rotations()[0].id), "1")


async def test_the_audit_trail_is_exported_from_the_place_that_only_grows() -> None:
    world = World()
    assert await exported(world, Table.AUDIT) == []
    application = await opened(world)
    await operating.pause(world.calm(), by="test", reason="freeze", where="terminal")
    world.clock.advance(LAG + timedelta(seconds=1))
    await copy_history(world.calm())
    found = await exported(world, Table.AUDIT)
    assert {"enrolled", "planned", "overlapping"} <= {row["what"] for row in found}
    (enrolled,) = [row for row in found if row["what"] == "enrolled"]
    assert (enrolled["object_id"], enrolled["by"]) == (application.object_id, "test")
    assert "line=default" in enrolled["facts"]
    (paused,) = [row for row in found if row["what"] == "paused"]
    assert (paused["object_id"], paused["where"], paused["facts"]) == ("", "terminal", "reason=freeze")


async def test_the_audit_trail_begins_with_the_day_on_which_something_happened_not_was_copied() -> None:
    world = World()
    await world.enrol(world.add_application(1))
    world.clock.advance(DAY)
    await world.enrol(world.add_application(2))
    world.clock.advance(LAG + timedelta(seconds=1))
    await copy_history(world.calm())
    since = (START + DAY).date()
    found = [row async for row in rows(world.calm(), Table.AUDIT, since=since)]
    assert [row["what"] for row in found].count("enrolled") == 1
    assert len(found) < len([row async for row in rows(world.calm(), Table.AUDIT)])


async def test_owners_that_nobody_has_read_are_not_exported_as_none() -> None:
    world = World()
    world.add_application()
    await world.scan()
    (row,) = [row async for row in rows(world.calm(), Table.CREDENTIALS)]
    assert row["owners"] is None


def test_no_cell_is_a_formula() -> None:
    assert csv_line(["=cmd()", "+1", "-1", "@x", 'a,"b"', None, True, 3, START]) == (
        '\'=cmd(),\'+1,\'-1,\'@x,"a,""b""",,yes,3,2026-03-02T02:00:00Z\r\n'
    )
    assert csv_line([" =cmd()", "\t=1", {"b": 1, "=a": "x"}]) == "' =cmd(),' =1,'=a=x; b=1\r\n"


def test_a_name_breaks_no_row_and_tells_a_terminal_nothing() -> None:
    assert csv_line(["a\nb", "\x1b]0;x\x07", "Zoë"]) == "a b, ]0;x ,Zoë\r\n"


async def test_a_storage_that_does_not_answer_is_no_figure() -> None:
    world = World()
    world.tables.mishaps.plan("query", Mishap.DENIED)
    with pytest.raises(Exception, match="denies"):
        await metrics(world.calm())
