"""The OData query options that the sandbox's Graph takes, checked as Graph checks them (platform.md A1)."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.entra.answers import GraphError, GraphRequest
from sandbox.entra.filters import Filter, parse_filter

DEFAULT_PAGE = 100
LARGEST_PAGE = 999
_EXPAND = re.compile(r"^owners(?:\(\$select=([\w,]+)\))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to give: properties (None: all), owners expanded, filter, order, page size, where to go on."""

    select: tuple[str, ...] | None
    expand_owners: bool
    owner_select: tuple[str, ...] | None
    filter: Filter | None
    filter_text: str
    order: tuple[str, bool] | None
    top: int
    count: bool
    after: int

    @property
    def shape(self) -> tuple[Any, ...]:
        """What decides the bytes of one object."""
        return (self.select, self.expand_owners, self.owner_select)


def parse_query(request: GraphRequest, *, known: frozenset[str]) -> Query:
    """Give the query, or GraphError 400 for an option, property or combination that Graph refuses."""
    options = request.query
    filter_text = options.get("$filter", "")
    parsed = parse_filter(filter_text) if filter_text else None
    order = _order(options.get("$orderby", ""))
    count = options.get("$count", "").lower() == "true"
    if parsed and (parsed.advanced or order) and not (request.eventual and count):
        raise _unsupported("Unsupported Query. The request needs ConsistencyLevel: eventual and $count=true.")
    if "$search" in options:
        raise _unsupported("Unsupported Query: $search.")
    expand = _expand(options.get("$expand", ""))
    return Query(
        select=_select(options.get("$select", ""), known),
        expand_owners=expand is not None,
        owner_select=expand or None,
        filter=parsed,
        filter_text=filter_text,
        order=order,
        top=_top(options.get("$top", "")),
        count=count,
        after=_decode(options["$skiptoken"]) if "$skiptoken" in options else 0,
    )


def _unsupported(message: str) -> GraphError:
    return GraphError(400, "Request_UnsupportedQuery", message)


def _select(text: str, known: frozenset[str]) -> tuple[str, ...] | None:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise GraphError(
                400,
                "BadRequest",
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}'.",
            )
    return names or None


def _expand(text: str) -> tuple[str, ...] | None:
    if not text:
        return None
    shape = _EXPAND.match(text.strip())
    if shape is None:
        raise GraphError(400, "BadRequest", f"Parsing OData Select and Expand failed: '{text}'.")
    return tuple((shape.group(1) or "").split(",")) if shape.group(1) else ()


def _order(text: str) -> tuple[str, bool] | None:
    if not text:
        return None
    name, _, direction = text.strip().partition(" ")
    if name not in {"displayName", "createdDateTime", "id"}:
        raise _unsupported(f"Sorting by '{name}' is not supported.")
    return name, direction.strip().lower() == "desc"


def _top(text: str) -> int:
    if not text:
        return DEFAULT_PAGE
    if not text.isdigit() or not 1 <= int(text) <= LARGEST_PAGE:
        message = f"Invalid page size specified: '{text}'. Must be between 1 and {LARGEST_PAGE} inclusive."
        raise _unsupported(message)
    return int(text)


def encode(after: int) -> str:
    """Give an opaque $skiptoken."""
    return base64.urlsafe_b64encode(json.dumps({"after": after}).encode()).decode().rstrip("=")


def _decode(token: str) -> int:
    try:
        padded = token + "=" * (-len(token) % 4)
        found: Mapping[str, Any] = json.loads(base64.urlsafe_b64decode(padded))
        return int(found["after"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise GraphError(400, "Directory_ExpiredPageToken", "The specified page token value has expired.") from error
