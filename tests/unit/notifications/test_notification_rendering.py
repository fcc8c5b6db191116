import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from rotation.domain.audience import Audience
from rotation.domain.identifiers import AudienceName
from rotation.notifications.card import LIMIT, payload
from rotation.notifications.mail import LARGEST_PART, MOST_ENTRIES, composed, letter
from rotation.ports.notices import Item, Message

SAID = datetime(2026, 11, 27, 7, tzinfo=UTC)
EVIL = "<script>alert(1)</script> [click](https://evil.example) **b** \"'&"


def message(count: int = 1, *, text: str = "paste the new secret", **changes: Any) -> Message:
    fields: dict[str, Any] = {
        "state": "waiting",
        "subject": "Arctic Wolf MA",
        "text": text,
        "due_at": datetime(2026, 12, 2, 18, tzinfo=UTC),
        "link": "https://rotation.example/r/1",
        "action": "Open the steps",
    }
    items = [Item(**(fields | changes)) for _ in range(count)]
    title = "Entra credentials · Payments team"
    return Message(title=title, summary="3 need you", items=items, footer="Rotation", said_at=SAID)


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


def actions(node: Any) -> list[dict[str, Any]]:
    """Give every button below *node*."""
    if isinstance(node, list):
        return [found for each in node for found in actions(each)]
    if isinstance(node, dict):
        return [*node.get("actions", []), *(found for each in node.values() for found in actions(each))]
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
    assert "by Wed 2 Dec (in 5 days)" in shown
    assert "by Wed 2 Dec (in 5 days)" in Elements(rendered.html).text
    assert letter(message(3)).subject == "3 credentials need you, first by Wed 2 Dec"


def test_an_item_has_one_button_and_the_same_link_in_the_mail() -> None:
    [action] = actions(card(payload(message()))["body"])
    assert action == {"type": "Action.OpenUrl", "title": "Open the steps", "url": "https://rotation.example/r/1"}
    assert Elements(letter(message()).html).links == ["https://rotation.example/r/1"]
    assert "Open the steps: https://rotation.example/r/1" in letter(message()).text


def test_names_become_neither_markup_nor_links() -> None:
    evil = message(subject=EVIL, text=EVIL, action=EVIL)
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
    shown = sum(1 for element in body if element["type"] == "ColumnSet")
    assert shown > 0
    left_out = [text for text in runs(body) if text.startswith("and ")]
    assert left_out == ([] if shown == count else [f"and {count - shown} more"])


def test_a_card_is_filled_before_anything_is_left_out() -> None:
    sent = payload(message(1_000))
    assert len(sent) > LIMIT - 900


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
        "☞ Arctic Wolf MA - by Wed 2 Dec (in 5 days)\n"
        "  paste the new secret\n"
        "  Open the steps: https://rotation.example/r/1\n"
        "\n"
        "Rotation\n"
        "Dates are those of UTC. Nothing in this message is secret.\n"
    )


def test_dates_are_those_of_the_reader_s_zone() -> None:
    late = message(due_at=datetime(2026, 12, 2, 18, tzinfo=UTC))
    tokyo = ZoneInfo("Asia/Tokyo")
    assert "by Thu 3 Dec (in 6 days)" in letter(late, tokyo).text
    assert "by Thu 3 Dec (in 6 days)" in " ".join(runs(card(payload(late, tokyo))))
    assert 'title="2026-12-02 18:00 UTC"' in letter(late, tokyo).html


def test_a_snooze_link_stands_beside_the_act_and_the_overview_below_all() -> None:
    told = replace(message(snooze="https://rotation.example/snooze/t"), link="https://rotation.example/")
    shown = card(payload(told))
    assert [each["title"] for each in actions(shown)] == ["Open Rotation", "Open the steps", "Snooze 7 days"]
    links = Elements(letter(told).html).links
    assert links == ["https://rotation.example/r/1", "https://rotation.example/snooze/t", "https://rotation.example/"]
    assert "Snooze 7 days: https://rotation.example/snooze/t" in letter(told).text


