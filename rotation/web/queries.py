"""What stands after the question mark: filters, order, and which page of a long list."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from rotation.web.bodies import BadRequest, told
from rotation.web.exchange import Request
from rotation.workflows.reading.paging import LARGEST, Paged, paged

KEY_PARAMETER = "code"
"""A function key may stand there (platform.md D2); it is none of our parameters and never repeated."""
USUAL = 100
EARLIEST, LATEST = date(2020, 1, 1), date(2099, 12, 31)
"""No deployment is older, and the calendar ends well after what anybody asks for."""


def within_reach(day: date) -> date:
    """
    Take a day as a parameter.

    Raises:
        ValueError: Nothing can have happened on it.
    """
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"is out of reach; write a day from {EARLIEST} to {LATEST}")
    return day


class Query(BaseModel):
    """The base of all queries: none but the known parameters; an empty one counts as not sent."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class PageQuery(Query):
    """Which page of a list. `cursor` is what `next` of the page before gave."""

    limit: int = Field(default=USUAL, ge=1, le=LARGEST)
    cursor: str = Field(default="", max_length=1024)


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
    items: Sequence[Item], asked: PageQuery, *, key: Callable[[Item], str], down: bool = False
) -> Paged[Item]:
    """
    Cut one page out of a list that is in the order of *key* (*down*: backwards).

    Raises:
        Misread: The cursor is not one of this list.
    """
    return paged(items, key, limit=asked.limit, cursor=asked.cursor or None, down=down)


def following(request: Request, cursor: str | None) -> str | None:
    """Give the address of the next page, where there is one."""
    if cursor is None:
        return None
    kept: Mapping[str, str] = {name: value for name, value in request.query.items() if name != KEY_PARAMETER}
    return f"{request.path}?{urlencode({**kept, 'cursor': cursor})}"
