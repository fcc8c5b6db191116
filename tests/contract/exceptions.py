"""Search a whole exception for a text that must not be in it (protocol.md, invariant 6)."""

import traceback
from collections.abc import Iterator


def chain(error: BaseException) -> Iterator[BaseException]:
    """Give an exception and everything that it leads to."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__]


def assert_speaks_our_language(error: BaseException) -> None:
    """No SDK's exception is anywhere in the chain: it would keep its request, and with it the body."""
    strangers = [type(one) for one in chain(error) if not type(one).__module__.startswith(("rotation.", "builtins"))]
    assert strangers == []


def assert_absent(text: str, error: BaseException) -> None:
    """The text is in no message, no argument and no printed traceback."""
    printed = "".join(traceback.format_exception(error))
    assert text not in printed
    assert all(text not in repr(vars(one)) + repr(one.args) for one in chain(error))
