"""Every page that links lead to: it is there, whole, quiet towards others, and nothing in it runs."""

import re
from collections import deque

import pytest

from rotation.web.pages.table import PAGES
from rotation.web.principal import Role
from tests.fakes.world import World
from tests.unit.web.pages.browser import Browser, Page

EVIL = re.compile(r"<script>alert|<img src=https://evil|[\u202a-\u202e\u2066-\u2069]")
MOST = 400
OUTSIDE = ("/.auth/", "/static/", "https://vault.example")


async def walk(browser: Browser, begin: str = "/") -> dict[str, Page]:
    """Follow every link, as a link scanner does."""
    seen: dict[str, Page] = {}
    waiting = deque([begin])
    while waiting:
        assert len(seen) < MOST, "links without an end"
        address = waiting.popleft().partition("#")[0]
        if not address or address in seen or address.startswith(OUTSIDE):
            continue
        seen[address] = page = await browser.get(address)
        waiting.extend(page.links)
    return seen


def rows(world: World) -> dict[str, list[object]]:
    """Give every row of every table."""
    tables = {row.partition for name in world.tables.names() for row in world.tables.all_rows(name)}
    assert tables
    return {name: [(r.partition, r.key, r.etag) for r in world.tables.all_rows(name)] for name in world.tables.names()}


async def test_every_link_leads_to_a_whole_page(busy: World) -> None:
    pages = await walk(Browser(busy))
    wrong = {
        address: (page.status, page.unclosed[:2])
        for address, page in pages.items()
        if page.status != 200 or page.unclosed
    }
    assert wrong == {}
    shapes = {re.sub(r"[0-9a-fA-F-]{36}(\.\w{26})?|\b[0-9A-Z]{26}\b|\?.*", "*", address) for address in pages}
    assert len(shapes) > 15


async def test_no_page_carries_anything_that_runs_or_reaches_out(busy: World) -> None:
    for address, page in (await walk(Browser(busy))).items():
        assert EVIL.search(page.html) is None, address
        for tag, attributes in page.tags:
            assert not [name for name in attributes if name.startswith("on") or name == "style"], address
            source = attributes.get("src") or (attributes.get("href") if tag == "link" else None)
            assert source is None or source.startswith("/static/"), address
        assert page.html.count("<script") == page.html.count('<script src="/static/') == 1, address
        assert "<style" not in page.html
        assert page.headers["Cache-Control"] == "no-store"
        assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"]


async def test_a_link_scanner_changes_nothing(busy: World) -> None:
    await Browser(busy).get("/applications")  # the signing key is made by whoever comes first
    before, queued = rows(busy), len(busy.queues.waiting)
    await walk(Browser(busy))
    assert rows(busy) == before
    assert len(busy.queues.waiting) == queued


ONLY_SOMETIMES = {
    "acts/resume",
    "needs",
    "rotations/{id}/abandon",
    "rotations/{id}/approve",
    "rotations/{id}/retire",
    "rotations/{id}/retry",
    "snooze/{token}",
}
"""Offered only where something is held, stopped, waits, or is too much for the overview; other tests go there."""


async def test_every_page_is_reached_by_a_link(busy: World) -> None:
    reached = set(await walk(Browser(busy)))
    templates = {
        route.path: re.compile("/" + re.sub(r"\{\w+\}", "[^/?]+", route.path) + r"(\?.*)?")
        for route in PAGES
        if route.method == "GET" and not route.path.startswith("static")
    }
    lonely = [path for path, form in templates.items() if not any(form.fullmatch(each) for each in reached)]
    assert set(lonely) == ONLY_SOMETIMES


async def test_a_reader_sees_everything_and_is_offered_nothing(busy: World) -> None:
    pages = await walk(Browser(busy, role=Role.READER, name="rhea"))
    assert {page.status for page in pages.values()} == {200}
    assert [address for address, page in pages.items() if any(form.method == "post" for form in page.forms)] == []
    assert not [address for address in pages if address.startswith("/acts") or address.endswith(("/retire", "/rotate"))]


async def test_an_operator_is_offered_no_act_of_an_administrator(busy: World) -> None:
    pages = await walk(Browser(busy, role=Role.OPERATOR, name="olga"))
    assert {page.status for page in pages.values()} == {200}
    assert not [address for address in pages if address.endswith(("/compromise", "/release", "/enrol"))]


@pytest.mark.parametrize("role", [None, Role.READER])
async def test_whoever_may_not_is_told_so_on_a_page(busy: World, role: Role | None) -> None:
    page = await Browser(busy, role=role, name="nina").get("/acts/pause")
    assert page.status == 403
    assert "You may not do this." in page.text
    assert "ask an administrator of the tenant for" in page.text
    assert ("Applications" in page.text) is (role is not None)


async def test_what_is_not_there_is_told_in_the_same_voice(ada: Browser) -> None:
    page = await ada.get("/nowhere")
    assert (page.status, page.unclosed) == (404, [])
    assert "There is no such thing." in page.text
    assert "no-such-thing" not in page.text


async def test_a_fresh_installation_teaches(ada: Browser) -> None:
    page = await ada.get("/")
    assert "Nothing is enrolled yet." in page.text
    assert "Rotation watches" in page.text
    for path, says in (
        ("/rotations", "No rotation yet."),
        ("/scans", "No scan yet."),
        ("/hand-offs", "Nothing waits for a person."),
        ("/needs", "Nothing needs anybody."),
        ("/applications", "No scan has been complete yet."),
    ):
        assert says in (await ada.get(path)).text
