"""
Render a message as an Adaptive Card 1.4 for a Teams Workflow (platform.md F).

Texts from outside stand in text runs, which know no Markdown: a name cannot become a link.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from rotation.notifications.words import look, plain, safe_link, subject, when
from rotation.ports.notices import Item, Message

LIMIT = 21_000
"""Bytes. Teams refuses about 28 KB, counted its own way; practitioners stay below 21 KB (platform.md F)."""

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """When and where it is read: days are counted from here."""

    said_at: datetime | None
    zone: tzinfo


def payload(message: Message, zone: tzinfo = UTC) -> bytes:
    """Give the body of the POST; items that do not fit are counted, not dropped in silence."""
    reader = Reader(message.said_at, zone)
    shown = [_item(item, reader) for item in message.items]
    most = message.left_out + len(shown)
    room = LIMIT - len(_encode(_envelope(message, [], reader, left_out=most)))
    fitting = _fitting(shown, room)
    return _encode(_envelope(message, shown[:fitting], reader, left_out=most - fitting))


def _fitting(shown: Sequence[Json], room: int) -> int:
    """Count how many of the first items have room."""
    for count, item in enumerate(shown):
        room -= len(_encode(item)) + 1
        if room < 0:
            return count
    return len(shown)


def _encode(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _envelope(message: Message, shown: Sequence[Json], reader: Reader, *, left_out: int) -> Json:
    heading = [_text(_run(plain(message.title, 300), size="Large", weight="Bolder"))]
    if message.summary:
        heading.append(_text(_run(plain(message.summary, 500), isSubtle=True), spacing="None"))
    body: list[Json] = [{"type": "Container", "style": "emphasis", "bleed": True, "items": heading}, *shown]
    if left_out:
        body.append(_text(_run(f"and {left_out} more", weight="Bolder"), separator=True))
    if message.footer:
        body.append(_text(_run(plain(message.footer, 500), size="Small", isSubtle=True), separator=True))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": subject(message, reader.zone),
        "msteams": {"width": "Full"},
        "body": body,
    }
    if safe_link(message.link):
        card["actions"] = [_open("Open Rotation", message.link)]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _text(*runs: Json, **style: object) -> Json:
    return {"type": "RichTextBlock", "inlines": list(runs), **style}


def _run(text: str, **style: object) -> Json:
    return {"type": "TextRun", "text": text, **style}


def _open(title: str, url: str) -> Json:
    return {"type": "Action.OpenUrl", "title": title, "url": url}


def _item(item: Item, reader: Reader) -> Json:
    seen, due = look(item.state), when(item, reader.said_at, reader.zone)
    heading = [_run(plain(item.subject), weight="Bolder")]
    if due:
        heading.append(_run(f" · {due}", color=seen.card_colour, weight="Bolder"))
    told = [_text(*heading), _text(_run(plain(item.text)), spacing="None")]
    if item.identifier:
        told.append(_text(_run(plain(item.identifier, 80), size="Small", isSubtle=True), spacing="None"))
    actions = [_open(plain(item.action, 40) or "Open", item.link)] if safe_link(item.link) else []
    actions += [_open("Snooze 7 days", item.snooze)] if safe_link(item.snooze) else []
    if actions:
        told.append({"type": "ActionSet", "actions": actions})
    sign = _text(_run(seen.sign, color=seen.card_colour, weight="Bolder"))
    columns = [_column([sign], "20px"), _column(told, "stretch")]
    return {"type": "ColumnSet", "separator": True, "spacing": "Medium", "columns": columns}


def _column(items: list[Json], width: str) -> Json:
    return {"type": "Column", "width": width, "items": items}
