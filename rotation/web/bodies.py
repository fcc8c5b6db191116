"""Read the JSON body of a request into a closed model; every fault is told at once, with its field."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from rotation.domain.errors import RotationError
from rotation.web.exchange import Request


class BadRequest(RotationError):
    """The request itself is wrong: `problems` name each field and what is allowed there."""

    reason = "bad-request"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems), problems=list(problems))
        self.problems = tuple(problems)


class Body(BaseModel):
    """The base of all bodies: names in camelCase, none but the known ones, no value turned into another type."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, alias_generator=to_camel, hide_input_in_errors=True
    )


def read[Wanted: Body](model: type[Wanted], request: Request) -> Wanted:
    """
    Read the body; an empty one counts as `{}`.

    Raises:
        BadRequest: It is not JSON, or not of this shape.
    """
    try:
        given: Any = json.loads(request.body) if request.body.strip() else {}
    except ValueError as error:
        raise BadRequest([f"the body is not JSON: {error}"]) from None
    except RecursionError:
        raise BadRequest(["the body is nested too deep to read"]) from None
    if not isinstance(given, dict):
        raise BadRequest([f"the body is not a JSON object; fields are {_fields(model)}"])
    try:
        return model.model_validate_json(request.body if request.body.strip() else b"{}")
    except ValidationError as error:
        told = [_told(model, problem) for problem in error.errors(include_url=False, include_input=False)]
    raise BadRequest(told)


def _told(model: type[Body], problem: Any) -> str:
    name = ".".join(str(step) for step in problem["loc"]) or "body"
    match problem["type"]:
        case "extra_forbidden":
            return f"{name}: unknown field; allowed: {_fields(model)}"
        case "missing":
            return f"{name}: is missing"
        case _:
            message = problem["msg"].removeprefix("Value error, ").replace("Input should be ", "must be ")
            return f"{name}: {message}"


def _fields(model: type[Body]) -> str:
    return ", ".join(field.alias or name for name, field in model.model_fields.items()) or "none"
