"""What can be asked for: one `Route` each, of which dispatch, OpenAPI and docs/api.md are made."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rotation.domain.errors import NotFound
from rotation.web.exchange import Handler
from rotation.web.principal import Role
from rotation.web.refusals import NoSuchMethod

if TYPE_CHECKING:
    from pydantic import BaseModel

_PARAMETER = re.compile(r"\{(\w+)(\*?)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """
    One thing that can be asked for.

    Attributes:
        path: Below the door's base, without a leading slash: `rotations/{id}/retry`. `{name*}` takes the rest.
        needs: The least role; None only for what proves itself otherwise, such as a signed link.
        by_person: Neither a function key nor an application may, whatever its role.
        asks: What the query may hold.
        takes: What the body may hold; None: no body.
        form: The body is a form of a page of ours, not JSON.
        gives: What is answered, as a type that pydantic can describe; None: nothing of ours.
    """

    method: str
    path: str
    handler: Handler
    needs: Role | None = Role.READER
    by_person: bool = False
    asks: "type[BaseModel] | None" = None
    takes: "type[BaseModel] | None" = None
    form: bool = False
    gives: object = None
    status: int = 200
    otherwise: Mapping[int, object] = field(default_factory=dict)
    """Other statuses that are no refusals, with what is answered then."""
    guarded_by: Handler | None = None
    """Whose answer's ETag an If-Match of this route is compared with."""
    media_type: str = "application/json"

    @property
    def is_safe(self) -> bool:
        """Tell whether it changes nothing (RFC 9110, 9.2.1)."""
        return self.method == "GET"

    @property
    def summary(self) -> str:
        """Give the first line of what the handler promises."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A route, and the parameters of the path that led to it."""

    route: Route
    parameters: Mapping[str, str]


class Router:
    """Find the route of a path; what stands literally in a template goes before what a parameter takes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        by_template: dict[str, list[Route]] = {}
        for route in routes:
            by_template.setdefault(route.path, []).append(route)
        ordered = sorted(by_template.items(), key=lambda each: _precedence(each[0]))
        self._compiled = [(_pattern(path), tuple(found)) for path, found in ordered]

    def at(self, method: str, path: str) -> Found | None:
        """Give the route of *path*, None where there is none."""
        try:
            return self.find(method, path)
        except (NotFound, NoSuchMethod):
            return None

    def find(self, method: str, path: str) -> Found:
        """
        Give the route of *path*, still percent-encoded, below the door's base; HEAD is served as GET.

        Raises:
            NotFound: Nothing stands there.
            NoSuchMethod: Something does, which takes another method.
        """
        wanted = "GET" if method == "HEAD" else method
        allowed: Sequence[Route] = ()
        for pattern, routes in self._compiled:
            if not (matched := pattern.fullmatch(path.removeprefix("/"))):
                continue
            for route in routes:
                if route.method == wanted:
                    return Found(route=route, parameters={name: unquote(v) for name, v in matched.groupdict().items()})
            allowed = allowed or routes
        if allowed:
            raise NoSuchMethod(sorted(route.method for route in allowed))
        raise NotFound("there is nothing at this address")


def _pattern(template: str) -> re.Pattern[str]:
    parts = []
    for segment in template.split("/"):
        found = _PARAMETER.fullmatch(segment)
        parts.append(re.escape(segment) if not found else f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})")
    return re.compile("/".join(parts))


def _precedence(template: str) -> tuple[int, ...]:
    kinds = (_PARAMETER.fullmatch(segment) for segment in template.split("/"))
    return tuple(0 if found is None else 2 if found[2] else 1 for found in kinds)
