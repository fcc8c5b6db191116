"""Lists that go on over pages: rotations, scans, destinations, and everything that happened on one day."""

from datetime import timedelta

import pytest

from rotation.workflows.auditing import LAG, copy_history
from rotation.workflows.scanning import begin_scan
from tests.fakes.world import World
from tests.unit.web.pages.browser import Browser

HOUR = timedelta(hours=1)


async def addresses(browser: Browser, address: str, count: str) -> int:
    """Read a list to its end and count what leads to one of it."""
    seen: set[str] = set()
    while address:
        page = await browser.get(address)
        assert (page.status, page.unclosed) == (200, [])
        seen |= {each for each in page.links if each.startswith(count) and "?" not in each}
        address = next((each for each in page.links if "after=" in each), "")
    return len(seen)


async def test_scans_go_on_to_the_end_of_ninety_days(world: World, ada: Browser) -> None:
    for _number in range(60):
        await begin_scan(world.calm(), by="ada")
    assert await addresses(ada, "/scans", "/scans/") == 60


async def test_rotations_are_the_most_urgent_first_and_of_one_state_where_it_is_chosen(
    busy: World, ada: Browser
) -> None:
    page = await ada.get("/rotations")
    assert "all 5" in page.text
    assert {each for each in page.links if each.startswith("/rotations?state=")} == {"/rotations?state=waiting"}
    assert "5 of 5" in (await ada.get("/rotations?state=waiting")).text
    assert "No rotation is in this state." in (await ada.get("/rotations?state=blocked")).text
    assert "all 5" in (await ada.get("/rotations?state=nonsense")).text


async def test_a_destination_tells_what_it_holds_of_each_line(busy: World, ada: Browser) -> None:
    everywhere = await ada.get("/destinations")
    assert {"/destinations/store", "/destinations/portal"} <= set(everywhere.links)
    assert "5 wait for people" in everywhere.text
    assert "none is held up" in everywhere.text
    store = await ada.get("/destinations/store")
    assert store.text.count("the current one") == 5
    assert "stored: read back" in store.text
    portal = await ada.get("/destinations/portal")
    assert portal.text.count("awaiting person") == 5
    assert (await ada.get("/destinations/nowhere")).status == 404


async def test_everything_of_one_day_is_told_with_the_names_of_applications(busy: World, ada: Browser) -> None:
    today = f"{busy.clock.now():%Y-%m-%d}"
    assert "Nothing of that day has been copied here." in (await ada.get("/audit/everything?day=2020-06-01")).text
    await busy.run(LAG + HOUR)
    await copy_history(busy.calm())
    page = await ada.get(f"/audit/everything?day={today}&what=planned")
    assert "5 entries" in page.text
    assert "by hand" not in page.text
    names = {line.display_name for line in [each async for each in busy.calm().lines.all()]}
    assert sum(name in page.text for name in names if name.isascii() and "<" not in name and name) >= 3
    assert "Nothing like that happened that day." in (await ada.get("/audit/everything?by=nobody")).text
    links = (await ada.get(f"/audit/everything?day={today}")).links
    assert f"/audit/everything?day={busy.clock.now() - timedelta(days=1):%Y-%m-%d}" in links
    assert not [each for each in links if f"{busy.clock.now() + timedelta(days=1):%Y-%m-%d}" in each]
    assert any("after=" in each for each in links)


async def test_before_the_first_scan_what_is_told_of_a_day_bears_ids(world: World, ada: Browser) -> None:
    application = world.add_application()
    await world.enrol(application)
    await world.run(LAG + HOUR)
    await copy_history(world.calm())
    assert application.object_id in (await ada.get("/audit/everything")).text


@pytest.mark.parametrize("day", ["yesterday", "2019-12-31", "9999-12-31"])
async def test_what_is_no_day_is_told(ada: Browser, day: str) -> None:
    page = await ada.get(f"/audit/everything?day={day}")
    assert page.status == 400
    assert "a day such as 2026-12-05" in page.text
