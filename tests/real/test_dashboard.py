"""
The dashboard in a real browser, in front of the real app: people sign in, look, enrol, rotate, confirm.

One tenant for all tests of this module, in order: the first ones make what the later ones look at.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.configuration import configuration
from sandbox.demo.stage import HOST, SETTINGS
from sandbox.running.books import Books
from sandbox.running.settling import settle
from sandbox.running.world import World
from sandbox.shared import SandboxClock
from sandbox.tenant.cast import cast, with_cast
from sandbox.tenant.cast.members import CastMember
from sandbox.tenant.generator import generate

pytestmark = pytest.mark.real

AXE = Path(__file__).parents[2] / ".tools" / "node" / "node_modules" / "axe-core" / "axe.min.js"
SLOW = 60_000
"""Milliseconds that a busy machine may take for a page."""
IDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.\w{26})?|\b[0-9A-Z]{26}\b|\d{4}-W\d\d")
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 360, "height": 780}
HAND_OFF, AUTOMATIC = "Managed Security Awareness (MA)", "Billing API"


class Site:
    """The running app, and the people who sign in to it."""

    def __init__(self, world: World, members: tuple[CastMember, ...], books: Books) -> None:
        self.world = world
        self.books = books
        self.members = {member.display_name: member for member in members}
        self.domain = world.cloud.entra.directory.default_domain

    @property
    def url(self) -> str:
        return self.world.host.url

    def mail(self, name: str) -> str:
        return f"{name.lower().replace(' ', '.')}@{self.domain}"

    def rotations(self, name: str) -> list[str]:
        """Give the ulids of the rotations of one application."""
        wanted, rows = self.members[name].object_id, self.books.rows("rotations")
        return [row["RowKey"] for row in rows if row["PartitionKey"] == wanted and "|rotation|" in row["RowKey"]]

    def written(self) -> dict[str, int]:
        """Count what a person's act would write: history, rotations, lines, scans, notices."""
        tables = ("rotations", "lines", "scans", "control", "notices")
        return {table: sum("lease" not in row["RowKey"] for row in self.books.rows(table)) for table in tables}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    now = SandboxClock().now()
    members = cast(now)
    tenant = with_cast(generate(applications=60, seed=7, now=now), now)
    with World(tenant, settings=SETTINGS | {"RECOVER_SCHEDULE": "*/2 * * * * *"}) as world:
        world.start_cloud()
        settle(world.cloud, members)
        world.write_config(configuration(world.cloud, members, tenant.default_domain))
        world.start_storage()
        world.start_host(arguments=HOST)
        with Books(world.storage, ca_file=world.cloud.ca_file) as books:
            yield Site(world, tuple(members), books)


async def sign_in(browser: Any, site: Site, name: str, **options: Any) -> Any:
    """Give a page of somebody who has signed in; what goes wrong in it fails the test."""
    context = await browser.new_context(ignore_https_errors=True, viewport=WIDE, **options)
    context.set_default_timeout(SLOW)
    page = await context.new_page()
    asked = f"login_hint={site.mail(name)}&post_login_redirect_uri=%2F"
    await page.goto(f"{site.url}/.auth/login/aad?{asked}")
    assert await page.title() == "Overview · Rotation"
    return page


async def until(page: Any, address: str, text: str) -> None:
    """Load *address* again until it says *text*."""
    ends = time.monotonic() + SLOW / 1000
    while True:
        await page.goto(address)
        said = await page.inner_text("main")
        if text in said:
            return
        assert time.monotonic() < ends, said
        await page.wait_for_timeout(500)


async def addresses(page: Any, site: Site) -> list[str]:
    """Follow links from the overview; one address of each shape."""
    waiting, shapes = ["/"], {"/": "/"}
    while waiting:
        await page.goto(site.url + waiting.pop(0))
        links = await page.eval_on_selector_all("a[href^='/']", "all => all.map(a => a.getAttribute('href'))")
        for link in links:
            address = link.partition("#")[0]
            shape = IDS.sub("*", address.partition("?")[0])
            if shape not in shapes and not address.startswith("/.auth"):
                shapes[shape] = address
                waiting.append(address)
    return list(shapes.values())


async def test_an_administrator_scans_enrols_and_rotates(browser: Any, site: Site) -> None:
    page = await sign_in(browser, site, "Alma Administrator")
    assert "Nothing is enrolled yet." in await page.inner_text("main")
    await page.click("main >> text=Scan now")
    await page.click("button:has-text('Scan')")
    await until(page, page.url.partition("?")[0], "complete")
    for name in (HAND_OFF, AUTOMATIC):
        await page.goto(f"{site.url}/applications")
        await page.fill("#q", name)
        await page.press("#q", "Enter")
        await page.click(f"td a:has-text('{name}'), th a:has-text('{name}')")
        await page.click("a:has-text('Enrol')")
        await page.check("#unrehearsed")
        await page.click("button:has-text('Enrol line')")
        assert "Enrolled." in await page.inner_text("main")
        await page.click("a:has-text('Rotate')")
        await page.dblclick("button:has-text('Rotate now')", no_wait_after=True)
        await page.wait_for_url(re.compile("/rotations/"))
        assert len(site.rotations(name)) == 1, "a double click acts once"