def test_what_the_digest_left_out_is_counted_too() -> None:
    told = replace(message(2), left_out=35)
    assert "and 35 more" in runs(card(payload(told)))
    assert "and 35 more" in letter(told).text
    assert letter(told).subject == "37 credentials need you, first by Wed 2 Dec"


def test_the_key_id_follows_small() -> None:
    told = message(identifier="key id 1234")
    assert "key id 1234" in runs(card(payload(told)))
    assert "key id 1234" in letter(told).text
    assert "key id 1234" in Elements(letter(told).html).text


def test_a_message_about_one_thing_keeps_its_title_as_subject() -> None:
    assert letter(message()).subject == "Entra credentials · Payments team"


def parts(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


def calendars(mail: EmailMessage) -> list[Any]:
    found = [part for part in mail.iter_attachments() if part.get_content_type() == "text/calendar"]
    return [Calendar.from_ical(part.get_content()) for part in found]


PEOPLE = Audience(name=AudienceName("payments"), mail=("ada@contoso.example", "grace@contoso.example"))


def test_a_mail_holds_text_and_html_and_an_entry_for_each_deadline() -> None:
    mail = composed(message(uid="key-1"), PEOPLE, sender="r@contoso.example")
    assert parts(mail) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    assert mail["To"] == "ada@contoso.example, grace@contoso.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    (calendar,) = calendars(mail)
    (event,) = calendar.walk("VEVENT")
    assert calendar["method"] == "PUBLISH"
    assert event["uid"] == "key-1@rotation"
    assert event["dtstart"].dt == date(2026, 12, 2)
    assert event["url"] == "https://rotation.example/r/1"
    [attachment] = mail.iter_attachments()
    assert attachment.get_filename() == "arctic-wolf-ma-2026-12-02.ics"
    assert attachment.get_param("method") == "PUBLISH"
    assert "The deadline is attached as a calendar entry" in letter(message(uid="key-1")).html


def test_a_later_mail_moves_the_entry_that_an_earlier_one_made() -> None:
    first = message(uid="key-1")
    later = replace(message(uid="key-1", due_at=datetime(2027, 1, 5, tzinfo=UTC)), said_at=SAID + timedelta(days=1))
    events = [calendars(composed(each, PEOPLE, sender="r@c.example"))[0].walk("VEVENT")[0] for each in (first, later)]
    assert events[0]["uid"] == events[1]["uid"]
    assert events[0]["sequence"] < events[1]["sequence"]


def test_an_entry_has_no_address_that_is_none_and_a_file_always_a_name() -> None:
    odd = message(uid="key-1", link="javascript:alert(1)", subject="名前")
    mail = composed(odd, PEOPLE, sender="r@c.example")
    [attachment] = mail.iter_attachments()
    assert attachment.get_filename() == "deadline-2026-12-02.ics"
    (event,) = calendars(mail)[0].walk("VEVENT")
    assert "url" not in event


@pytest.mark.parametrize("changes", [{"uid": ""}, {"uid": "k", "due_at": None}, {"uid": "k", "state": "done"}])
def test_what_is_no_deadline_gets_no_entry(changes: dict[str, Any]) -> None:
    assert calendars(composed(message(**changes), PEOPLE, sender="r@c.example")) == []
    assert calendars(composed(replace(message(uid="k"), said_at=None), PEOPLE, sender="r@c.example")) == []


def test_the_nearest_deadlines_are_attached_and_the_mail_says_how_many() -> None:
    many = replace(
        message(),
        items=[
            Item(state="waiting", subject=f"app {day}", text="x", uid=f"key-{day}", due_at=SAID + timedelta(days=day))
            for day in range(MOST_ENTRIES + 5, 0, -1)
        ],
    )
    mail = composed(many, PEOPLE, sender="r@c.example")
    named = [str(event["uid"]) for calendar in calendars(mail) for event in calendar.walk("VEVENT")]
    assert named == [f"key-{day}@rotation" for day in range(1, MOST_ENTRIES + 1)]
    assert f"The first {MOST_ENTRIES} deadlines are attached" in letter(many).html
