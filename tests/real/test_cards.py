"""Cards drawn by Microsoft's own renderer, in a real browser: without a warning, with every fact, in light and in dark."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rotation.notifications.card import payload
from rotation.ports.notices import Item, Message
from tests.real.conftest import TOOLS
from tests.real.messages import AMSTERDAM, EVIL, digest, picture

pytestmark = pytest.mark.real

RENDERER = TOOLS / "node" / "node_modules" / "adaptivecards" / "dist" / "adaptivecards.min.js"
LIGHT = {
    "back": "#ffffff",
    "emphasis": "#f5f5f5",
    "line": "#e0e0e0",
    "default": "#242424",
    "subtle": "#616161",
    "accent": "#5b5fc7",
    "good": "#107c10",
    "warning": "#8a5a00",
    "attention": "#c4314b",
}
DARK = {
    "back": "#292929",
    "emphasis": "#1f1f1f",
    "line": "#525252",
    "default": "#ffffff",
    "subtle": "#adadad",
    "accent": "#9ea2ff",
    "good": "#92c353",
    "warning": "#f8d22a",
    "attention": "#f9526b",
}
"""The colours of Teams' two themes."""

DRAW = """([config, card]) => {
  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => { result.outputHtml = text; result.didProcess = true; };
  const drawn = new AdaptiveCards.AdaptiveCard();
  drawn.hostConfig = new AdaptiveCards.HostConfig(config);
  const context = new AdaptiveCards.SerializationContext();
  drawn.parse(card, context);
  const said = [];
  for (let n = 0; n < context.eventCount; n++) said.push(context.getEventAt(n).message);
  const checked = drawn.validateProperties().validationEvents.map((each) => each.message);
  document.body.replaceChildren(drawn.render());
  return [...said, ...checked];
}"""


def host_config(theme: dict[str, str]) -> dict[str, Any]:
    """Give as much of Teams' host configuration as our cards use."""
    words = ("default", "accent", "good", "warning", "attention")
    colours = {word: {"default": theme[word], "subtle": theme["subtle"]} for word in words}
    styles = {"default": theme["back"], "emphasis": theme["emphasis"]}
    return {
        "fontFamily": "Segoe UI, system-ui, sans-serif",
        "fontSizes": {"small": 12, "default": 14, "medium": 16, "large": 18, "extraLarge": 24},
        "fontWeights": {"lighter": 200, "default": 400, "bolder": 600},
        "spacing": {"small": 8, "default": 12, "medium": 16, "large": 20, "extraLarge": 24, "padding": 16},
        "separator": {"lineThickness": 1, "lineColor": theme["line"]},
        "supportsInteractivity": True,
        "actions": {"maxActions": 6, "buttonSpacing": 8, "actionsOrientation": "horizontal", "actionAlignment": "left"},
        "containerStyles": {
            name: {"backgroundColor": back, "foregroundColors": colours} for name, back in styles.items()
        },
    }


def page_of(theme: dict[str, str]) -> str:
    button = f"background:{theme['back']};color:{theme['default']};border:1px solid {theme['subtle']}88"
    return f"""<!doctype html><meta charset=utf-8><style>
      body {{ margin: 0; background: {theme["back"]}; }}
      button {{ {button}; border-radius: 4px; padding: 5px 12px; font: 600 14px Segoe UI, system-ui, sans-serif; }}
    </style><body></body>"""


async def drawn(browser: Any, message: Message, theme: dict[str, str], *, width: int = 640) -> tuple[Any, list[str]]:
    """Draw the card of *message*, and give the page and what the renderer complains of."""
    assert RENDERER.exists(), "the renderer is missing: `make test-real` installs it"
    page = await browser.new_page(viewport={"width": width, "height": 200})
    complaints: list[str] = []
    page.on("request", lambda asked: complaints.append(f"asked for {asked.url}"))
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.set_content(page_of(theme))
    await page.add_script_tag(content=RENDERER.read_text("utf-8"))
    card = json.loads(payload(message, AMSTERDAM))["attachments"][0]["content"]
    return page, [*await page.evaluate(DRAW, [host_config(theme), card]), *complaints]


def told(item: Item) -> list[str]:
    return [item.subject, item.text, item.identifier, item.action, "Snooze 7 days" if item.snooze else ""]


@pytest.mark.parametrize(("name", "theme"), [("light", LIGHT), ("dark", DARK)])
async def test_every_fact_is_drawn_without_a_warning(
    browser: Any, tmp_path: Path, name: str, theme: dict[str, str]
) -> None:
    message = digest()
    page, complaints = await drawn(browser, message, theme)
    assert complaints == []
    text = await page.inner_text("body")
    for fact in [
        message.title,
        message.summary,
        "and 37 more",
        *(fact for item in message.items for fact in told(item)),
    ]:
        assert fact in text
    assert "by Wed 2 Dec (in 5 days)" in text
    assert "ended Wed 25 Nov (2 days ago)" in text
    where = picture(f"card-{name}.png", tmp_path)
    await page.screenshot(path=where, full_page=True)
    assert where.stat().st_size > 10_000


@pytest.mark.parametrize("width", [320, 640])
async def test_nothing_runs_over_its_edge(browser: Any, width: int) -> None:
    page, complaints = await drawn(browser, digest(), LIGHT, width=width)
    assert complaints == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_a_name_becomes_neither_markup_nor_a_link(browser: Any) -> None:
    item = replace(digest().items[0], subject=EVIL, text=EVIL)
    page, complaints = await drawn(browser, replace(digest(), title=EVIL, items=[item]), LIGHT)
    assert complaints == []
    assert await page.title() != "run"
    assert "**b**" in await page.inner_text("body")
    assert await page.locator("img, a[href*=evil]").count() == 0


async def test_a_thousand_items_still_make_a_card(browser: Any) -> None:
    message = digest()
    page, complaints = await drawn(browser, replace(message, items=[*message.items] * 200, left_out=0), LIGHT)
    assert complaints == []
    lines = (await page.inner_text("body")).split("\n")
    [left_out] = [int(found[1]) for line in lines if (found := re.fullmatch(r"and (\d+) more", line.strip()))]
    assert left_out + sum(line.startswith("legacy-export") for line in lines) * len(message.items) >= 1_000 - 4
