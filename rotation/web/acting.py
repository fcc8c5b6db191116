"""`/api/rotations/{id}/retry`, `/abandon`, `/retire`: what an operator does to one rotation."""

from collections.abc import Awaitable
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from rotation.domain.errors import Refused
from rotation.domain.identifiers import KeyId, RotationId, is_guid
from rotation.web.bodies import BadRequest, Body, read
from rotation.web.exchange import Request, Response, accepted, ok
from rotation.web.rotations import with_address
from rotation.workflows import operating, retire_now, showing
from rotation.workflows.facts import facts
from rotation.workflows.finding import find_rotation
from rotation.workflows.services import Services

type Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
"""A reason for the audit trail."""


def _key_id(text: str) -> str:
    if not is_guid(text):
        raise ValueError("is not a key id; write a GUID, as `predecessors` of the rotation lists them")
    return text.lower()


class RetryBody(Body):
    """What `retry` takes: nothing."""


class AbandonBody(Body):
    """What `abandon` takes."""

    reason: Why


class RetireBody(Body):
    """What `retire` takes."""

    key_ids: tuple[Annotated[str, AfterValidator(_key_id)], ...] = Field(default=(), max_length=40)
    reason: Why | None = None
    preview: bool = False
    yes: bool = False


async def retry(services: Services, request: Request) -> Response:
    """Let a stopped rotation, and its stopped deliveries, go on (Refused: `not-blocked`)."""
    read(RetryBody, request)
    rotation = await find_rotation(services, request.route["id"])
    await _told(request, operating.retry(services, rotation, by=request.by, where=request.where))
    return accepted(request.address("rotations", str(rotation)), rotation=str(rotation))


async def abandon(services: Services, request: Request) -> Response:
    """Give up a rotation that has published nothing (Refused: `published`, `ended`)."""
    body = read(AbandonBody, request)
    rotation = await find_rotation(services, request.route["id"])
    await _told(request, operating.abandon(services, rotation, by=request.by, why=body.reason, where=request.where))
    return ok(await showing.rotation(services, rotation))


async def retire(services: Services, request: Request) -> Response:
    """
    Let a predecessor go at once, after a preview of what evidence is missing.

    Raises:
        Refused: Nobody said yes (`not-confirmed`), or as `retire_now.retire`.
    """
    body = read(RetireBody, request)
    rotation = await find_rotation(services, request.route["id"])
    key_ids = tuple(KeyId(key_id) for key_id in body.key_ids)
    if body.preview or not body.yes:
        seen = await _told(request, retire_now.preview(services, rotation, key_ids))
        if body.preview:
            return ok(seen)
        raise _not_confirmed(rotation, seen)
    if body.reason is None:
        raise BadRequest(["reason: is missing; say why, for the audit trail"])
    ordered = retire_now.retire(services, rotation, key_ids, by=request.by, why=body.reason, where=request.where)
    removing = await _told(request, ordered)
    return accepted(request.address("rotations", str(rotation)), rotation=str(rotation), key_ids=removing)


async def _told[Answer](request: Request, act: Awaitable[Answer]) -> Answer:
    """Await it; a refusal tells where the rotation is found."""
    try:
        return await act
    except Refused as refusal:
        raise with_address(request, refusal) from None


def _not_confirmed(rotation: RotationId, seen: retire_now.RetirePreview) -> Refused:
    return Refused(
        "an old secret that goes without evidence may be in use; say yes to what is missing",
        reason="not-confirmed",
        remedy='send "yes": true and a "reason"',
        rotation=str(rotation),
        preview=facts(seen),
    )
