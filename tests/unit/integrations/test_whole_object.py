"""One value changes, and nothing else: over a store that others write too."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotation.domain.errors import DestinationRefused, Unavailable
from rotation.integrations.whole_object import ROUNDS, Change, Whole, change_one, differences, value_at

PATH = ("properties", "CLIENT_SECRET")
BEFORE = {"properties": {"CLIENT_SECRET": "CANARY~old", "COLOUR": "CANARY~blue", "N": "1"}, "tags": ["a"], "rev": 1}
CHANGE = Change(path=PATH, new=lambda _old: "CANARY~new", is_there=lambda old: old == "CANARY~new")


@dataclass
class Store:
    """Keeps one object; `meanwhile` happens between a reading and the write after it."""

    content: dict[str, Any] = field(repr=False)
    etags: bool = True
    number: int = 1
    writes: list[dict[str, Any]] = field(default_factory=list, repr=False)
    meanwhile: Callable[["Store"], None] = lambda _store: None
    spoils: Callable[[dict[str, Any]], dict[str, Any]] = lambda content: content

    async def read(self) -> Whole:
        return Whole(content=self.content, etag=str(self.number) if self.etags else None)

    async def write(self, whole: Whole) -> bool:
        self.meanwhile(self)
        if self.etags and whole.etag != str(self.number):
            return False
        self.put(self.spoils(dict(whole.content)))
        self.writes.append(self.content)
        return True

    def put(self, content: dict[str, Any]) -> None:
        self.content, self.number = content, self.number + 1


def others(name: str, value: str) -> Callable[[Store], None]:
    """Somebody else sets another value, once."""
    done: list[str] = []

    def act(store: Store) -> None:
        if not done:
            done.append(name)
            store.put({**store.content, "properties": {**store.content["properties"], name: value}})

    return act


async def test_exactly_one_value_changes() -> None:
    store = Store(BEFORE)
    assert await change_one(store, CHANGE)
    assert store.content == {**BEFORE, "properties": {**BEFORE["properties"], "CLIENT_SECRET": "CANARY~new"}}  # type: ignore[dict-item]
    assert BEFORE["properties"]["CLIENT_SECRET"] == "CANARY~old", "the reading itself is left alone"  # type: ignore[index]


async def test_what_is_there_already_is_not_written() -> None:
    store = Store(BEFORE)
    assert await change_one(store, CHANGE)
    assert not await change_one(store, CHANGE)
    assert len(store.writes) == 1


async def test_a_lost_race_is_read_again_and_keeps_what_the_winner_wrote() -> None:
    store = Store(BEFORE, meanwhile=others("COLOUR", "green"))
    assert await change_one(store, CHANGE)
    assert store.content["properties"] == {"CLIENT_SECRET": "CANARY~new", "COLOUR": "green", "N": "1"}
    assert len(store.writes) == 1


async def test_races_without_end_are_given_up_for_now() -> None:
    def always(store: Store) -> None:
        store.number += 1

    store = Store(BEFORE, meanwhile=always)
    with pytest.raises(Unavailable, match=f"{ROUNDS} times") as failed:
        await change_one(store, CHANGE)
    assert failed.value.reason == "conflict"
    assert store.writes == []


@pytest.mark.parametrize(
    ("spoils", "named"),
    [
        (lambda c: {**c, "properties": {"CLIENT_SECRET": "CANARY~new"}}, "properties.COLOUR, properties.N"),
        (lambda c: {**c, "properties": {**c["properties"], "N": None}}, "properties.N"),
        (lambda c: {**c, "tags": []}, "tags"),
        (lambda c: {**c, "more": "CANARY~more"}, "more"),
    ],
)
async def test_a_service_that_changes_more_is_found_out(spoils: Callable[[Any], Any], named: str) -> None:
    store = Store(BEFORE, spoils=spoils)
    with pytest.raises(DestinationRefused, match=named) as failed:
        await change_one(store, CHANGE)
    assert failed.value.reason == "other-change"
    assert "after the write" in str(failed.value)
    shown = traceback.TracebackException.from_exception(failed.value, capture_locals=True).format()
    frames = [line for line in shown if "/whole_object.py" in line]
    assert frames
    assert not [line for line in frames if "CANARY~" in line], "names, never values"


async def test_what_the_service_changes_by_itself_may_change() -> None:
    store = Store(BEFORE, spoils=lambda c: {**c, "rev": 2})
    with pytest.raises(DestinationRefused, match="rev"):
        await change_one(store, CHANGE)
    store = Store(BEFORE, spoils=lambda c: {**c, "rev": 2})
    assert await change_one(store, replace(CHANGE, by_itself=frozenset({("rev",)})))


async def test_a_value_that_was_not_there_is_added() -> None:
    store = Store({"properties": {"COLOUR": "blue"}}, etags=False)
    assert await change_one(store, CHANGE)
    assert store.content == {"properties": {"COLOUR": "blue", "CLIENT_SECRET": "CANARY~new"}}


@pytest.mark.parametrize("content", [{}, {"properties": None}, {"properties": "CANARY~text"}, {"properties": []}])
async def test_an_object_of_another_form_is_left_alone(content: dict[str, Any]) -> None:
    store = Store(content)
    with pytest.raises(DestinationRefused) as failed:
        await change_one(store, CHANGE)
    assert failed.value.reason == "unexpected-shape"
    assert "CANARY~" not in str(failed.value)
    assert store.writes == []


def test_a_reading_does_not_show_what_it_holds() -> None:
    assert "CANARY~" not in repr(Whole(content=BEFORE)) + repr(CHANGE)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(min_size=1, max_size=3), json, max_size=4)


@given(beside=objects, outer=st.text(min_size=1, max_size=3), inner=st.text(min_size=1, max_size=3), others=objects)
async def test_whatever_lies_beside_it_stays(beside: Any, outer: str, inner: str, others: Any) -> None:
    store = Store({**beside, outer: others})
    await change_one(store, Change(path=(outer, inner), new=lambda _old: "new"))
    assert value_at(Whole(content=store.content), (outer, inner)) == "new"
    assert set(differences({**beside, outer: others}, store.content)) <= {f"{outer}.{inner}"}
    assert {key: value for key, value in store.content[outer].items() if key != inner} == {
        key: value for key, value in others.items() if key != inner
    }


def test_a_number_is_no_truth_value_and_no_text() -> None:
    assert differences({"a": 1}, {"a": True}) == ["a"]
    assert differences({"a": 1}, {"a": "1"}) == ["a"]
    assert differences({"a": None}, {}) == ["a"]
