"""What a form holds, and what it brings back when it could not be taken: nothing that was typed is lost."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, StringConstraints, ValidationError

from rotation.domain.errors import NeedsPerson, Retryable, RotationError
from rotation.domain.identifiers import is_guid
from rotation.web.bodies import BadRequest, Body, told
from rotation.web.exchange import Request
from rotation.web.forms import HIDDEN, fields_of
from rotation.web.protection import FORM_FIELD, form_token
from rotation.workflows.services import Services

log = logging.getLogger(__name__)

ONCE_FIELD = "once"
"""The hidden field that makes two presses of one button one act."""


def _key_id(text: str) -> str:
    if not is_guid(text):
        raise ValueError("is not a key id")
    return text.lower()


type KeyIdText = Annotated[str, AfterValidator(_key_id)]
type Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
"""A reason for the audit trail."""
type Ticket = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class EmptyForm(Body):
    """What a form sends that asks nothing but a yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of several that may be chosen together."""

    value: str
    label: str
    hint: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that is asked; `kind` is `text`, `date`, `check` or `choices`."""

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    needed: bool = False
    options: tuple[Option, ...] = ()


WHY = Field(name="reason", label="Why?", hint="It stands in the audit trail, with your name.", needed=True)
TICKET = Field(name="ticket", label="Ticket", hint="Free text for the audit trail.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A form as it is shown: its hidden fields, what was typed before, and what was wrong with it."""

    hidden: Mapping[str, str]
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    closed: str = ""
    """Why no form can be given out now: the page is shown without one."""

    def of(self, name: str, otherwise: str = "") -> str:
        """Give what was typed into one field."""
        return self.values[name][-1] if self.values.get(name) else otherwise

    def wrong(self, name: str) -> str:
        """Give what is wrong with one field: problems begin with its name."""
        found = (problem.partition(": ") for problem in self.problems)
        return "; ".join(says for field, mark, says in found if field.partition(".")[0] == name and mark)

    def chose(self, name: str, option: Option) -> bool:
        """Tell whether an option is chosen: as it was sent, before that as it is offered."""
        return option.value in self.values.get(name, ()) if self.values else option.chosen


async def fresh(services: Services, request: Request) -> Given:
    """Give a form that nobody has filled in; none, where the vault gives no key to sign it with: one may still look."""
    try:
        return Given(hidden=await _hidden(services, request))
    except (Retryable, NeedsPerson) as error:
        log.warning("form.not-signed", extra={"reason": error.reason})
        return Given(hidden={}, closed=error.message)


async def refused(services: Services, request: Request, error: RotationError) -> Given:
    """Give the form once more, with what was typed and why it was not taken."""
    problems = error.problems if isinstance(error, BadRequest) else (error.message,)
    typed = {name: values for name, values in fields_of(request).items() if name not in HIDDEN}
    return Given(hidden=await _hidden(services, request), values=typed, problems=tuple(problems))


async def _hidden(services: Services, request: Request) -> Mapping[str, str]:
    token = await form_token(services, request.principal)
    return {FORM_FIELD: token, ONCE_FIELD: services.ulids.make()}


def read_query[Wanted: Body](model: type[Wanted], request: Request) -> Wanted:
    """
    Read what stands in the address of a page; what was left empty counts as not said, what is not asked is ignored.

    Raises:
        BadRequest: A value is not what its name takes.
    """
    known = {field.alias or name for name, field in model.model_fields.items()}
    given = {name: text.strip() for name, text in request.query.items() if name in known and text.strip()}
    try:
        return model.model_validate(given, strict=False)
    except ValidationError as error:
        problems = [told(model, problem) for problem in error.errors(include_url=False, include_input=False)]
    raise BadRequest(problems)
