"""Lists: pages, filters, tags; and what is told of the whole deployment."""

from datetime import timedelta

import pytest

from rotation.web.principal import Role
from rotation.workflows.auditing import copy_history
from tests.fakes.world import World
from tests.unit.web.caller import come
from tests.unit.web.easy_auth import person

RITA = person("rita", Role.READER)


@pytest.fixture
async def world() -> World:
    """Five lines, one of them under way."""
    world = World()
    for number in range(1, 6):
        application = world.add_application(number, ends_in=timedelta(days=60 + number))
        await world.enrol(application)
        if number == 3:
            await world.open(application)
    return world


async def test_a_list_is_read_page_by_page(world: World) -> None:
    names, address, pages = [], "lines?limit=2&code=KEY", 0
    while address:
        page = await come(world, "GET", address)
        names += [line["name"] for line in page.body["lines"]]
        assert page.body["total"] == 5
        pages += 1
        address = (page.body["next"] or "").removeprefix("/api/")
        assert "KEY" not in address
    assert pages == 3
    assert names == ["Application 3", *(f"Application {number}" for number in (1, 2, 4, 5))]


async def test_a_page_begins_behind_what_was_last_seen_wherever_that_is_now(world: World) -> None:
    first = await come(world, "GET", "lines?limit=2")
    following = first.body["next"].removeprefix("/api/")
    seen = next(each for each in [line async for line in world.services().lines.all()] if "1" in each.display_name)
    await world.services().lines.drop(seen.id)
    page = await come(world, "GET", following)
    assert [line["name"] for line in page.body["lines"]] == ["Application 2", "Application 4"]


@pytest.mark.parametrize("cursor", ["x", "w" * 1025, "%C3%A4"])
async def test_a_cursor_that_is_not_ours_is_told_so(world: World, cursor: str) -> None:
    answer = await come(world, "GET", f"lines?cursor={cursor}")
    assert (answer.status, answer.slug) in {(400, "bad-request"), (400, "misread")}


async def test_a_cursor_beyond_the_end_gives_an_empty_last_page(world: World) -> None:
    page = await come(world, "GET", "lines?cursor=OQ")
    assert (page.body["lines"], page.body["next"]) == ([], None)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=under-way", [3]),
        ("search=TION%202", [2]),
        ("policy=theirs", []),
        ("policy=ours&state=healthy&limit=3", [1, 2, 4]),
    ],
)
async def test_lines_can_be_narrowed(world: World, query: str, names: list[int]) -> None:
    page = await come(world, "GET", f"lines?{query}")
    assert [line["name"] for line in page.body["lines"]] == [f"Application {number}" for number in names]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("limit=0", "limit: is too small; write 1 or more"),
        ("limit=501", "limit: is too large; write 500 or less"),
        ("limit=many", "limit: is not a whole number; write digits"),
        ("page=2", "page: unknown field; allowed: limit, cursor, state, policy, search"),
    ],
)
async def test_what_is_wrong_with_a_query_is_told(world: World, query: str, problem: str) -> None:
    assert (await come(world, "GET", f"lines?{query}")).body["facts"]["problems"] == [problem]


async def test_rotations_and_scans_are_listed_newest_first(world: World) -> None:
    listed = await come(world, "GET", "rotations?state=under-way&open=true&search=3", by=RITA)
    assert [each["name"] for each in listed.body["rotations"]] == ["Application 3"]
    weighed = await come(world, "GET", f"rotations/{listed.body['rotations'][0]['rotation']}/evidence", by=RITA)
    assert weighed.body["acts"] == ["abandon"]
    assert (await come(world, "GET", "rotations?reason=vault-refused")).body["total"] == 0
    for dry in (True, False):
        await come(world, "POST", "scans", {"dryRun": dry})
        await world.run(timedelta(minutes=1))
    await come(world, "POST", "scans")
    scans = await come(world, "GET", "scans")
    told = [(each["dry_run"], each["complete"]) for each in scans.body["scans"]]
    assert (told[0], told[-1], set(told[1:-1])) == ((False, False), (True, True), {(False, True)})
    counted = {
        state: (await come(world, "GET", f"scans?state={state}")).body["total"] for state in ("running", "complete")
    }
    assert counted == {"running": 1, "complete": 3}
    assert (await come(world, "GET", "scans?state=incomplete")).body["total"] == 0


async def test_the_audit_trail_is_of_the_deployment_or_of_one_application(world: World) -> None:
    await come(world, "POST", "pause", {"reason": "freeze"}, x_forwarded_for="203.0.113.9")
    trail = await come(world, "GET", "audit", by=RITA)
    assert trail.body["events"][0]["facts"] == {
        "by": "function key",
        "reason": "freeze",
        "where": "http from 203.0.113.9",
    }
    seen = next(each for each in [line async for line in world.services().lines.all()] if "3" in each.display_name)
    own = await come(world, "GET", f"audit?application={seen.id.application}", by=RITA)
    assert [event["what"] for event in own.body["events"]][-1] == "enrolled"


async def test_overview_and_configuration_are_told(world: World) -> None:
    overview = await come(world, "GET", "overview", by=RITA)
    assert overview.body["lines"] == 5
    configuration = await come(world, "GET", "configuration", by=RITA)
    assert configuration.body["policies"][0]["name"] == "ours"
    assert configuration.body["fallback_audience"] == "people"


