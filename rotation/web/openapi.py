"""The API's description (OpenAPI 3.1), made from the table of routes and the types that they take and give."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter
from pydantic.alias_generators import to_camel

from rotation.web.exchange import KEYED, SIGNED_IN, Handler, Request, Response, ok
from rotation.web.principal import Role
from rotation.web.routes import Route
from rotation.workflows.services import Services

VERSION = "1"
PROBLEM = "Problem"
_REF = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"\{(\w+)\*?\}")
_TITLES = {
    304: "Not modified: the caller has it already.",
    400: "The request cannot be read.",
    401: "Nobody is known to ask; without a body.",
    403: "Whoever asks may not do this.",
    404: "There is no such thing.",
    409: "It may not be done now.",
    412: "It has changed since the caller looked.",
    422: "The Idempotency-Key came before with another request.",
    500: "The configuration cannot be used, or a mistake of ours.",
    502: "A service that we need refuses our own identity.",
    503: "A service that we need does not answer well now.",
}
BAD = 400
_ALWAYS = (400, 401, 403, 404, 500, 502, 503)
_LOOKED_UP = (409,)
"""A name that several applications bear is `ambiguous`, also to those who only look."""

type Schema = dict[str, Any]
MODES = {"takes": "validation", "gives": "serialization"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    facts: dict[str, object] = field(default_factory=dict)
    remedy: str = ""


def describing(routes: Callable[[], Sequence[Route]]) -> Handler:
    """Give the handler that tells what these routes are."""

    @cache
    def made() -> Schema:
        return describe(routes())

    async def described(_services: Services, _request: Request) -> Response:
        """Describe this API in OpenAPI 3.1."""
        return ok(made())

    return described


def describe(routes: Sequence[Route]) -> Schema:
    """Describe *routes*."""
    types = _Types(routes)
    paths: dict[str, Schema] = {}
    for route in routes:
        paths.setdefault(f"/{_PARAMETER.sub(r'{\1}', route.path)}", {})[route.method.lower()] = _operation(route, types)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rotation",
            "version": VERSION,
            "description": "Credentials of Entra ID applications: what is so, and what to do. No secret text is told.",
        },
        "servers": [
            {"url": KEYED, "description": "with a function key"},
            {"url": SIGNED_IN, "description": "for people and applications that Entra signed in"},
        ],
        "security": [{"functionKey": []}, {"entra": []}],
        "paths": paths,
        "components": {"schemas": types.components, "securitySchemes": _SCHEMES},
    }


_SCHEMES: Schema = {
    "functionKey": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
    "entra": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}


class _Types:
    """The schemas of everything that routes take and give, under one name each."""

    def __init__(self, routes: Iterable[Route]) -> None:
        wanted = {(use, id(each)): each for use, each in _types(routes)}
        asked: list[Any] = [(key, MODES[key[0]], TypeAdapter[Any](cast("Any", each))) for key, each in wanted.items()]
        self._schemas, definitions = TypeAdapter.json_schemas(asked, ref_template=_REF)
        self.components: Schema = dict(sorted(_without_zones(definitions.get("$defs", {})).items()))

    def takes(self, model: object) -> Schema:
        """Give the schema of what a body may hold."""
        return self._of("takes", model)

    def gives(self, model: object) -> Schema:
        """Give the schema of what is answered."""
        return self._of("gives", model)

    def _of(self, use: str, model: object) -> Schema:
        key: Any = ((use, id(model)), MODES[use])
        return self._schemas[key]


def _without_zones(schema: Any) -> Any:
    """Say what our times of day are: without a zone, which `format: time` (RFC 3339) would ask for."""
    match schema:
        case {"format": "time", **rest}:
            return {**rest, "pattern": r"^\d\d:\d\d:\d\d$"}
        case dict():
            return {name: _without_zones(each) for name, each in schema.items()}
        case list():
            return [_without_zones(each) for each in schema]
    return schema


def _types(routes: Iterable[Route]) -> Iterator[tuple[str, object]]:
    yield "gives", Problem
    for route in routes:
        if route.takes is not None:
            yield "takes", route.takes
        yield from (("gives", given) for given in (route.gives, *route.otherwise.values()) if given is not None)


def _operation(route: Route, types: _Types) -> Schema:
    told: Schema = {
        "operationId": _name(route),
        "summary": route.summary,
        "description": _who(route),
        "tags": [route.path.partition("/")[0]],
        "parameters": [*_in_path(route), *_in_query(route), *_in_headers(route)],
        "responses": _responses(route, types),
    }
    if route.by_person:
        told["security"] = [{"entra": []}]
    if route.takes is not None:
        told["requestBody"] = {"content": {"application/json": {"schema": types.takes(route.takes)}}}
    return told


def _name(route: Route) -> str:
    words = [word for word in re.split(r"[/{}.\-*]+", route.path) if word]
    return to_camel("_".join([route.method.lower(), *words]))


def _who(route: Route) -> str:
    if route.needs is None:
        return "Takes a signed link."
    may = f"Takes the role {route.needs.claim}"
    if route.by_person:
        return f"{may}, and a person."
    return f"{may}." if route.needs > Role.OPERATOR else f"{may}, or a function key."


def _in_path(route: Route) -> Iterator[Schema]:
    for name in _PARAMETER.findall(route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(route: Route) -> Iterator[Schema]:
    if route.asks is None:
        return
    for name, schema in route.asks.model_json_schema().get("properties", {}).items():
        yield {"name": name, "in": "query", "required": False, "schema": schema}


def _in_headers(route: Route) -> Iterator[Schema]:
    if route.is_safe:
        yield _header("If-None-Match", "Send nothing where this ETag is still the answer's.")
        return
    yield _header("Idempotency-Key", "Sent again with the same request, it gives the first answer; kept for a day.")
    if route.guarded_by is not None:
        yield _header("If-Match", "Act only where the look at this address still has this ETag.")


def _header(name: str, why: str) -> Schema:
    text = {"type": "string", "maxLength": 200, "pattern": "^[ -~]*$"}
    return {"name": name, "in": "header", "required": False, "description": why, "schema": text}


def _responses(route: Route, types: _Types) -> Schema:
    told: Schema = {str(route.status): _given(route.gives, types, route.media_type)}
    problem = {"application/problem+json": {"schema": types.gives(Problem)}}
    for status, gives in route.otherwise.items():
        answer = _given(gives, types, route.media_type)
        told[str(status)] = answer if status < BAD else answer | {"content": answer.get("content", {}) | problem}
    for status in _statuses(route):
        has_body = status not in {304, 401}
        refusal = {"description": _TITLES[status], **({"content": problem} if has_body else {})}
        told.setdefault(str(status), refusal)
    return dict(sorted(told.items()))


def _statuses(route: Route) -> tuple[int, ...]:
    if route.is_safe:
        return (*_ALWAYS, *_LOOKED_UP, 304)
    return (*_ALWAYS, 409, 422, *((412,) if route.guarded_by is not None else ()))


def _given(gives: object, types: _Types, media_type: str) -> Schema:
    headers: Mapping[str, Schema] = {"ETag": {"schema": {"type": "string"}}}
    if gives is None:
        return {"description": "Done."}
    schema = types.gives(gives) if media_type.endswith("json") else {"type": "string"}
    return {"description": "Done.", "headers": headers, "content": {media_type: {"schema": schema}}}
