"""What people get as HTML, in a real browser: it draws, asks nobody for anything, and says nothing wrong."""

import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rotation.notifications.mail import letter
from rotation.ports.notices import Item, Message
from tests.real.messages import AMSTERDAM, digest, picture

pytestmark = pytest.mark.real

WORST = "<script>document.title = 'run'</script><img src=https://evil.example/x>"


def message() -> Message:
    fields: dict[str, Any] = {
        "subject": "Payroll",
        "text": WORST,
        "due_at": datetime(2026, 12, 2, tzinfo=UTC),
        "link": "https://rotation.example/r/1",
    }
    items = [Item(state=state, action="Open", **fields) for state in ("healthy", "waiting", "blocked", "expired")]
    return Message(title="Entra credentials", summary="4 secrets", items=items, footer="Rotation")


def shades(png: Path) -> int:
    """Count the different bytes of a PNG's pixels: an empty page has next to none."""
    content = png.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    place, packed = 8, b""
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        if content[place + 4 : place + 8] == b"IDAT":
            packed += content[place + 8 : place + 8 + length]
        place += 12 + length
    return len(set(zlib.decompress(packed)))


@pytest.mark.parametrize(("name", "width"), [("desktop", 1200), ("phone", 360)])
async def test_the_digest_draws_and_runs_nothing(browser: Any, tmp_path: Path, name: str, width: int) -> None:
    page = await browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    await page.set_content(letter(message()).html)
    drawn = tmp_path / f"{name}.png"
    await page.screenshot(path=drawn, full_page=True)
    assert shades(drawn) > 20
    assert "Payroll" in await page.inner_text("body")
    assert await page.title() != "run"
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert (asked, wrong) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_digest_can_be_read_in_light_and_in_dark_without_pictures(
    browser: Any, tmp_path: Path, scheme: str
) -> None:
    page = await browser.new_page(viewport={"width": 720, "height": 200}, color_scheme=scheme)
    await page.set_content(letter(digest(), AMSTERDAM).html)
    where = picture(f"mail-{scheme}.png", tmp_path)
    await page.screenshot(path=where, full_page=True)
    assert shades(where) > 20
    assert await page.locator("img").count() == 0
    back = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert back == {"light": "rgb(255, 255, 255)", "dark": "rgb(27, 27, 27)"}[scheme]
