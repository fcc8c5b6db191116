"""`/rotations/{id}/approve`, `/retry`, `/abandon`, `/retire`: acts on one rotation."""

from rotation.domain.identifiers import KeyId, RotationId
from rotation.web.bodies import Body
from rotation.web.exchange import Request
from rotation.web.forms import read_form
from rotation.web.pages import places
from rotation.web.pages.acts import Preview, Touch
from rotation.web.pages.forms import TICKET, WHY, EmptyForm, Field, KeyIdText, Option, Ticket, Why
from rotation.web.pages.rendering import href
from rotation.web.principal import Role
from rotation.web.refusals import lacks
from rotation.workflows import operating, retire_now, showing
from rotation.workflows.finding import find_rotation
from rotation.workflows.services import Services
from rotation.workflows.views import RotationView

STOPPED = frozenset({"blocked"})
NOT_PUBLISHED = frozenset({"planned", "minting", "staged", "proven"})


class ApproveForm(Body):
    """What the form of an approval sends."""

    ticket: Ticket = ""


class ReasonForm(Body):
    """What a form sends that asks why."""

    reason: Why


class RetireForm(ReasonForm):
    """What the form of a removal sends."""

    key_ids: tuple[KeyIdText, ...] = ()


async def _seen(services: Services, request: Request) -> RotationView:
    return await showing.rotation(services, await find_rotation(services, request.route["id"]))


def _preview(seen: RotationView, title: str, says: str, *, button: str, **more: object) -> Preview:
    here = href("rotations", seen.id)
    crumbs = ((seen.name, href("applications", seen.application)), ("Rotation", here), (title, ""))
    return Preview(title=f"{title}: {seen.name}", says=says, button=button, back=here, crumbs=crumbs, **more)  # type: ignore[arg-type]


async def preview_approve(services: Services, request: Request) -> Preview:
    """Tell what an approval lets go on."""
    seen = await _seen(services, request)
    waiting = [each.destination for each in seen.deliveries if each.phase == "awaiting-approval"]
    whole = ("the whole rotation: mint, prove, publish, deliver",)
    touches = (
        Touch(label="Asked by", items=(f"{seen.asked_by} ({seen.reason})",)),
        Touch(label="Would go on", items=await places.told(services, waiting) if waiting else whole),
    )
    refusals = () if waiting or seen.says == "waits for an approval" else ("Nothing of this rotation waits for a yes.",)
    lacking = waiting and not request.principal.may(Role.ADMINISTRATOR)
    return _preview(
        seen,
        "Approve",
        "Whoever asked cannot approve: it takes two people.",
        button="Approve",
        touches=touches,
        refusals=refusals,
        warnings=("Approving a destination takes the role Rotation.Administrator.",) if lacking else (),
        fields=(TICKET,),
    )


async def approve(services: Services, request: Request) -> str:
    """Say yes; to a destination only as an administrator."""
    seen = await _seen(services, request)
    if seen.phase != "planned" and not request.principal.may(Role.ADMINISTRATOR):
        raise lacks(Role.ADMINISTRATOR)
    asked = read_form(ApproveForm, request)
    await operating.approve(
        services, RotationId.parse(seen.id), by=request.by, ticket=asked.ticket, where=request.where
    )
    return href("rotations", seen.id, said="approved")


async def preview_retry(services: Services, request: Request) -> Preview:
    """Tell what goes on."""
    seen = await _seen(services, request)
    stopped = [seen.says] if seen.phase in STOPPED else []
    stopped += [f"{each.destination}: {each.says}" for each in seen.deliveries if each.phase in STOPPED]
    return _preview(
        seen,
        "Try again",
        "Everything of this rotation that stopped goes on from where it stopped.",
        button="Try again",
        touches=(Touch(label="Stopped", items=tuple(stopped), none="nothing of it is stopped"),),
        warnings=("Mend the cause first: while it is there, it stops again.",) if stopped else (),
    )


async def retry(services: Services, request: Request) -> str:
    """Let it go on."""
    read_form(EmptyForm, request)
    rotation = await find_rotation(services, request.route["id"])
    await operating.retry(services, rotation, by=request.by, where=request.where)
    return href("rotations", rotation, said="retried")


async def preview_abandon(services: Services, request: Request) -> Preview:
    """Tell what giving up means."""
    seen = await _seen(services, request)
    here = next((name for name, how in seen.journey if how == "now"), seen.phase)
    refusals = []
    if not seen.open:
        refusals.append(f"It has ended ({seen.phase}).")
    elif here not in NOT_PUBLISHED:
        refusals.append("It has published: consumers may hold the new secret, so it can only be succeeded.")
    return _preview(
        seen,
        "Give up",
        "The rotation ends here. Its line is rotated again when it is due.",
        button="Give it up",
        touches=(
            Touch(label="Removed", items=(seen.key_id,) if seen.key_id else (), none="nothing: none was minted yet"),
            Touch(label="Stays", items=(*seen.predecessors,), none="-"),
        ),
        refusals=tuple(refusals),
        fields=(WHY,),
        grave=True,
    )


async def abandon(services: Services, request: Request) -> str:
    """Give it up."""
    why = read_form(ReasonForm, request).reason
    rotation = await find_rotation(services, request.route["id"])
    await operating.abandon(services, rotation, by=request.by, why=why, where=request.where)
    return href("rotations", rotation, said="abandoned")


async def preview_retire(services: Services, request: Request) -> Preview:
    """Tell which evidence is missing for each old secret."""
    seen = await _seen(services, request)
    told = await retire_now.preview(services, RotationId.parse(seen.id))
    options = tuple(
        Option(value=key.key_id, label=key.key_id, hint="; ".join(key.missing), chosen=len(told.keys) == 1)
        for key in told.keys
    )
    return _preview(
        seen,
        "Remove the old secret now",
        "It goes without waiting for evidence. Whatever still uses it stops working at once.",
        button="Remove it now",
        touches=tuple(Touch(label=key.key_id, items=(*key.missing, *key.there)) for key in told.keys),
        warnings=_still_used(told),
        refusals=(f"A brake holds: {told.brake}.",) if told.brake else (),
        fields=(Field(name="keyIds", label="Which?", kind="choices", options=options), WHY),
        grave=True,
    )


def _still_used(told: retire_now.RetirePreview) -> tuple[str, ...]:
    return tuple(
        f"{key.key_id} was last used {key.last_used_at:%Y-%m-%d %H:%M} UTC" for key in told.keys if key.last_used_at
    )


async def retire(services: Services, request: Request) -> str:
    """Let it go."""
    asked = read_form(RetireForm, request)
    rotation = await find_rotation(services, request.route["id"])
    keys = tuple(KeyId(each) for each in asked.key_ids)
    await retire_now.retire(services, rotation, keys, by=request.by, why=asked.reason, where=request.where)
    return href("rotations", rotation, said="retiring")
