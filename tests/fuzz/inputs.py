"""Inputs that are nearly right: a good document with one thing wrong is what finds faults."""

import copy
import functools
import json
import operator
from typing import Any

from hypothesis import strategies as st

type Json = Any

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(
        ["", "\0", "\ud800", "²", "2299-12-31T00:00:00Z", "2026-02-30T00:00:00Z", "../..", "%2f", "{value}"]
    )
)
ANY_JSON: st.SearchStrategy[Json] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
DEEP = st.integers(min_value=2, max_value=4_000).map(lambda depth: "[" * depth + "]" * depth) | st.integers(
    min_value=2, max_value=4_000
).map(lambda depth: '{"value":' * depth + "1" + "}" * depth)
"""Nested deeper than a parser's stack."""


def places_of(node: Json, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the path of everything in a document, itself too."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, value in inner for place in places_of(value, (*path, key)))]


@st.composite
def damaged(draw: st.DrawFn, good: Json) -> Json:
    """Give the document with up to three things replaced, left out or added."""
    node = copy.deepcopy(good)
    for _ in range(draw(st.integers(min_value=0, max_value=3))):
        inner = [place for place in places_of(node) if place]
        if not inner:
            return draw(ANY_JSON)
        *way, last = draw(st.sampled_from(inner))
        _damage(draw, functools.reduce(operator.getitem, way, node), last)
    return node


def _damage(draw: st.DrawFn, holder: Json, place: Any) -> None:
    match draw(st.sampled_from(("replace", "drop", "add"))):
        case "drop":
            del holder[place]
        case "add" if isinstance(holder, dict):
            holder[draw(st.text(max_size=12))] = draw(ANY_JSON)
        case _:
            holder[place] = draw(ANY_JSON)


def _spliced(text: str) -> st.SearchStrategy[str]:
    """Cut a piece out of a good text, and put another there."""
    place = st.integers(min_value=0, max_value=len(text))
    piece = st.text(max_size=20) | st.sampled_from(
        ["\0", "\ufeff", "&a *a", "!!python/object:os.system", "<!ENTITY", "\r", "}" * 50]
    )
    return st.tuples(place, place, piece).map(lambda cut: text[: min(cut[:2])] + cut[2] + text[max(cut[:2]) :])


def texts(*good: str) -> st.SearchStrategy[str]:
    """Give any text, and good ones with something wrong."""
    return st.one_of(st.text(), DEEP, *(_spliced(each) for each in good))


def documents(*good: Json) -> st.SearchStrategy[str]:
    """Give JSON texts: of anything, of a good document with something wrong, and what is no JSON."""
    made = st.one_of(ANY_JSON, *(damaged(each) for each in good)).map(json.dumps)
    return st.one_of(made, texts(*(json.dumps(each) for each in good)))


def raw(text: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Give the bytes of it, and bytes of no text."""
    return text.map(lambda each: each.encode("utf-8", "surrogatepass")) | st.binary(max_size=200)
