"""`/applications/{id}/lines/{line}/rotate`, `/compromise`, `/release`: acts on one enrolled line."""

from dataclasses import dataclass

from rotation.domain.errors import Misread, NotFound, Refused
from rotation.domain.identifiers import NAME, KeyId, LineId, LineName
from rotation.domain.line import Reason
from rotation.web.bodies import BadRequest, Body
from rotation.web.exchange import Request
from rotation.web.forms import read_form
from rotation.web.pages import places
from rotation.web.pages.acts import Preview, Touch
from rotation.web.pages.forms import TICKET, EmptyForm, Field, KeyIdText, Option, Ticket
from rotation.web.pages.rendering import href, utc
from rotation.workflows import enrolling, showing
from rotation.workflows.finding import Found, find_application
from rotation.workflows.opening import Ask, NotOpened, open_rotation
from rotation.workflows.services import Services
from rotation.workflows.views import ApplicationView, LineDetail, SecretView

DAY = "%Y-%m-%d"


class RotateForm(Body):
    """What the form of a rotation sends."""

    ticket: Ticket = ""
    succeed: bool = False


class CompromiseForm(Body):
    """What the form of a declared compromise sends."""

    burnt: tuple[KeyIdText, ...] = ()
    now: bool = False
    sure: bool = False
    ticket: Ticket = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """The line that a page is about, with its application as it is now."""

    found: Found
    seen: ApplicationView
    line: LineDetail

    @property
    def id(self) -> LineId:
        return LineId(self.found.object_id, LineName(self.line.line))

    @property
    def back(self) -> str:
        return f"{href('applications', self.found.object_id)}#line-{self.line.line}"

    def crumbs(self, here: str) -> tuple[tuple[str, str], ...]:
        return (("Applications", href("applications")), (self.seen.name, self.back), (here, ""))

    @property
    def secrets(self) -> list[SecretView]:
        return [secret for secret in self.seen.secrets if secret.line == self.line.line]

    @property
    def open(self) -> str:
        """Give the phase of its open rotation."""
        return next((each.phase for each in self.line.rotations if each.open), "")


async def _target(services: Services, request: Request) -> _Target:
    name = request.route["line"]
    if not NAME.fullmatch(name):
        raise Misread("line", name, "lower-case letters, digits and dashes, at most 40")
    found = await find_application(services, request.route["id"])
    seen = await showing.application(services, found)
    line = next((each for each in seen.lines if each.line == name), None)
    if line is None:
        raise NotFound(f"no line {name} of {found.display_name} is enrolled", reason="no-such-line", line=name)
    return _Target(found=found, seen=seen, line=line)


def _secret(secret: SecretView) -> str:
    used = f", last used {utc(secret.last_used_at)}" if secret.last_used_at else ", never seen in use"
    return f"{secret.key_id}, ends {utc(secret.ends_at, DAY)}{used}"


async def preview_rotate(services: Services, request: Request) -> Preview:
    """Tell what a rotation of this line would touch."""
    target = await _target(services, request)
    succeeding = Field(
        name="succeed",
        label="Take over from the open rotation",
        kind="check",
        hint=f"One is open ({target.open}); it yields only once it has published.",
    )
    return Preview(
        title=f"Rotate {target.seen.name}",
        says="A new secret is minted, kept in the vault, proven, published and delivered, outside ramp and window.",
        button="Rotate now",
        back=target.back,
        crumbs=target.crumbs("Rotate"),
        touches=(
            Touch(
                label="Delivers to",
                items=await places.told(services, target.line.destinations),
                none="no destination is configured",
            ),
            Touch(
                label="Publishes in", items=(f"{target.line.vault_url.rstrip('/')}/secrets/{target.line.secret_name}",)
            ),
            Touch(
                label="Stays until evidence", items=tuple(map(_secret, target.secrets)), none="no secret of this line"
            ),
        ),
        fields=(succeeding, TICKET) if target.open else (TICKET,),
    )


