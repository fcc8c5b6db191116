"""What people get as HTML, in a real browser: it draws, asks nobody for anything, and says nothing wrong."""

import importlib
import os
import struct
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rotation.notifications.mail import letter
from rotation.ports.notices import Item, Message

pytestmark = pytest.mark.real

EVIL = "<script>document.title = 'run'</script><img src=https://evil.example/x>"


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    executable = os.environ.get("ROTATION_CHROMIUM")
    assert executable, "which Chromium? `make test-real` finds it"
    playwright = importlib.import_module("playwright.async_api")
    async with playwright.async_playwright() as running:
        found = await running.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield found
        await found.close()


def message() -> Message:
    fields: dict[str, Any] = {
        "subject": "Payroll",
        "text": EVIL,
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
    picture = tmp_path / f"{name}.png"
    await page.screenshot(path=picture, full_page=True)
    assert shades(picture) > 20
    assert "Payroll" in await page.inner_text("body")
    assert await page.title() != "run"
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert (asked, wrong) == ([], [])
