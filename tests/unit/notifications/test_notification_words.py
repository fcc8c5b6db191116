import pytest

from rotation.notifications.words import look, plain, safe_link, subject
from rotation.ports.notices import Item, Message


def message(*items: Item) -> Message:
    return Message(title="Entra credentials · Payments team", summary="", items=items)


def item(state: str, act_by: str = "") -> Item:
    return Item(state=state, subject="billing-api", text="stopped", act_by=act_by)


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ((), "Entra credentials · Payments team"),
        ((item("done"), item("overlapping")), "Entra credentials · Payments team"),
        ((item("waiting", "2026-12-02"),), "1 credential needs you, by Wed 2 Dec"),
        (
            (item("blocked", "2026-12-20 (in 28 days)"), item("waiting", "2026-12-02"), item("expired"), item("done")),
            "3 credentials need you, first by Wed 2 Dec",
        ),
        ((item("blocked", "tonight"), item("expired")), "2 credentials need you, first by tonight"),
        ((item("blocked"),), "1 credential needs you"),
    ],
)
def test_the_subject_carries_count_and_nearest_date(items: tuple[Item, ...], said: str) -> None:
    assert subject(message(*items)) == said


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
