"""What could be better in the whole tenant, who did what, and what an enrolment would lead to."""

from datetime import timedelta

import pytest

from rotation.ledger.application import events
from rotation.web.pages.advice import SHOWN
from rotation.web.principal import Role
from rotation.workflows.scanning import begin_scan
from tests.fakes.mishaps import Mishap
from tests.fakes.world import World
from tests.unit.web.pages.browser import Browser
from tests.unit.web.pages.conftest import HOSTILE, named
from tests.unit.workflows.reading.test_application_page import certificate

DAY = timedelta(days=1)


async def test_advice_names_a_few_of_each_kind_and_says_how_many_more(world: World, ada: Browser) -> None:
    world.integrations.kinds["automatic"].secretless = "sign in by a managed identity"
    first = world.add_application(1, ends_in=100 * DAY, secrets=3)
    await world.enrol(first)
    for number in range(2, SHOWN + 40):
        world.add_application(number, ends_in=100 * DAY, secrets=3)
    gone = named(world, 90, "gone")
    world.directory.certificate_items.append(certificate(gone))
    for name in ("owners", "certificates"):
        await begin_scan(world.services(), by="timer", passes=(name,))
    await world.scan()
    page = await ada.get("/advice")
    assert (page.status, page.unclosed) == (200, [])
    assert "store, where a line is delivered, could do without a secret" in page.text
    assert "sign in by a managed identity." in page.text
    assert f"/applications/{first.object_id}#line-default" in page.links
    assert f"and {SHOWN + 39 - SHOWN} more" in page.text
    assert "/applications?trait=many-secrets" in page.links
    assert "/applications?trait=owner-less" in page.links
    assert f"/applications/{gone.object_id}" in page.links
    assert "No owner 50" in page.text.replace("\n", "")
    assert (await ada.get("/applications?trait=many-secrets")).status == 200


async def test_all_certificates_of_the_advice_stand_behind_its_link(world: World, ada: Browser) -> None:
    for number in range(1, SHOWN + 3):
        application = world.add_application(number)
        world.directory.certificate_items.append(certificate(application))
    await begin_scan(world.services(), by="timer", passes=("certificates",))
    await world.scan()
    page = await ada.get("/advice")
    assert "and 2 more" in page.text
    (link,) = [each for each in page.links if each.startswith("/expiries")]
    assert f"{SHOWN + 2} credentials" in (await ada.get(link)).text


async def test_advice_before_the_first_scan_says_so(ada: Browser) -> None:
    page = await ada.get("/advice")
    assert "No scan has been complete yet." in page.text
    assert page.status == 200


async def test_advice_that_finds_nothing_says_so(world: World, ada: Browser) -> None:
    world.add_application(1, ends_in=100 * DAY)
    await world.scan()
    page = await ada.get("/advice")
    assert "Nothing could be better" in page.text
    assert "owners are not read yet" in page.text


async def test_hostile_names_are_only_names(busy: World, ada: Browser) -> None:
    for number, name in enumerate(HOSTILE, start=40):
        named(busy, number, name)
    await begin_scan(busy.services(), by="timer", passes=("owners",))
    await busy.scan()
    page = await ada.get("/advice")
    assert "No owner" in page.text
    assert "<script>alert(1)</script>" in page.text
    assert "&lt;script&gt;alert(1)" in page.html
    assert "<script>alert" not in page.html
    assert "\u202e" not in page.html


async def pauses(world: World, count: int) -> None:
    """Have oskar and ada pause in turn."""
    services = world.calm()
    for number in range(count):
        by = "oskar@contoso.example" if number % 2 else "ada@contoso.example"
        told = {"by": by, "reason": f"freeze {number}", "where": f"web from 203.0.113.{number}"}
        await services.control.audit(services.clock.now(), services.ulids.make(), "paused", **told)
    await services.control.audit(services.clock.now(), services.ulids.make(), "resumed", by="<script>alert(1)</script>")


async def test_the_trail_says_who_did_what_and_from_where(world: World, ada: Browser) -> None:
    await pauses(world, 2)
    page = await ada.get("/audit")
    assert (page.status, page.unclosed) == (200, [])
    for text in ("oskar@contoso.example", "web from 203.0.113.1", "freeze 1", "resumed", "3 entries"):
        assert text in page.text
    assert "<script>alert" not in page.html
    assert "&lt;script&gt;alert(1)" in page.html


