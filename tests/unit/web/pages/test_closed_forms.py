"""A vault that gives no key to sign forms with takes the forms away, and not the pages."""

from tests.fakes.world import VAULT, World
from tests.unit.web.pages.browser import Browser

SAYS = "You can look, and nothing can be done here now."


async def test_without_a_signing_key_pages_are_shown_and_offer_nothing_to_press(busy: World) -> None:
    ada = Browser(busy)
    page = await ada.get("/hand-offs")
    hand_off = next(each for each in page.links if each.startswith("/hand-offs/"))
    busy.vaults.memory(VAULT).refusing = "vault-refused"
    for address, still in (("/acts/pause", "Pause"), (hand_off, "When it is done")):
        page = await ada.get(address)
        assert (page.status, page.unclosed) == (200, []), address
        assert SAYS in page.text
        assert still in page.text
        assert [form for form in page.forms if form.method == "post"] == []
    busy.vaults.memory(VAULT).refusing = None
    assert SAYS not in (await ada.get("/acts/pause")).text
