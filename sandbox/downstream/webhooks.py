"""A webhook receiver: Standard Webhooks signatures, each id once, and the secret put to use at once."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from standardwebhooks import Webhook

from sandbox.downstream.holders import Holder
from sandbox.downstream.wire import Identity, Reference, Unreadable, Wire

TOLERANCE = timedelta(minutes=5)


class Place(BaseModel):
    """Where the secret lies; version null is the latest."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    vault_url: str
    name: str
    version: str | None = None


class Delivered(BaseModel):
    """What a delivery says in `data`: a reference into a vault, or the secret text itself."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    client_id: str
    key_id: str = ""
    secret: Place | None = None
    secret_text: str | None = None
    nonce: str | None = None


class Envelope(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    type: str
    data: Delivered


class Rejected(Exception):
    """A delivery that this receiver does not take; the status and reason are its answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(slots=True, kw_only=True)
class Hook:
    """One receiver with its signing key, its holder, and the answers it gave by webhook-id."""

    holder: Holder
    key: str = field(repr=False)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    deliveries: int = 0
    # Two deliveries with one id at once must not both be taken.
    turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    def check(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
        """
        Give the webhook-id of a well signed request, or raise Rejected 401.

        The library's own verify reads the process's clock; the sandbox moves time, so the five minutes of
        tolerance are counted on its clock and the library signs what should have come.
        """
        identifier, stamp = headers.get("webhook-id"), headers.get("webhook-timestamp")
        given = headers.get("webhook-signature", "")
        if not identifier or not stamp or not given:
            raise Rejected(401, "missing signature headers")
        at = _instant(stamp)
        if abs(now - at) > TOLERANCE:
            raise Rejected(401, "timestamp out of tolerance")
        expected = Webhook(self.key).sign(identifier, at, _decoded(body)).encode()
        if not any(hmac.compare_digest(expected, one.encode()) for one in given.split(" ")):
            raise Rejected(401, "no matching signature")
        return identifier

    def sign(self, identifier: str, body: bytes, *, now: datetime) -> dict[str, str]:
        """Give the headers that sign an answer with the same scheme."""
        return {
            "webhook-id": identifier,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.key).sign(identifier, now, body.decode()),
        }

    async def receive(self, identifier: str, body: bytes, *, wire: Wire, identity: Identity | None) -> dict[str, Any]:
        """Take one delivery and sign in with it; the same id again gets the same answer and changes nothing."""
        async with self.turn:
            if identifier in self.answers:
                return self.answers[identifier] | {"duplicate": True}
            answer = await self._take(_read(body), wire=wire, identity=identity)
            self.answers[identifier] = answer
            return answer

    async def _take(self, delivered: Delivered, *, wire: Wire, identity: Identity | None) -> dict[str, Any]:
        await self._keep(delivered, wire=wire, identity=identity)
        self.deliveries += 1
        await self.holder.use(wire, identity)
        answer = self.holder.state() | {"duplicate": False}
        if delivered.nonce is not None:
            answer["proof"] = proof(self.holder.text, delivered.nonce)
        return answer

    async def _keep(self, delivered: Delivered, *, wire: Wire, identity: Identity | None) -> None:
        place = delivered.secret
        if delivered.secret_text is not None:
            version = (place.version if place else None) or ""
            self.holder.take(delivered.secret_text, version=version, key_id=delivered.key_id, at=wire.clock.now())
        elif place is not None:
            reference = Reference(**place.model_dump())
            try:
                await self.holder.fetch(reference, wire=wire, identity=identity)
            except Unreadable as error:
                raise Rejected(502, f"cannot read the vault: {error}") from error
        else:
            raise Rejected(422, "neither a reference nor a secret text")
        self.holder.client_id = delivered.client_id
        self.holder.key_id = delivered.key_id or self.holder.key_id


def proof(text: str, nonce: str) -> str:
    """Prove possession without showing: hex HMAC-SHA256 of the nonce, keyed by the secret text."""
    return hmac.new(text.encode(), nonce.encode(), hashlib.sha256).hexdigest()


def _read(body: bytes) -> Delivered:
    try:
        return Envelope.model_validate(json.loads(body)).data
    except ValidationError as error:
        reason = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise Rejected(422, reason) from error
    except ValueError as error:
        raise Rejected(400, "the body is not JSON") from error


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Rejected(400, "the body is not UTF-8") from error


def _instant(stamp: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(stamp), tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Rejected(401, "unreadable timestamp") from error