@pytest.mark.parametrize(
    ("asked", "count"),
    [("by=OSKAR", "1 entry"), ("what=paused", "2 entries"), ("what=paused&by=ada", "1 entry"), ("by=nobody", "0 ent")],
)
async def test_the_trail_is_narrowed_by_person_and_by_what(world: World, ada: Browser, asked: str, count: str) -> None:
    await pauses(world, 2)
    page = await ada.get(f"/audit?{asked}")
    assert count in page.text
    assert ("Nothing like that happened." in page.text) is (count == "0 ent")


async def test_the_trail_is_read_page_by_page_to_its_end(world: World, ada: Browser) -> None:
    await pauses(world, 119)
    address, seen, pages = "/audit?what=paused", 0, 0
    while address:
        page = await ada.get(address)
        pages, seen = pages + 1, seen + page.text.count("web from 203.0.113.")
        address = next((each for each in page.links if "after=" in each), "")
    assert (pages, seen) == (3, 119)
    assert "/audit?what=paused" in page.links


async def test_the_trail_of_one_application_is_one_click_from_its_page(world: World, ada: Browser) -> None:
    application = world.add_application(1)
    form = (await ada.get(f"/applications/{application.object_id}/enrol")).form
    await ada.press(form)
    address = f"/audit?application={application.object_id}"
    assert address in (await ada.get(f"/applications/{application.object_id}")).links
    page = await ada.get(address)
    assert "enrolled" in page.text
    assert "ada@contoso.example" in page.text
    enrolled = next(
        row for row in await events(world.tables, application.object_id) if row.values["what"] == "enrolled"
    )
    assert enrolled.values["where"] == "web"
    assert application.display_name in page.text


@pytest.mark.parametrize("asked", ["days=1000", "after=%21", "application=nobody"])
async def test_what_the_trail_cannot_be_asked_is_told(ada: Browser, asked: str) -> None:
    assert (await ada.get(f"/audit?{asked}")).status in {400, 404}


async def test_what_is_older_than_asked_is_not_in_it(world: World, ada: Browser) -> None:
    await pauses(world, 1)
    world.clock.advance(2 * DAY)
    assert "2 entries" in (await ada.get("/audit")).text
    assert "0 entries" in (await ada.get("/audit?days=1")).text


@pytest.mark.parametrize("path", ["/advice", "/audit"])
async def test_every_reader_may_look_and_nobody_else(busy: World, path: str) -> None:
    page = await Browser(busy, role=Role.READER, name="rhea").get(path)
    assert page.status == 200
    assert [form for form in page.forms if form.method == "post"] == []
    assert (await Browser(busy, role=None, name="nina").get(path)).status == 403


@pytest.mark.parametrize("path", ["/advice", "/audit"])
async def test_navigation_and_overview_lead_there(ada: Browser, path: str) -> None:
    assert (await ada.get("/")).links.count(path) == 2
    html = (await ada.get(path)).html
    assert html.count(f'<a href="{path}" aria-current="page">') == 1


async def test_an_enrolment_tells_who_uses_each_secret_and_what_becomes_of_it(world: World, ada: Browser) -> None:
    application = world.add_application(1, ends_in=300 * DAY, secrets=2)
    assert world.usage is not None
    used = application.secrets[0].key_id
    world.usage.see(application.client_id, used, world.clock.now() - DAY, origin="<script>alert(1)</script>")
    page = await ada.get(f"/applications/{application.object_id}/enrol")
    assert page.text.count("removed once everybody has switched and nobody uses it, not before") == 2
    assert "or when somebody asks" in page.text
    assert "&lt;script&gt;alert(1)" in page.html
    assert "no use of it is known" in page.text


async def test_an_enrolment_says_which_usage_source_could_not_be_read(world: World, ada: Browser) -> None:
    application = world.add_application(1)
    assert world.usage is not None
    world.usage.mishaps.plan("sightings", Mishap.UNAVAILABLE)
    page = await ada.get(f"/applications/{application.object_id}/enrol")
    assert "not read:" in page.text
