"""Calendars and monitors: the secret address opens one calendar, and tells strangers nothing."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from rotation.domain.errors import Misconfigured
from rotation.web import doors
from rotation.web.exchange import Request, Response
from rotation.web.principal import Role
from rotation.workflows.services import Services
from tests.fakes.world import World
from tests.unit.web.caller import come
from tests.unit.web.easy_auth import person


@pytest.fixture
async def world() -> World:
    world = World()
    world.add_application(1, ends_in=timedelta(days=20))
    await world.scan()
    return world


async def fetch(world: World, address: str) -> Response:
    parts = urlsplit(address)
    request = Request(method="GET", path=parts.path, query=dict(parse_qsl(parts.query)))
    return await doors.calendar_door(world.services, request)


async def test_the_secret_address_opens_the_calendar_of_its_audience(world: World) -> None:
    assert (await come(world, "GET", "calendars", by=person("rita", Role.READER))).status == 403
    listed = await come(world, "GET", "calendars", by=person("olga", Role.OPERATOR))
    (given,) = listed.body["calendars"]
    assert given["audience"] == "people"
    answer = await fetch(world, given["address"])
    assert (answer.status, answer.media_type) == (200, "text/calendar; charset=utf-8")
    assert "Application 1" in answer.text().replace("\r\n ", "")
    again = Request(
        method="GET",
        path="/api/calendar.ics",
        query=dict(parse_qsl(urlsplit(given["address"]).query)),
        headers={"if-none-match": answer.headers["ETag"]},
    )
    assert (await doors.calendar_door(world.services, again)).status == 304


@pytest.mark.parametrize(
    "query", ["", "?audience=people", "?audience=people&token=x", "?audience=none&token=x", "?x=1"]
)
async def test_others_learn_nothing(world: World, query: str) -> None:
    answer = await fetch(world, f"/api/calendar.ics{query}")
    assert answer.status in {400, 401}
    assert answer.content() == b""


async def test_a_broken_environment_is_no_news_for_strangers() -> None:
    def broken() -> Services:
        raise Misconfigured(["ROTATION_TENANT_ID: is not set"])

    answer = await doors.calendar_door(broken, Request(method="GET", path="/api/calendar.ics"))
    assert (answer.status, answer.content()) == (500, b"")


async def test_figures_are_told_to_readers_and_keys(world: World) -> None:
    for by in (None, person("rita", Role.READER)):
        answer = await come(world, "GET", "metrics", by=by)
        assert answer.media_type.startswith("text/plain; version=0.0.4")
        assert "# TYPE rotation_" in answer.body
