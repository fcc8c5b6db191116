"""What a person or a key does to one rotation: retry, abandon, retire, approve."""

from collections.abc import Awaitable

from pydantic import Field

from rotation.domain.errors import Refused
from rotation.domain.identifiers import KeyId, RotationId
from rotation.web.admitting import require
from rotation.web.bodies import BadRequest, Body, KeyIdText, Why, read
from rotation.web.exchange import Request, Response, accepted, ok
from rotation.web.principal import Role
from rotation.web.rotations import with_address
from rotation.workflows import operating, retire_now, showing
from rotation.workflows.facts import facts
from rotation.workflows.finding import find_rotation
from rotation.workflows.services import Services


class RetryBody(Body):
    """What `retry` takes: nothing."""


class AbandonBody(Body):
    """What `abandon` takes."""

    reason: Why


class ApproveBody(Body):
    """What an approval takes."""

    ticket: str = Field(default="", max_length=200)


class RetireBody(Body):
    """What `retire` takes."""

    key_ids: tuple[KeyIdText, ...] = Field(default=(), max_length=40)
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


async def approve(services: Services, request: Request) -> Response:
    """
    Say yes to what waits for a second person; a new or changed destination takes an administrator.

    Raises:
        NotAllowed: Destinations wait, and it is no administrator.
        Refused: Nothing waits (`nothing-waits`), or the same person asked (`two-persons`).
    """
    body = read(ApproveBody, request)
    rotation = await find_rotation(services, request.route["id"])
    seen = await showing.rotation(services, rotation)
    if any(delivery.phase == "awaiting-approval" for delivery in seen.deliveries):
        require(request, Role.ADMINISTRATOR, by_person=True)
    saying = operating.approve(services, rotation, by=request.by, ticket=body.ticket, where=request.where)
    await _told(request, saying)
    return accepted(request.address("rotations", str(rotation)), rotation=str(rotation))


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
