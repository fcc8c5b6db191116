"""The declarative shape: one request that writes the value, and one that looks at what is there."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from rotation.integrations.kinds.rest_template.gaps import VALUE, gaps_in, problems_of
from rotation.integrations.kinds.rest_template.pointer import Pointer, parts_of
from rotation.integrations.outbound.addresses import HttpsAddress

SET_BY_US = frozenset({"authorization", "connection", "content-length", "cookie", "host", "transfer-encoding"})


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error.msg}") from None
    return text


type HeaderName = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,60}$")]
type HeaderText = Annotated[str, Field(pattern=r"^[\x20-\x7e]{0,500}$")]
type Success = Annotated[int, Field(ge=200, lt=300)]


class Part(BaseModel):
    """Closed and frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)


class Write(Part):
    """The request that writes."""

    method: Literal["POST", "PUT", "PATCH"]
    url: HttpsAddress
    """Its path and query may have gaps; its host may not."""
    headers: dict[HeaderName, HeaderText] = Field(default_factory=dict)
    body: dict[str, Any] | None = None
    """A JSON object with gaps in its texts."""
    form: dict[str, str] | None = None
    """The same as a form."""
    replace: Pointer | None = None
    """Instead of a body: read the object at `verify.url`, change what is here, and write it back whole."""
    sends: tuple[str, ...] = ()
    """With `replace`: the outermost members that are written; without any, all."""
    keep: tuple[str, ...] = ()
    """With `body`: outermost members that are read at `verify.url` and sent along unchanged."""
    success: Annotated[tuple[Success, ...], Field(min_length=1)] = (200, 201, 202, 204)
    """Statuses that mean that it was taken."""

    def problems(self) -> list[str]:
        """Tell all that does not fit together."""
        ways = [self.body is not None, self.form is not None, self.replace is not None]
        placed = gaps_in([self.body, self.form, dict(self.headers)])
        found = [
            *_address_problems("request.url", self.url),
            *_header_problems("request.headers", self.headers, value=True),
            *problems_of("request.body", self.body, value=True),
            *problems_of("request.form", self.form, value=True),
        ]
        if sum(ways) > 1:
            found.append("request: `body`, `form` and `replace` are three ways; choose one")
        if self.replace is None and VALUE not in placed:
            found.append("request: ${value} stands nowhere, in no body and in no header: nothing would be delivered")
        if self.replace is not None and VALUE in placed:
            found.append("request: with `replace` the value goes there, and nowhere else")
        if self.sends and (self.replace is None or parts_of(self.replace)[0] not in self.sends):
            found.append("request.sends: is for `replace`, and names what it changes too")
        if self.keep and self.body is None:
            found.append("request.keep: is for `body`")
        return found


class Look(Part):
    """The request that looks."""

    url: HttpsAddress
    headers: dict[HeaderName, HeaderText] = Field(default_factory=dict)
    value: Pointer | None = None
    """Where the value stands in the JSON answer, to be compared."""
    timestamp: Pointer | None = None
    """Where it says when it was written, for services that show no values."""
    expects: dict[str, str | bool | int | None] = Field(default_factory=dict)
    """JSON pointers and what must stand there, or nothing is written."""

    def problems(self) -> list[str]:
        """Tell all that does not fit together."""
        found = [
            *_address_problems("verify.url", self.url),
            *_header_problems("verify.headers", self.headers, value=False),
            *problems_of("verify.expects", dict(self.expects), value=False),
        ]
        if self.value and self.timestamp:
            found.append("verify: a `timestamp` is for services that show no `value`; choose one")
        return found


class Rule(Part):
    """What a value must look like before it is sent."""

    pattern: Annotated[str, Field(max_length=200), AfterValidator(_regex)]
    """A regular expression for the whole value."""
    given: dict[str, str | bool | int | None] = Field(default_factory=dict)
    """JSON pointers into the answer to `verify.url`, and what stands there when the rule counts."""
    why: Annotated[str, Field(min_length=1, max_length=200)]
    """For people: whose rule it is."""


class Template(Part):
    """Both, and the rules between."""

    request: Write
    verify: Look | None = None
    rules: Annotated[tuple[Rule, ...], Field(max_length=10)] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        found = self.request.problems() + (self.verify.problems() if self.verify else [])
        looks = [
            ("request.replace", self.request.replace is not None),
            ("request.keep", bool(self.request.keep)),
            ("rules.given", any(rule.given for rule in self.rules)),
        ]
        found += [f"{name}: needs `verify`, to read what is there" for name, used in looks if used and not self.verify]
        if self.request.replace and self.verify and self.verify.value != self.request.replace:
            found.append("verify.value: with `replace` it is the same pointer, for the object is read again whole")
        if found:
            raise ValueError("; ".join(found))
        return self


def _address_problems(where: str, url: str) -> list[str]:
    found = problems_of(where, url, value=False)
    if gaps_in(urlsplit(url).netloc):
        found.append(f"{where}: a host has no gaps: it is what was approved")
    return found


def _header_problems(where: str, headers: Mapping[str, str], *, value: bool) -> list[str]:
    ours = [name for name in headers if name.lower() in SET_BY_US]
    found = problems_of(where, dict(headers), value=value)
    return found + [f"{where}.{name}: is set by the connection and by HTTP itself" for name in ours]
