"""Snooze links: opening one asks, pressing the button acts, by whoever has the link."""

from tests.fakes.world import PEOPLE
from tests.unit.web.pages.browser import Browser
from tests.unit.workflows.test_snoozing import Home


async def test_a_stranger_with_the_link_is_asked_and_acts_once() -> None:
    home = Home()
    stranger = Browser(home.world, name="")
    address = f"/snooze/{await home.token()}"
    for _scanner in range(3):
        page = await stranger.get(address)
    assert page.status == 200
    assert "Hear nothing of this for a while?" in page.text
    assert PEOPLE in page.text
    assert "Applications" not in page.text
    done = await stranger.press(page.form)
    shown = await stranger.follow(done)
    assert "It is quiet" in shown.text
    assert not shown.forms
    assert (await stranger.press(page.form)).status == 303
    events = [row.values for row in await home.world.calm().control.history()]
    assert [row["by"] for row in events if row["what"] == "reminder.snoozed"] == ["a signed link"]


async def test_somebody_signed_in_is_named() -> None:
    home = Home()
    ada = Browser(home.world)
    page = await ada.get(f"/snooze/{await home.token()}")
    await ada.press(page.form)
    events = [row.values for row in await home.world.calm().control.history()]
    assert [row["by"] for row in events if row["what"] == "reminder.snoozed"] == ["ada@contoso.example"]


async def test_a_link_that_is_none_is_told_so_on_a_page() -> None:
    page = await Browser(Home().world, name="").get("/snooze/forged")
    assert page.status == 409
    assert "link" in page.text
    assert page.unclosed == []
