"""Graph's $batch: at most 20 requests, each answered on its own (platform.md A1)."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from sandbox.entra.answers import Answer, GraphError, GraphRequest

LARGEST_BATCH = 20


class Single(Protocol):
    """Makes one request out of a part."""

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: Any) -> GraphRequest: ...


def run_batch(body: Any, *, single: Single, handle: Callable[[GraphRequest], Answer]) -> list[dict[str, Any]]:
    """Answer all parts in their order; a part whose `dependsOn` failed is 424."""
    parts = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(parts, list) or not parts:
        raise GraphError(400, "BadRequest", "Invalid batch payload format.")
    if len(parts) > LARGEST_BATCH:
        message = f"Number of batch request steps exceeds the maximum value of '{LARGEST_BATCH}'."
        raise GraphError(400, "MaximumValueExceeded", message)
    ids = [str(part.get("id")) for part in parts]
    if len(set(ids)) != len(ids):
        raise GraphError(400, "BadRequest", "Request Id has to be unique in a batch.")
    done: dict[str, dict[str, Any]] = {}
    for part in parts:
        done[str(part["id"])] = _part(part, done, single=single, handle=handle)
    return list(done.values())


def _part(
    part: Mapping[str, Any],
    done: Mapping[str, Mapping[str, Any]],
    *,
    single: Single,
    handle: Callable[[GraphRequest], Answer],
) -> dict[str, Any]:
    if _failed(part.get("dependsOn") or (), done):
        error = {"code": "FailedDependency", "message": "A request that this one depends on failed."}
        return {"id": str(part["id"]), "status": 424, "headers": {}, "body": {"error": error}}
    headers = {str(name): str(value) for name, value in (part.get("headers") or {}).items()}
    url = str(part.get("url", ""))
    request = single(
        str(part.get("method", "GET")).upper(),
        url if url.startswith("/") else f"/{url}",
        headers=headers,
        body=part.get("body"),
    )
    made = handle(request)
    answered: dict[str, Any] = {"id": str(part["id"]), "status": made.status, "headers": _names(made.headers)}
    if made.body:
        is_json = made.headers.get("content-type", "").startswith("application/json")
        answered["body"] = json.loads(made.body) if is_json else made.body.decode()
    return answered


def _failed(ids: Iterable[str], done: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(i not in done or done[i]["status"] >= 400 for i in ids)


def _names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.title() if name == "content-type" else name: value for name, value in headers.items()}
