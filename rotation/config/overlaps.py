"""Show where two policies speak of the same application, and which of them is then heard."""

from collections.abc import Iterator
from functools import cache
from itertools import combinations

from rotation.domain.policy import Configuration, Policy, Selector

_SHOWN = 3
"""Reasons a pair; the rest is a number."""


def overlaps(configuration: Configuration) -> list[str]:
    """
    Tell of each pair of policies that meet, one line a pair.

    Lists of ids meet where an id stands in both. Globs, tags and owners meet where one application can match both:
    that is possible, not certain. What is meant so is not told: ids go before globs, tags and owners, and a policy
    for everything else comes last.
    """
    return [
        f"'{first.name}' and '{second.name}' {how}: there '{first.name}' holds, it comes first"
        for first, second in combinations(configuration.policies, 2)
        for how in _meetings(first, second)
    ]


def _meetings(first: Policy, second: Policy) -> Iterator[str]:
    one, other = first.selector, second.selector
    for what, shared in (
        ("object id", one.object_ids & other.object_ids),
        ("client id", one.client_ids & other.client_ids),
    ):
        for each in sorted(shared):
            yield f"both list {what} {each}"
    if reasons := list(_loose(one, other)):
        more = [f"{len(reasons) - _SHOWN} more"] if len(reasons) > _SHOWN else []
        yield f"can both match one application ({'; '.join(reasons[:_SHOWN] + more)})"


def _loose(one: Selector, other: Selector) -> Iterator[str]:
    if one.everything and _is_loose(other):
        yield "the first selects everything, so the second is never heard for names, tags or owners"
    if one.everything or other.everything:
        return
    words, others = _words(one), _words(other)
    for kind, word in words:
        for other_kind, other_word in others:
            if kind == other_kind == "name" and not meet(word.casefold(), other_word.casefold()):
                continue
            yield f"{kind} '{word}' and {other_kind} '{other_word}'"


def _is_loose(selector: Selector) -> bool:
    return selector.everything or bool(_words(selector))


def _words(selector: Selector) -> list[tuple[str, str]]:
    names = [("name", glob) for glob in selector.names]
    tags = [("tag", tag) for tag in sorted(selector.tags)]
    return names + tags + [("owner", owner) for owner in sorted(selector.owners)]


def meet(one: str, other: str) -> bool:
    """Tell whether some text matches both globs of `*` and `?`; a set such as `[ab]` is taken to match any letter."""
    return _meet(_letters(one), _letters(other))


def _letters(glob: str) -> tuple[str, ...]:
    letters: list[str] = []
    while glob:
        end = glob.find("]", 2) if glob[0] == "[" else 0
        letters.append("?" if end > 0 else glob[0])
        glob = glob[end + 1 :] if end > 0 else glob[1:]
    return tuple(letters)


@cache
def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if not one or not other:
        return all(letter == "*" for letter in one or other)
    if one[0] == "*":
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] == "*":
        return _meet(one, other[1:]) or _meet(one[1:], other)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _meet(one[1:], other[1:])