async def rotate(services: Services, request: Request) -> str:
    """Open a rotation."""
    asked = read_form(RotateForm, request)
    ask = Ask(by=request.by, reason=Reason.REQUESTED, succeed=asked.succeed, ticket=asked.ticket, where=request.where)
    return await _open(services, (await _target(services, request)).id, ask)


async def preview_compromise(services: Services, request: Request) -> Preview:
    """Tell which destinations go dark, and what somebody else may have added."""
    target = await _target(services, request)
    foreign = tuple(_secret(secret) for secret in target.seen.secrets if secret.line is None and secret.listed)
    options = tuple(
        Option(value=each.key_id, label=_secret(each), hint="the line's current secret" if each.current else "")
        for each in target.secrets
    )
    sure = Field(
        name="sure", label="I know that what still uses these secrets stops working", kind="check", needed=True
    )
    first = Field(
        name="now",
        label="Remove them first, before anything is delivered",
        kind="check",
        hint="Every destination goes dark until it has the new secret.",
    )
    return Preview(
        title=f"Declare a compromise of {target.seen.name}",
        says="The burnt secrets go as soon as destinations are verified: no overlap, no waiting for silence.",
        button="Declare it and rotate",
        back=target.back,
        crumbs=target.crumbs("Compromise"),
        touches=(
            Touch(
                label="Goes dark without the new secret",
                items=await places.told(services, target.line.destinations),
                none="no destination is known",
            ),
            Touch(label="Also readers", items=target.line.readers, none="nobody is named"),
            Touch(label="Foreign: who added these?", items=foreign, none="none: every secret is a line's own"),
        ),
        warnings=("An intruder adds a secret of their own: look at the foreign ones.",) if foreign else (),
        fields=(Field(name="burnt", label="Which are burnt?", kind="choices", options=options), first, sure, TICKET),
        grave=True,
    )


async def compromise(services: Services, request: Request) -> str:
    """Open a rotation that waits for nothing."""
    asked = read_form(CompromiseForm, request)
    problems = [] if asked.burnt else ["burnt: choose each key id that is known to somebody else"]
    if not asked.sure:
        problems.append("sure: confirm that you know what stops working")
    if problems:
        raise BadRequest(problems)
    ask = Ask(
        by=request.by,
        reason=Reason.COMPROMISED,
        burnt=tuple(KeyId(each) for each in asked.burnt),
        remove_first=asked.now,
        ticket=asked.ticket,
        where=request.where,
    )
    return await _open(services, (await _target(services, request)).id, ask)


async def _open(services: Services, line_id: LineId, ask: Ask) -> str:
    answer = await open_rotation(services, line_id, ask)
    if isinstance(answer, NotOpened):
        raise Refused(answer.why, reason=answer.blocked or "not-opened", remedy="rotation status", line=str(line_id))
    return href("rotations", answer.rotation, said="joined" if answer.joined else "opened")


async def preview_release(services: Services, request: Request) -> Preview:
    """Tell what somebody must watch afterwards."""
    target = await _target(services, request)
    held = tuple(f"{_secret(each)}" for each in target.secrets)
    return Preview(
        title=f"Release line {target.line.line} of {target.seen.name}",
        says="Rotation stops rotating it. Nothing is removed, in the directory, the vault or at a destination.",
        button="Release it",
        back=target.back,
        crumbs=target.crumbs("Release"),
        touches=(
            Touch(label="You must watch then", items=held, none="no secret of this line"),
            Touch(label="Will not be delivered to", items=await places.told(services, target.line.destinations)),
        ),
        warnings=(f"A rotation of it is open ({target.open}); it ends where it stands.",) if target.open else (),
        grave=True,
    )


async def release(services: Services, request: Request) -> str:
    """End the enrolment."""
    read_form(EmptyForm, request)
    target = await _target(services, request)
    await enrolling.release(services, target.id, by=request.by, where=request.where)
    return href("applications", target.found.object_id, said="released")
