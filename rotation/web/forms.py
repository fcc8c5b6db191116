"""Read what a form sends into the same closed models as a JSON body."""

from collections.abc import Mapping
from typing import Any, get_origin
from urllib.parse import parse_qs

from pydantic import ValidationError

from rotation.web.bodies import BadRequest, Body, told
from rotation.web.exchange import Request

FORM = "application/x-www-form-urlencoded"
HIDDEN = frozenset({"token", "once"})
"""Fields of every form that no model names: whom it was given to, and which press of the button it is."""
FIELDS_AT_MOST = 400


def fields_of(request: Request) -> Mapping[str, list[str]]:
    """
    Give every field of a form with its values.

    Raises:
        BadRequest: It is not a form, or not text.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise BadRequest([f"the body is not a form; send it as {FORM}"])
    try:
        return parse_qs(request.body.decode(), keep_blank_values=True, max_num_fields=FIELDS_AT_MOST)
    except ValueError:
        raise BadRequest([f"the form is not UTF-8 text of at most {FIELDS_AT_MOST} fields"]) from None


def read_form[Wanted: Body](model: type[Wanted], request: Request) -> Wanted:
    """
    Read a form; a field that was left empty counts as not sent, `on` and `true` are yes.

    Raises:
        BadRequest: It is no form, or not of this shape.
    """
    given: dict[str, Any] = {}
    lists = {field.alias or name for name, field in model.model_fields.items() if _is_list(field.annotation)}
    for name, values in fields_of(request).items():
        filled = [value.strip() for value in values if value.strip()]
        if name not in HIDDEN and filled:
            given[name] = filled if name in lists else filled[-1]
    try:
        return model.model_validate(given, strict=False)
    except ValidationError as error:
        problems = [told(model, problem) for problem in error.errors(include_url=False, include_input=False)]
    raise BadRequest(problems)


def _is_list(annotation: object) -> bool:
    parts = (annotation, *getattr(annotation, "__args__", ()))
    return any(get_origin(part) in {tuple, list} for part in parts)
