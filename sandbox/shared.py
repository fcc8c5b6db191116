"""
What every part of the sandbox shares: one moved clock, and programmable misbehaviour (`Faults`).

Middleware: `app.add_middleware(FaultMiddleware, faults=faults, part="vault")`, outermost of all.
"""

import asyncio
import itertools
import json
import random
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal, get_args

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

type Action = Literal["status", "drop-before", "drop-after", "slow", "throttle", "conflict"]

CONFLICTS = (
    (
        400,
        "Request_BadRequest",
        "A conflicting object with one or more of the specified property values is present.",
    ),
    (
        409,
        "Directory_ConcurrencyViolation",
        "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.",
    ),
    (500, "Service_InternalServerError", "Encountered an internal server error."),
)
"""The three shapes of a lost race that were seen in the field (platform.md A3)."""


class SandboxClock:
    """Tell the sandbox's time: the real UTC time plus one offset that tests and demos move."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset

    @property
    def offset(self) -> timedelta:
        return self._offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def shift(self, delta: timedelta) -> None:
        self.set_offset(self._offset + delta)

    def set_offset(self, offset: timedelta) -> None:
        """Move it; OverflowError for a time that no calendar has, and then it stays."""
        _ = datetime.now(UTC) + offset
        self._offset = offset


@dataclass(slots=True)
class Dated:
    """Answer with the sandbox's own time in `Date`, as its clock says, around an ASGI application."""

    app: ASGIApp
    clock: SandboxClock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self.clock.now(), usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", ()), (b"date", date)]}
            await send(message)

        await self.app(scope, receive, dated)


@dataclass(slots=True, kw_only=True)
class FaultRule:
    """One misbehaviour of one part; `times` counts down, None is for ever."""

    id: str
    part: str
    action: Action
    method: str | None = None
    path: re.Pattern[str] | None = None
    status: int = 503
    code: str = ""
    message: str = "The sandbox was told to fail here."
    retry_after: float | None = None
    delay_seconds: float = 0.0
    times: int | None = 1
    probability: float = 1.0
    hits: int = 0

    def matches(self, method: str, path: str) -> bool:
        if self.times is not None and self.hits >= self.times:
            return False
        if self.method is not None and self.method.upper() != method.upper():
            return False
        return self.path is None or self.path.search(path) is not None


class Faults:
    """
    Hold the fault rules of all parts ("graph", "signin", "vault", "downstream", ...).

    A rule as JSON: {"part", "match": {"method", "path": regex}, "action", "status", "code", "message",
    "retry_after", "delay_seconds", "times", "probability"}. The first rule that matches is used up first.
    """

    def __init__(self, *, seed: int = 1) -> None:
        self._rules: dict[str, FaultRule] = {}
        self._numbers = itertools.count(1)
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def add(self, rule: Mapping[str, Any]) -> str:
        """Add a rule and give its id; ValueError for an unknown action or field, re.error for a bad path."""
        parsed = _parse(rule, f"fault-{next(self._numbers)}")
        with self._lock:
            self._rules[parsed.id] = parsed
        return parsed.id

    def remove(self, rule_id: str) -> bool:
        with self._lock:
            return self._rules.pop(rule_id, None) is not None

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def rules(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {"id": r.id, "part": r.part, "action": r.action, "times": r.times, "hits": r.hits}
                for r in self._rules.values()
            ]

    def take(self, part: str, method: str, path: str) -> FaultRule | None:
        """Give the rule that strikes this request and count it, or None."""
        with self._lock:
            for rule in self._rules.values():
                if rule.part != part or not rule.matches(method, path):
                    continue
                if self._random.random() >= rule.probability:
                    continue
                rule.hits += 1
                return rule
        return None


def _parse(rule: Mapping[str, Any], rule_id: str) -> FaultRule:
    fields = dict(rule)
    match = dict(fields.pop("match", None) or {})
    if fields.get("action") not in get_args(Action.__value__):
        raise ValueError(f"unknown fault action {fields.get('action')!r}")
    path = match.pop("path", None)
    parsed = {"method": match.pop("method", None), "path": None if path is None else re.compile(path)}
    if match:
        raise ValueError(f"unknown match fields {sorted(match)}")
    try:
        return FaultRule(id=rule_id, **parsed, **fields)
    except TypeError as error:
        raise ValueError(f"unknown fault field: {error}") from error


@dataclass(slots=True)
class FaultMiddleware:
    """Apply the fault rules of one part around an ASGI application."""

    app: ASGIApp
    faults: Faults
    part: str
    error_body: Callable[[str, str], Any] | None = None
    _conflicts: "itertools.cycle[tuple[int, str, str]]" = field(default_factory=lambda: itertools.cycle(CONFLICTS))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._strike(scope, receive, send)
        except ClientDisconnect:
            # A caller that was killed in the middle of its request hears no answer, and is no failure of this part.
            return

    async def _strike(self, scope: Scope, receive: Receive, send: Send) -> None:
        rule = None
        if scope["type"] == "http":
            target = scope["path"] + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
            rule = self.faults.take(self.part, scope["method"], target)
        if rule is None:
            await self.app(scope, receive, send)
            return
        await asyncio.sleep(rule.delay_seconds)
        match rule.action:
            case "slow":
                await self.app(scope, receive, send)
            case "drop-before":
                await _cut(receive)
            case "drop-after":
                await self.app(scope, receive, _swallow)
                await _cut(receive)
            case "status" | "throttle" | "conflict":
                await self._refuse(rule, send)

    async def _refuse(self, rule: FaultRule, send: Send) -> None:
        status, code, message = rule.status, rule.code or "serviceNotAvailable", rule.message
        if rule.action == "throttle":
            status, code = 429, rule.code or "TooManyRequests"
        elif rule.action == "conflict":
            status, code, message = next(self._conflicts)
        make = self.error_body or _graph_error
        body = json.dumps(make(code, message)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if rule.retry_after is not None:
            headers.append((b"retry-after", f"{rule.retry_after:g}".encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _graph_error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


async def _swallow(_message: Message) -> None:
    """Take an answer and let nobody see it."""


async def _cut(receive: Receive) -> None:
    # uvicorn has no way to hang up without an answer: the bound receive leads to the connection's transport.
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the sandbox was told to cut this connection")
    transport.abort()
    await asyncio.sleep(0.01)
