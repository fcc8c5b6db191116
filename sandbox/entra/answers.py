"""What goes in and out of the sandbox's Graph, and its error envelope (platform.md A6)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.entra.tokens import Caller


class GraphError(Exception):
    """An answer with Graph's error envelope."""

    def __init__(self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


@dataclass(slots=True, kw_only=True)
class GraphRequest:
    """One request, alone or a part of a batch. `path` is without the version; `base` is scheme://host."""

    method: str
    version: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any
    caller: Caller
    base: str
    replica: int
    arguments: dict[str, str] = field(default_factory=dict)

    def members(self) -> dict[str, Any]:
        """Give the body's object, or 400 when it is none."""
        if not isinstance(self.body, dict):
            raise GraphError(400, "Request_BadRequest", "Empty Payload. JSON content expected.")
        return self.body

    @property
    def eventual(self) -> bool:
        """Advanced queries need the header and $count (platform.md A1)."""
        return self.headers.get("consistencylevel", "").lower() == "eventual"


@dataclass(slots=True, kw_only=True)
class Answer:
    """Status, body (prepared bytes or JSON) and headers."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


def answer(status: int, body: Any) -> Answer:
    return Answer(status=status, body=json.dumps(body).encode(), headers={"content-type": JSON_TYPE})


def no_content() -> Answer:
    return Answer(status=204)


def refusal(error: GraphError, *, date: str, request_id: str, client_request_id: str) -> Answer:
    """Give the envelope; the inner date has no zone, as in the field."""
    envelope = {
        "error": {
            "code": error.code,
            "message": error.message,
            "innerError": {"date": date, "request-id": request_id, "client-request-id": client_request_id},
        }
    }
    made = answer(error.status, envelope)
    made.headers.update(error.headers)
    return made


def not_found(what: str) -> GraphError:
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{what}' does not exist or one of its queried reference-property objects are not present.",
    )