async def test_the_person_of_the_hand_off_is_led_to_its_end(browser: Any, site: Site) -> None:
    page = await sign_in(browser, site, "Oskar Operator")
    await until(page, f"{site.url}/hand-offs", HAND_OFF)
    await page.click("text=Open the steps")
    shown = await page.inner_text("main")
    assert "Client Secret Value Expiration Date" in shown
    assert site.members[HAND_OFF].client_id in shown
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.click("li:has-text('Application ID') button.copy")
    assert await page.evaluate("navigator.clipboard.readText()") == site.members[HAND_OFF].client_id
    for answer in await page.query_selector_all("input[type=radio][value=yes]"):
        await answer.check()
    for record in await page.query_selector_all("input[name^=record]"):
        await record.fill("12")
    await page.click("button:has-text('Confirm that it is done')")
    assert "Recorded." in await page.inner_text("main")
    assert site.mail("Oskar Operator") in await page.inner_text("main")


async def test_no_page_is_hard_to_read_for_anybody(browser: Any, site: Site) -> None:
    page = await sign_in(browser, site, "Alma Administrator")
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    shown = await addresses(page, site)
    assert len(shown) > 15
    axe = AXE.read_text(encoding="utf-8")
    for address in shown:
        await page.set_viewport_size(WIDE)
        await page.emulate_media(color_scheme="light", reduced_motion="reduce")
        await page.goto(site.url + address)
        await page.evaluate(axe)
        wrong += await violations(page, address, "{}")
        await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        wrong += await violations(page, address, "{runOnly: ['color-contrast']}")
        await page.set_viewport_size(NARROW)
        if (width := await page.evaluate("document.documentElement.scrollWidth")) > NARROW["width"]:
            wrong.append(f"{address} is {width} wide")
    assert wrong == []


async def violations(page: Any, address: str, options: str) -> list[str]:
    """Ask axe; give what it finds, with where."""
    found = await page.evaluate(f"axe.run({options})")
    return [
        f"{address}: {each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


async def test_a_link_scanner_changes_nothing(browser: Any, site: Site) -> None:
    page = await sign_in(browser, site, "Alma Administrator")
    shown = await addresses(page, site)
    before = site.written()
    for address in shown:
        answer = await page.request.get(site.url + address)
        assert answer.status == 200, address
    assert site.written() == before


async def test_all_of_it_can_be_done_without_a_script(browser: Any, site: Site) -> None:
    page = await sign_in(browser, site, "Olga Operator", java_script_enabled=False)
    await page.click("main a.button:has-text('Pause')")
    await page.wait_for_url(re.compile("/acts/pause"))
    await page.fill("[name=reason]", "a rehearsal")
    await page.click("button:has-text('Pause')")
    assert "Paused." in await page.inner_text("main")
    await page.click(".head a.button:has-text('Resume')")
    await page.wait_for_url(re.compile("/acts/resume"))
    await page.fill("[name=reason]", "it is over")
    await page.click("button:has-text('Resume')")
    assert "Resumed." in await page.inner_text("main")
    assert await page.locator("button.copy:visible").count() == 0


async def test_all_of_it_can_be_done_with_the_keyboard(browser: Any, site: Site) -> None:
    page = await sign_in(browser, site, "Olga Operator")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to what this page says"
    await page.keyboard.press("Enter")
    await tab_to(page, "Pause")
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/acts/pause"))
    await tab_to(page, "", name="reason")
    await page.keyboard.type("by hand")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("said=paused"))
    await tab_to(page, "Resume")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/acts/resume"))
    await tab_to(page, "", name="reason")
    await page.keyboard.type("by hand again")
    await tab_to(page, "Resume")
    await page.keyboard.press("Space")
    await page.wait_for_url(re.compile("said=resumed"))


async def tab_to(page: Any, text: str, *, name: str = "") -> None:
    """Press Tab until the focus stands there."""
    for _press in range(60):
        await page.keyboard.press("Tab")
        said, named = await page.evaluate(
            "[document.activeElement.textContent.trim(), document.activeElement.getAttribute('name') || '']"
        )
        if (name and named == name) or (text and said == text):
            return
    raise AssertionError(f"no Tab leads to {text or name}")


@pytest.mark.parametrize(
    ("who", "told"),
    [("Rita Reader", (True, False)), ("Oskar Operator", (True, True)), ("Nils Nobody", (False, False))],
)
async def test_each_sees_what_their_role_lets_them(browser: Any, site: Site, who: str, told: tuple[bool, bool]) -> None:
    sees, may_act = told
    context = await browser.new_context(ignore_https_errors=True, viewport=WIDE)
    context.set_default_timeout(SLOW)
    page = await context.new_page()
    await page.goto(f"{site.url}/.auth/login/aad?login_hint={site.mail(who)}&post_login_redirect_uri=%2F")
    said = await page.inner_text("body")
    assert ("What needs somebody" in said) is sees
    assert ("Scan now" in said) is may_act
    assert sees or "You may not do this." in said
    nobody = await browser.new_context(ignore_https_errors=True)
    nobody.set_default_timeout(SLOW)
    stranger = await nobody.new_page()
    await stranger.goto(f"{site.url}/rotations")
    assert "Who are you?" in await stranger.inner_text("body")


async def test_links_in_messages_lead_to_pages(browser: Any, site: Site) -> None:
    page = await sign_in(browser, site, "Rita Reader")
    assert site.world.settings()["ROTATION_DASHBOARD_URL"] == site.url
    for name in (HAND_OFF, AUTOMATIC):
        object_id = site.members[name].object_id
        ulid = site.rotations(name)[0].rpartition("|")[2]
        answer = await page.goto(f"{site.url}/rotations/{object_id}.{ulid}")
        assert answer.status == 200
        assert name in await page.inner_text("h1")
