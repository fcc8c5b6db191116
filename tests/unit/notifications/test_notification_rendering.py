import json
from html.parser import HTMLParser
from typing import Any

import pytest

from rotation.notifications.card import LIMIT, payload
from rotation.notifications.mail import LARGEST_PART, letter
from rotation.ports.notices import Item, Message

EVIL = "<script>alert(1)</script> [click](https://evil.example) **b** \"'&"


def message(count: int = 1, *, text: str = "paste the new secret", **changes: Any) -> Message:
    fields = {
        "state": "waiting",
        "subject": "Arctic Wolf MA",
        "text": text,
        "act_by": "2026-12-02",
        "link": "https://rotation.example/r/1",
        "action": "Open the steps",
    }
    items = [Item(**(fields | changes)) for _ in range(count)]
    return Message(title="Entra credentials · Payments team", summary="3 need you", items=items, footer="Rotation")


def card(content: bytes) -> dict[str, Any]:
    sent = json.loads(content)
    assert sent["type"] == "message"
    [attachment] = sent["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    found: dict[str, Any] = attachment["content"]
    assert (found["type"], found["version"]) == ("AdaptiveCard", "1.4")
    return found


def runs(node: Any) -> list[str]:
    """Give every text run below *node*."""
    if isinstance(node, list):
        return [text for each in node for text in runs(each)]
    if isinstance(node, dict):
        own = [node["text"]] if node.get("type") == "TextRun" else []
        return own + [text for each in node.values() for text in runs(each)]
    return []


def types(node: Any) -> set[str]:
    if isinstance(node, list):
        return {kind for each in node for kind in types(each)}
    if isinstance(node, dict):
        return {str(node.get("type"))} | {kind for each in node.values() for kind in types(each)}
    return set()


class Elements(HTMLParser):
    """Collect tags, links and text of a page, as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_card_says_what_the_mail_says() -> None:
    shown, rendered = " ".join(runs(card(payload(message())))), letter(message())
    for said in ("Entra credentials · Payments team", "3 need you", "☞", "Arctic Wolf MA", "paste the new secret"):
        assert said in shown
        assert said in Elements(rendered.html).text
        assert said in rendered.text
    assert rendered.subject == "1 credential needs you, by Wed 2 Dec"


def test_an_item_has_one_button_and_the_same_link_in_the_mail() -> None:
    [action] = card(payload(message()))["body"][2]["items"][-1]["actions"]
    assert action == {"type": "Action.OpenUrl", "title": "Open the steps", "url": "https://rotation.example/r/1"}
    assert Elements(letter(message()).html).links == ["https://rotation.example/r/1"]
    assert "Open the steps: https://rotation.example/r/1" in letter(message()).text


def test_names_become_neither_markup_nor_links() -> None:
    evil = message(subject=EVIL, text=EVIL, act_by=EVIL, action=EVIL)
    seen = card(payload(evil))
    assert "TextBlock" not in types(seen), "text blocks read Markdown; text runs do not"
    page = Elements(letter(evil).html)
    assert "script" not in page.tags
    assert page.links == ["https://rotation.example/r/1"]
    assert EVIL in page.text


@pytest.mark.parametrize("link", ["javascript:alert(1)", "", 'https://x.example/"onmouseover="x y'])
def test_other_links_are_left_out(link: str) -> None:
    odd = message(link=link)
    assert "Action.OpenUrl" not in types(card(payload(odd)))
    assert Elements(letter(odd).html).links == []
    assert "Open the steps" not in letter(odd).text


@pytest.mark.parametrize("text", ["short", "x" * 5_000, "東" * 5_000, '"\\' * 3_000])
@pytest.mark.parametrize("count", [1, 40, 1_000])
def test_a_card_stays_below_the_limit_and_counts_what_it_left_out(count: int, text: str) -> None:
    sent = payload(message(count, text=text))
    assert len(sent) <= LIMIT
    body = card(sent)["body"]
    shown = sum(1 for element in body if element["type"] == "Container")
    assert shown > 0
    left_out = [text for text in runs(body) if text.startswith("and ")]
    assert left_out == ([] if shown == count else [f"and {count - shown} more"])


def test_a_card_is_filled_before_anything_is_left_out() -> None:
    sent = payload(message(1_000))
    assert len(sent) > LIMIT - 700


def test_a_mail_counts_what_it_left_out() -> None:
    rendered = letter(message(LARGEST_PART + 37))
    assert "and 37 more" in rendered.text
    assert "and 37 more" in Elements(rendered.html).text
    assert rendered.text.count("Arctic Wolf MA") == LARGEST_PART


def test_the_text_of_a_mail_reads_like_a_digest() -> None:
    assert letter(message()).text == (
        "Entra credentials · Payments team\n"
        "3 need you\n"
        "\n"
        "☞ Arctic Wolf MA - by 2026-12-02\n"
        "  paste the new secret\n"
        "  Open the steps: https://rotation.example/r/1\n"
        "\n"
        "Rotation\n"
    )