async def test_what_has_not_changed_is_not_sent_again(world: World) -> None:
    first = await come(world, "GET", "lines")
    etag = first.headers["ETag"]
    for tag in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = await come(world, "GET", "lines", if_none_match=tag)
        assert (again.status, again.body, again.headers["ETag"]) == (304, "", etag)
    assert (await come(world, "GET", "lines", if_none_match='"other"')).status == 200


async def test_nothing_is_done_to_what_has_changed_meanwhile(world: World) -> None:
    rotation = (await come(world, "GET", "rotations")).body["rotations"][0]["rotation"]
    seen = (await come(world, "GET", f"rotations/{rotation}")).headers["ETag"]
    late = await come(world, "POST", f"rotations/{rotation}/abandon", {"reason": "x"}, if_match='"old"')
    assert (late.status, late.slug, late.headers["ETag"]) == (412, "changed-meanwhile", seen)
    done = await come(world, "POST", f"rotations/{rotation}/abandon", {"reason": "x"}, if_match=seen)
    assert done.status == 200
    stale = await come(world, "POST", f"rotations/{rotation}/abandon", {"reason": "x"}, if_match=seen)
    assert stale.status == 412


async def test_applications_are_listed_by_what_they_are(world: World) -> None:
    assert (await come(world, "GET", "applications", by=RITA)).slug == "no-inventory"
    world.add_application(9)
    await world.scan()
    first = await come(world, "GET", "applications?limit=4&order=-name", by=RITA)
    assert (first.body["total"], first.body["of"]) == (6, 6)
    assert [each["name"] for each in first.body["applications"]] == [f"Application {n}" for n in (9, 5, 4, 3)]
    rest = await come(world, "GET", first.body["next"].removeprefix("/entra/api/"), by=RITA)
    assert ([each["name"] for each in rest.body["applications"]], rest.body["next"]) == (
        ["Application 2", "Application 1"],
        None,
    )
    free = await come(world, "GET", "applications?traits=not-enrolled,enabled&search=appl")
    assert [each["name"] for each in free.body["applications"]] == ["Application 9"]
    wrong = await come(world, "GET", "applications?traits=green")
    assert wrong.body["facts"]["problems"][0].startswith("traits: is none of the traits that there are; write enrolled")
    assert (await come(world, "GET", "applications?cursor=x")).slug == "misread"
    live = await come(world, "GET", f"applications/{free.body['applications'][0]['object_id']}", by=RITA)
    assert (live.body["name"], live.body["unread"]) == ("Application 9", [])


async def test_end_dates_are_listed_earliest_first(world: World) -> None:
    await world.scan()
    listed = await come(world, "GET", "expiries?what=ours&limit=2", by=RITA)
    assert (listed.body["total"], len(listed.body["expiries"])) == (5, 2)
    rest = await come(world, "GET", listed.body["next"].removeprefix("/entra/api/"), by=RITA)
    assert rest.body["expiries"][0]["end_at"] > listed.body["expiries"][1]["end_at"]
    assert (await come(world, "GET", "expiries?week=soon")).slug == "misread"
    assert (await come(world, "GET", "expiries?first=2026-03-02T02:00:00")).slug == "bad-request"


async def test_the_audit_trail_of_a_day_is_that_of_everything(world: World) -> None:
    await world.run(timedelta(hours=2))
    await copy_history(world.calm())
    seen = next(each for each in [line async for line in world.services().lines.all()] if "3" in each.display_name)
    day = f"audit?day={world.clock.now():%Y-%m-%d}&limit=500"
    everything = await come(world, "GET", day, by=RITA)
    assert len({event["application"] for event in everything.body["events"]}) == 5
    of_one = await come(world, "GET", f"{day}&application={seen.id.application}", by=RITA)
    assert {event["application"] for event in of_one.body["events"]} == {seen.id.application}
    assert (await come(world, "GET", f"{day}&since=2026-01-01T00:00:00Z", by=RITA)).status == 400


@pytest.mark.parametrize("day", ["9999-12-31", "2100-01-01", "2019-12-31", "0001-01-01", "1970-01-01"])
async def test_a_day_on_which_nothing_can_have_happened_is_told_so(world: World, day: str) -> None:
    answer = await come(world, "GET", f"audit?day={day}", by=RITA)
    assert (answer.status, answer.slug) == (400, "bad-request")
    assert answer.body["facts"]["problems"] == ["day: is out of reach; write a day from 2020-01-01 to 2099-12-31"]
    assert (await come(world, "GET", "audit?day=2099-12-31", by=RITA)).body["events"] == []


@pytest.mark.parametrize("day", ["yesterday", "2026-13-40", "2026-1-1", "7", "2026-03-02T02:00:00"])
async def test_what_is_no_day_is_told_what_a_day_looks_like(world: World, day: str) -> None:
    answer = await come(world, "GET", f"audit?day={day}", by=RITA)
    assert answer.body["facts"]["problems"] == ["day: is not a day; write it as 2026-03-02"]


async def test_advice_on_the_whole_tenant_says_how_many_and_what_to_do(world: World) -> None:
    assert (await come(world, "GET", "advice")).status == 200, "before the first scan, too"
    world.add_application(6, secrets=5)
    await world.scan()
    told = (await come(world, "GET", "advice")).body["advice"]
    (many,) = [each for each in told if each["kind"] == "many-secrets"]
    assert (many["count"], bool(many["how"])) == (1, True)
    assert many["link"].startswith("/applications?")
