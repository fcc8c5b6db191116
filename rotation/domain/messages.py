"""
Versioned queue contracts: references only, never secret text.

A message that cannot be read goes to its poison queue with the reason kept in `notices` (protocol.md, Queues). One of
a newer version is let go: what it points to is in the ledger, whose wake nudges whoever can read it (ADR 0030).
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from pydantic_core import from_json

from rotation.domain.errors import Misread, NewerVersion, RotationError
from rotation.domain.identifiers import NAME, DestinationName, RotationId

VERSION = 1


class UnreadableMessage(RotationError):
    """The text is not a message of a version that we know."""

    reason = "unreadable-message"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanMessage:
    scan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationMessage:
    rotation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryMessage:
    rotation: str
    destination: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMessage:
    key: str


type Message = ScanMessage | RotationMessage | DeliveryMessage | NoticeMessage


def write(message: Message) -> str:
    """Give the text that travels."""
    return json.dumps({"v": VERSION, **asdict(message)}, separators=(",", ":"))


def _fields(text: str, wanted: tuple[str, ...]) -> dict[str, str]:
    try:
        body: Any = from_json(text)
    except ValueError as error:
        raise UnreadableMessage(f"not JSON: {error}") from None
    version = body.get("v") if isinstance(body, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise NewerVersion(f"the message is of version {version}; this program reads up to {VERSION}")
    if version != VERSION:
        raise UnreadableMessage(f"version {version!r} is not {VERSION}")
    missing = [name for name in wanted if not isinstance(body.get(name), str)]
    if missing or set(body) - {"v", *wanted}:
        raise UnreadableMessage(f"fields are {sorted(set(body) - {'v'})}; expected {sorted(wanted)}")
    return {name: body[name] for name in wanted}


def references(text: str) -> dict[str, str]:
    """Give the ids that a message names, by field, as far as it can be read at all: for logs, never to act on."""
    try:
        body: Any = from_json(text)
    except ValueError:
        return {}
    if not isinstance(body, dict):
        return {}
    named = {name: body[name] for name in ("scan", "rotation", "destination", "key") if isinstance(body.get(name), str)}
    try:
        RotationId.parse(named.get("rotation", ""))
    except Misread:
        named.pop("rotation", None)
    return named


def read_scan(text: str) -> ScanMessage:
    """Read a message of queue `scans`; raises UnreadableMessage, NewerVersion."""
    return ScanMessage(**_fields(text, ("scan",)))


def read_rotation(text: str) -> RotationId:
    """Read a message of queue `rotations`; raises UnreadableMessage, NewerVersion."""
    return _rotation_id(_fields(text, ("rotation",))["rotation"])


def read_delivery(text: str) -> tuple[RotationId, DestinationName]:
    """Read a message of queue `deliveries`; raises UnreadableMessage, NewerVersion."""
    fields = _fields(text, ("rotation", "destination"))
    if not NAME.fullmatch(fields["destination"]):
        raise UnreadableMessage(f"not a destination's name: {fields['destination'][:80]!r}")
    return _rotation_id(fields["rotation"]), DestinationName(fields["destination"])


def read_notice(text: str) -> str:
    """Read a message of queue `notices`; raises UnreadableMessage, NewerVersion."""
    return _fields(text, ("key",))["key"]


def _rotation_id(text: str) -> RotationId:
    try:
        return RotationId.parse(text)
    except ValueError as error:
        raise UnreadableMessage(str(error)) from None
