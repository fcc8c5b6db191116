"""What stands after the question mark: filters, order, and which page of a long list."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from rotation.web.bodies import BadRequest, told
from rotation.web.exchange import Request

KEY_PARAMETER = "code"
"""A function key may stand there (platform.md D2); it is none of our parameters and never repeated."""
USUAL, MOST = 100, 500


class Query(BaseModel):
    """The base of all queries: none but the known parameters; an empty one counts as not sent."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class PageQuery(Query):
    """Which page of a list. `cursor` is what `next` of the page before gave."""

    limit: int = Field(default=USUAL, ge=1, le=MOST)
    cursor: str = Field(default="", max_length=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page[Item]:
    """One page of a list."""

    items: tuple[Item, ...]
    next: str | None
    """Address of the next page; None: this is the last."""
    total: int
    """How many there are on all pages."""


def read_query[Wanted: Query](model: type[Wanted], request: Request) -> Wanted:
    """
    Read the query.

    Raises:
        BadRequest: A parameter is unknown, or not of its kind.
    """
    given = {name: value for name, value in request.query.items() if name != KEY_PARAMETER and value}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        problems = [told(model, problem) for problem in error.errors(include_url=False, include_input=False)]
    raise BadRequest(problems)


def page_of[Item](
    items: Sequence[Item], asked: PageQuery, request: Request, *, named: Callable[[Item], str]
) -> Page[Item]:
    """
    Cut one page out of a list that is in order already.

    The cursor names the item that was last seen, and where it stood: the next page begins behind that item wherever
    it is now, and where it is gone, behind its place.

    Args:
        items: The whole list.
        asked: Which page.
        request: Its address is the base of `next`.
        named: Gives what tells an item from all others.

    Raises:
        BadRequest: The cursor is not one of this list.
    """
    start = _after(items, asked.cursor, named)
    shown = tuple(items[start : start + asked.limit])
    end = start + len(shown)
    following = _address(request, _cursor(end, named(shown[-1]))) if shown and end < len(items) else None
    return Page(items=shown, next=following, total=len(items))


def _after[Item](items: Sequence[Item], cursor: str, named: Callable[[Item], str]) -> int:
    if not cursor:
        return 0
    place, name = _read(cursor)
    seen = next((number for number, item in enumerate(items, 1) if named(item) == name), None)
    return seen if seen is not None else min(place, len(items))


def _cursor(place: int, name: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([place, name]).encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[int, str]:
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    match found:
        case [int(place), str(name)] if not isinstance(place, bool) and place >= 0:
            return place, name
    raise BadRequest(["cursor: is not one that this list gave; take it from `next`, or leave it out"])


def _address(request: Request, cursor: str) -> str:
    kept: Mapping[str, str] = {name: value for name, value in request.query.items() if name != KEY_PARAMETER}
    return f"{request.path}?{urlencode({**kept, 'cursor': cursor})}"
