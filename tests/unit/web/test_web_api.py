"""Promises of the HTTP API, kept over fakes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.line import Reason
from rotation.domain.messages import read_rotation, read_scan
from rotation.ledger import keys
from rotation.web import brakes, health, lines, rotations, scans
from rotation.web.principal import Principal, Role
from rotation.workflows import operating
from rotation.workflows.opening import Ask, Opened, open_rotation
from tests.fakes.mishaps import Mishap
from tests.fakes.world import World, configure, destination
from tests.unit.web.caller import call

NOWHERE = "ffffffff-0000-4000-8000-000000000000"
PERSON = Principal(name="ada@contoso.example", kind="person", object_id="ada", roles=frozenset({Role.OPERATOR}))


@pytest.fixture
def world() -> World:
    return World()


async def test_a_scan_is_accepted_with_its_address_and_nudged(world: World) -> None:
    answer = await call(world, scans.begin, {"dryRun": True}, by=PERSON)
    assert answer.status == 202
    assert answer.headers["Location"] == f"/api/scans/{answer.body['scan']}"
    assert read_scan(world.queues.texts(keys.QUEUE_SCANS)[-1]).scan == answer.body["scan"]
    report = await call(world, scans.report, route={"id": answer.body["scan"]})
    assert report.status == 200
    assert report.body["asked_by"] == "ada@contoso.example"
    assert report.body["dry_run"] is True
    assert report.body["finished_at"] is None


async def test_a_scan_needs_no_body_and_knows_that_only_a_key_asked(world: World) -> None:
    answer = await call(world, scans.begin)
    report = await call(world, scans.report, route={"id": answer.body["scan"]})
    assert report.body["asked_by"] == "function key"
    assert report.body["passes"] == ["secrets", "usage"]


async def test_a_finished_scan_tells_its_counts_and_what_is_due(world: World) -> None:
    await world.enrol(world.add_application())
    answer = await call(world, scans.begin, {"dryRun": True})
    await world.run(timedelta(minutes=1))
    report = await call(world, scans.report, route={"id": answer.body["scan"].lower()})
    assert report.body["complete"] is True
    assert report.body["counts"]["applications"] == 1
    assert [due["application"] for due in report.body["due"]] == ["Application 1"]


@pytest.mark.parametrize(("scan", "status"), [("01ARZ3NDEKTSV4RRFFQ69G5FAV", 404), ("tonight", 400)])
async def test_a_scan_that_is_none_is_told_so(world: World, scan: str, status: int) -> None:
    answer = await call(world, scans.report, route={"id": scan})
    assert answer.status == status


async def test_lines_are_listed_most_urgent_first(world: World) -> None:
    fine, late = world.add_application(1, ends_in=timedelta(days=150)), world.add_application(2)
    await world.enrol(fine)
    await world.enrol(late)
    await open_rotation(world.services(), (await world.line(late)).id, Ask(by="x", reason=Reason.REQUESTED))
    answer = await call(world, lines.everything)
    assert [(line["name"], line["state"]) for line in answer.body["lines"]] == [
        ("Application 2", "under-way"),
        ("Application 1", "healthy"),
    ]


@pytest.mark.parametrize("by", ["object_id", "client_id"])
async def test_an_enrolment_can_be_previewed_by_either_id(world: World, by: str) -> None:
    application = world.add_application()
    answer = await call(world, lines.enrol, {"application": getattr(application, by), "preview": True})
    assert answer.status == 200
    assert answer.body["name"] == "Application 1"
    assert [secret["key_id"] for secret in answer.body["handed_over"]] == [application.secrets[0].key_id]
    assert answer.body["refusals"] == []
    assert answer.body["remedy"] == f"rotation enrol {application.object_id} --line default"
    assert not [line async for line in world.services().lines.all()]


async def test_an_application_can_be_named_once_a_scan_has_seen_it(world: World) -> None:
    world.add_application()
    await world.scan()
    answer = await call(world, lines.enrol, {"application": "Application 1", "preview": True})
    assert answer.status == 200
    assert (await call(world, lines.enrol, {"application": "Application", "preview": True})).status == 404


async def test_a_name_that_two_applications_bear_is_refused_with_their_ids(world: World) -> None:
    one, other = world.add_application(1), world.add_application(2)
    world.directory.change(replace(other, display_name=one.display_name))
    await world.scan()
    answer = await call(world, lines.enrol, {"application": one.display_name, "preview": True})
    assert (answer.status, answer.slug) == (409, "ambiguous")
    assert sorted(answer.body["facts"]["object_ids"]) == sorted([one.object_id, other.object_id])


@pytest.mark.parametrize("body", [{}, {"preview": False}])
async def test_enrolling_over_http_is_forbidden_and_names_the_command(world: World, body: dict[str, object]) -> None:
    application = world.add_application()
    answer = await call(world, lines.enrol, {"application": application.object_id} | body)
    assert (answer.status, answer.slug) == (403, "enrol-at-terminal")
    assert answer.body["remedy"] == f"rotation enrol {application.object_id} --line default"
    assert not [line async for line in world.services().lines.all()]


async def test_a_rotation_is_accepted_with_its_address_and_nudged(world: World) -> None:
    application = world.add_application()
    await world.enrol(application)
    answer = await call(world, rotations.begin, {"application": application.client_id}, by=PERSON)
    assert answer.status == 202
    assert answer.headers["Location"] == f"/api/rotations/{answer.body['rotation']}"
    assert str(read_rotation(world.queues.texts(keys.QUEUE_ROTATIONS)[-1])) == answer.body["rotation"]
    report = await call(world, rotations.report, route={"id": answer.body["rotation"].lower()})
    assert (report.body["phase"], report.body["asked_by"]) == ("planned", "ada@contoso.example")
    assert report.body["journey"][0] == ["planned", "now"]


async def test_a_rotation_is_followed_to_its_end(world: World) -> None:
    application = world.add_application()
    await world.enrol(application)
    answer = await call(world, rotations.begin, {"application": application.object_id})
    await world.run(timedelta(hours=1))
    report = await call(world, rotations.report, route={"id": answer.body["rotation"]})
    assert report.body["phase"] == "overlapping"
    assert [(each["destination"], each["level"]) for each in report.body["deliveries"]] == [("store", "stored")]
    assert application.secrets[0].key_id in report.body["missing"]
    assert ["overlapping", "now"] in report.body["journey"]
    assert {"planned", "proven", "published", "delivery.verified"} <= {event["what"] for event in report.body["events"]}
    assert not any(text in str(report.body) for text in world.texts())


async def test_an_unknown_application_is_not_found(world: World) -> None:
    answer = await call(world, rotations.begin, {"application": NOWHERE}, path="/api/rotations")
    assert (answer.status, answer.slug) == (404, "no-such-application")
    assert answer.body["instance"] == "/api/rotations"


async def test_a_line_that_no_policy_names_is_not_found(world: World) -> None:
    application = world.add_application()
    answer = await call(world, rotations.begin, {"application": application.object_id, "line": "reports"})
    assert (answer.status, answer.slug) == (404, "no-such-line")


async def test_a_line_that_nobody_enrolled_is_refused_with_the_command_that_enrols(world: World) -> None:
    application = world.add_application()
    answer = await call(world, rotations.begin, {"application": application.object_id})
    assert (answer.status, answer.slug) == (409, "not-enrolled")
    assert answer.body["remedy"] == f"rotation enrol {application.object_id} --line default"


async def test_a_second_request_is_refused_with_the_address_of_the_first(world: World) -> None:
    application = world.add_application()
    await world.enrol(application)
    first = await call(world, rotations.begin, {"application": application.object_id})
    second = await call(world, rotations.begin, {"application": application.object_id})
    assert (second.status, second.slug) == (409, "already-open")
    assert second.body["facts"]["address"] == first.headers["Location"]
    assert '"succeed": true' in second.body["remedy"]


async def test_a_published_rotation_yields_when_told(world: World) -> None:
    application = world.add_application()
    await world.enrol(application)
    first = await call(world, rotations.begin, {"application": application.object_id})
    await world.run(timedelta(hours=1))
    second = await call(world, rotations.begin, {"application": application.object_id, "succeed": True})
    assert second.status == 202
    assert second.body["rotation"] != first.body["rotation"]


async def test_a_compromise_cannot_be_declared_with_a_key(world: World) -> None:
    application = world.add_application()
    await world.enrol(application)
    answer = await call(world, rotations.begin, {"application": application.object_id, "reason": "compromised"})
    assert (answer.status, answer.slug) == (403, "compromised-at-terminal")
    assert "--reason compromised --burnt" in answer.body["remedy"]
    assert world.rotations() == []


async def test_a_pause_stops_new_rotations_and_resume_lets_them_begin(world: World) -> None:
    application = world.add_application()
    await world.enrol(application)
    paused = await call(world, brakes.pause, {"reason": "change freeze"}, by=PERSON)
    assert (paused.body["paused"]["by"], paused.body["paused"]["reason"]) == ("ada@contoso.example", "change freeze")
    refused = await call(world, rotations.begin, {"application": application.object_id})
    assert (refused.status, refused.slug) == (409, "not-opened")
    assert refused.body["detail"] == "paused"
    resumed = await call(world, brakes.resume, {"reason": "freeze is over"})
    assert resumed.body["paused"] is None
    assert (await call(world, rotations.begin, {"application": application.object_id})).status == 202


async def test_resume_leaves_an_open_breaker_open_and_says_so(world: World) -> None:
    await world.services().control.breaker.change(lambda before: replace(before, open_reason="access-denied"))
    answer = await call(world, brakes.resume, {"reason": "go on"})
    assert answer.body["breaker"] == "access-denied"
    assert answer.body["remedy"] == "rotation resume --breaker"


@pytest.mark.parametrize(("rotation", "status"), [(f"{NOWHERE}.01ARZ3NDEKTSV4RRFFQ69G5FAV", 404), ("mine", 400)])
async def test_a_rotation_that_is_none_is_told_so(world: World, rotation: str, status: int) -> None:
    assert (await call(world, rotations.report, route={"id": rotation})).status == status


async def test_a_hand_off_is_shown_with_its_fields_and_questions() -> None:
    world = World(configuration=configure(destination("wolf", "person")))
    application = world.add_application()
    await world.enrol(application)
    answer = await call(world, rotations.begin, {"application": application.object_id})
    await world.run(timedelta(hours=1))
    report = await call(world, rotations.report, route={"id": answer.body["rotation"]})
    hand_off = report.body["deliveries"][0]["hand_off"]
    assert hand_off["questions"] == ["Did you test the connection?", "Did you save?"]
    assert (await call(world, lines.everything)).body["lines"][0]["state"] == "waiting"


async def test_health_is_well_after_a_complete_scan(world: World) -> None:
    await world.scan()
    answer = await call(world, health.report)
    assert (answer.status, answer.body["healthy"]) == (200, True), answer.body
    assert {check["name"] for check in answer.body["checks"]} == {
        "storage",
        "vault",
        "graph",
        "configuration",
        "scan",
        "rotations",
        "brakes",
    }


async def test_health_is_ill_when_a_night_was_missed(world: World) -> None:
    await world.scan()
    world.clock.advance(timedelta(hours=40))
    answer = await call(world, health.report)
    assert answer.status == 503
    assert [check["name"] for check in answer.body["checks"] if not check["healthy"]] == ["scan"]


async def test_health_names_what_does_not_answer(world: World) -> None:
    await world.scan()
    world.vaults.memory(world.services().vault_url).refusing = "vault-refused"
    world.directory.reads.always("application", Mishap.DENIED)
    answer = await call(world, health.report)
    ill = {check["name"]: check["says"] for check in answer.body["checks"] if not check["healthy"]}
    assert set(ill) == {"vault", "graph"}
    assert ill["graph"].startswith("access-denied: ")


async def test_a_pause_is_told_by_health_and_is_no_illness(world: World) -> None:
    await world.scan()
    await operating.pause(world.services(), by="ada", reason="freeze")
    answer = await call(world, health.report)
    assert answer.status == 200
    assert "paused by ada: freeze" in str(answer.body["checks"])


async def test_opened_is_what_the_ledger_has(world: World) -> None:
    application = world.add_application()
    await world.enrol(application)
    opened = await open_rotation(
        world.services(), (await world.line(application)).id, Ask(by="x", reason=Reason.REQUESTED)
    )
    assert isinstance(opened, Opened)
    report = await call(world, rotations.report, route={"id": str(opened.rotation)})
    assert report.body["id"] == str(opened.rotation)
