"""Lists: pages, filters, tags; and what is told of the whole deployment."""

from datetime import timedelta

import pytest

from rotation.web.principal import Role
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
    assert [line["name"] for line in page.body["lines"]] == ["Application 4", "Application 5"]


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "WyIxIiwgImEiXQ", "WzEsIDJd", "Wy0xLCAiYSJd", "W3RydWUsICJhIl0", "w" * 401]
)
async def test_a_cursor_that_is_not_ours_is_told_so(world: World, cursor: str) -> None:
    answer = await come(world, "GET", f"lines?cursor={cursor}")
    assert (answer.status, answer.slug) == (400, "bad-request")


async def test_a_cursor_beyond_the_end_gives_an_empty_last_page(world: World) -> None:
    page = await come(world, "GET", "lines?cursor=WzksICJnb25lIl0")
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
    listed = await come(world, "GET", "rotations?state=under-way&reason=requested", by=RITA)
    assert [each["name"] for each in listed.body["rotations"]] == ["Application 3"]
    mine = listed.body["rotations"][0]["application"]
    assert (await come(world, "GET", f"rotations?application={mine.upper()}")).body["total"] == 1
    assert (await come(world, "GET", "rotations?reason=due")).body["total"] == 0
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
