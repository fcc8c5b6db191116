"""
Render a message as an Adaptive Card 1.4 for a Teams Workflow (platform.md F).

Texts from outside stand in text runs, which know no Markdown: a name cannot become a link.
"""

import json
from collections.abc import Sequence
from typing import Any

from rotation.notifications.words import look, plain, safe_link, subject
from rotation.ports.notices import Item, Message

LIMIT = 21_000
"""Bytes. Teams refuses about 28 KB, counted its own way; practitioners stay below 21 KB (platform.md F)."""

type Json = dict[str, Any]


def payload(message: Message) -> bytes:
    """Give the body of the POST; items that do not fit are counted, not dropped in silence."""
    shown = [_item(item) for item in message.items]
    room = LIMIT - len(_encode(_envelope(message, [], left_out=len(shown))))
    fitting = _fitting(shown, room)
    return _encode(_envelope(message, shown[:fitting], left_out=len(shown) - fitting))


def _fitting(shown: Sequence[Json], room: int) -> int:
    """Count how many of the first items have room."""
    for count, item in enumerate(shown):
        room -= len(_encode(item)) + 1
        if room < 0:
            return count
    return len(shown)


def _encode(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _envelope(message: Message, shown: Sequence[Json], *, left_out: int) -> Json:
    body = [_text(message.title, size="Medium", weight="Bolder"), _text(message.summary), *shown]
    if left_out:
        body.append(_text(f"and {left_out} more", weight="Bolder"))
    if message.footer:
        body.append(_text(message.footer, size="Small", isSubtle=True))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": subject(message),
        "msteams": {"width": "Full"},
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _text(text: str, **style: object) -> Json:
    return {"type": "RichTextBlock", "inlines": [_run(plain(text, 500), **style)]}


def _run(text: str, **style: object) -> Json:
    return {"type": "TextRun", "text": text, **style}


def _item(item: Item) -> Json:
    seen = look(item.state)
    by = [_run(f"  by {plain(item.act_by, 60)}", weight="Bolder")] if item.act_by else []
    runs = [_run(f"{seen.sign} ", color=seen.card_colour, weight="Bolder"), _run(plain(item.subject), weight="Bolder")]
    items: list[Json] = [
        {"type": "RichTextBlock", "inlines": [*runs, *by]},
        {"type": "RichTextBlock", "spacing": "None", "inlines": [_run(plain(item.text))]},
    ]
    if safe_link(item.link):
        title = plain(item.action, 40) or "Open"
        items.append({"type": "ActionSet", "actions": [{"type": "Action.OpenUrl", "title": title, "url": item.link}]})
    return {"type": "Container", "separator": True, "items": items}
