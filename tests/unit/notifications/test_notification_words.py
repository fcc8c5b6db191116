from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rotation.notifications.words import LOOKS, instant, look, plain, safe_link, subject, when
from rotation.ports.notices import Item, Message

SAID = datetime(2026, 11, 27, 20, tzinfo=UTC)


def message(*items: Item) -> Message:
    return Message(title="Entra credentials · Payments team", summary="", items=items, said_at=SAID)


def item(state: str, due_in: int | None = None) -> Item:
    due_at = None if due_in is None else SAID + timedelta(days=due_in)
    return Item(state=state, subject="billing-api", text="stopped", due_at=due_at)


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ((), "Entra credentials · Payments team"),
        ((item("done"), item("overlapping")), "Entra credentials · Payments team"),
        ((item("waiting", 5),), "Entra credentials · Payments team"),
        (
            (item("blocked", 23), item("waiting", 5), item("expired"), item("done")),
            "3 credentials need you, first by Wed 2 Dec",
        ),
        ((item("blocked"), item("expired")), "2 credentials need you"),
    ],
)
def test_the_subject_carries_count_and_nearest_date(items: tuple[Item, ...], said: str) -> None:
    assert subject(message(*items)) == said


@pytest.mark.parametrize(
    ("state", "due_in", "said"),
    [
        ("approaching", 13, "ends Thu 10 Dec (in 13 days)"),
        ("approaching", 0, "ended Fri 27 Nov (today)"),
        ("expired", -2, "ended Wed 25 Nov (2 days ago)"),
        ("waiting", 1, "by Sat 28 Nov (tomorrow)"),
        ("waiting", -1, "overdue since Thu 26 Nov (yesterday)"),
        ("blocked", 23, "the old secret works until Sun 20 Dec (in 23 days)"),
        ("blocked", -1, "the old secret ended Thu 26 Nov (yesterday)"),
        ("approaching", 400, "ends Sat 1 Jan 2028 (in 400 days)"),
        ("waiting", None, ""),
    ],
)
def test_a_date_says_what_comes_then_and_how_far_it_is(state: str, due_in: int | None, said: str) -> None:
    assert when(item(state, due_in), SAID, UTC) == said


def test_a_date_is_that_of_the_reader_s_zone() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    assert when(item("waiting", 5), SAID, tokyo) == "by Thu 3 Dec (in 5 days)"
    assert when(item("waiting", 5), None, tokyo) == "by Thu 3 Dec 2026"
    assert instant(item("waiting", 5)) == "2026-12-02 20:00 UTC"
    assert instant(item("waiting")) == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\r\nBcc: everybody", "one Bcc: everybody"),
        ("exe\u202egnp.txt", "exe gnp.txt"),
        ("a\x00\x1b[31mb", "a [31mb"),
        ("  wide   open ", "wide open"),
        ("Zürich 東京 👩‍🔧", "Zürich 東京 👩‍🔧"),
        ("", ""),
    ],
)
def test_texts_from_outside_become_one_harmless_line(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_long_text_is_cut_and_says_so() -> None:
    assert plain("x" * 400, 10) == "xxxxxxxxx…"


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "//host/x", "https://", "https://a b", "https://[", "x", ""]
)
def test_only_absolute_web_addresses_are_linked(link: str) -> None:
    assert safe_link(link) == ""


def test_a_web_address_is_linked() -> None:
    assert safe_link("https://rotation.example/r/1?x=y") == "https://rotation.example/r/1?x=y"


def test_every_state_has_a_sign_of_its_own_and_unknown_ones_are_shown() -> None:
    states = ("healthy", "approaching", "under-way", "waiting", "overlapping", "blocked", "expired", "done")
    assert len({look(state).sign for state in states}) == len(states)
    assert look("brand-new") == look("healthy")


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("state", sorted(LOOKS))
def test_every_colour_can_be_read_in_light_and_in_dark(state: str) -> None:
    assert contrast(look(state).mail_colour, "#ffffff") >= 4.5
    assert contrast(look(state).mail_dark, "#1b1b1b") >= 4.5
