"""Read the JSON body of a request into a closed model; every fault is told at once, with its field."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from rotation.domain.errors import RotationError
from rotation.domain.identifiers import is_guid
from rotation.web.exchange import Request


class BadRequest(RotationError):
    """The request itself is wrong: `problems` name each field and what is allowed there."""

    reason = "bad-request"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems), problems=list(problems))
        self.problems = tuple(problems)


class Body(BaseModel):
    """The base of all bodies: names in camelCase or as answers have them, none but the known ones, each of its type."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
    )


type Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
"""A reason for the audit trail."""


def key_id(text: str) -> str:
    """
    Take a key id as a field.

    Raises:
        ValueError: It is none.
    """
    if not is_guid(text):
        raise ValueError("is not a key id; write a GUID, as `predecessors` of the rotation lists them")
    return text.lower()


type KeyIdText = Annotated[str, AfterValidator(key_id)]


def read[Wanted: Body](model: type[Wanted], request: Request) -> Wanted:
    """
    Read the body; an empty one counts as `{}`.

    Raises:
        BadRequest: It is not JSON, or not of this shape.
    """
    try:
        given: Any = json.loads(request.body) if request.body.strip() else {}
    except ValueError as error:
        raise BadRequest([f"the body is not JSON{_place(error)}; send an object of {_fields(model)}"]) from None
    except RecursionError:
        raise BadRequest(["the body is nested too deep to read"]) from None
    if not isinstance(given, dict):
        raise BadRequest([f"the body is not a JSON object; fields are {_fields(model)}"])
    try:
        return model.model_validate_json(request.body if request.body.strip() else b"{}")
    except ValidationError as error:
        problems = [told(model, problem) for problem in error.errors(include_url=False, include_input=False)]
    raise BadRequest(problems)


def _place(error: ValueError) -> str:
    return f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""


def told(model: type[BaseModel], problem: Any) -> str:
    """Say which field, what is wrong with it, and what to do: in our words, whatever reads it."""
    name = ".".join(str(step) for step in problem["loc"]) or "body"
    match problem["type"]:
        case "extra_forbidden":
            return f"{name}: unknown field; allowed: {_fields(model)}"
        case "value_error":
            return f"{name}: {problem['msg'].removeprefix('Value error, ')}"
        case kind:
            return f"{name}: {_WORDS.get(kind, _OTHER).format(**problem.get('ctx', {}))}"


_OTHER = "is of another kind than this field takes; docs/api.md lists the fields"
_WORDS = {
    "missing": "is missing; add it",
    "bool_type": "is not true or false; write one of them, without quotes",
    "string_type": "is not text; write it in quotes",
    "string_too_short": "is empty; write something",
    "string_too_long": "is longer than {max_length} characters; shorten it",
    "string_pattern_mismatch": "is not a name; write lower-case letters, digits and dashes, at most 40",
    "literal_error": "is none of the values that it may have; write {expected}",
    "tuple_type": "is not a list; write it in [ ]",
    "too_long": "has more than {max_length} entries; send fewer",
    "int_parsing": "is not a whole number; write digits",
    "greater_than_equal": "is too small; write {ge} or more",
    "less_than_equal": "is too large; write {le} or less",
    "bool_parsing": "is neither true nor false; write one of them",
    "enum": "is none of the values that it may have; write {expected}",
    "datetime_from_date_parsing": "is not an instant; write it as 2026-03-02T02:00:00Z",
    "date_from_datetime_parsing": "is not a day; write it as 2026-03-02",
    "date_from_datetime_inexact": "is not a day; write it as 2026-03-02",
    "dict_type": "is not an object; write it in {{ }}",
}
"""By the reader's name for what is wrong; a value that was sent is never repeated."""


def _fields(model: type[BaseModel]) -> str:
    return ", ".join(field.alias or name for name, field in model.model_fields.items()) or "none"
