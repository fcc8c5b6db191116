"""`/acts/scan`, `/acts/pause`, `/acts/resume`: what concerns everything at once."""

from rotation.web.bodies import Body
from rotation.web.exchange import Request
from rotation.web.forms import read_form
from rotation.web.pages.acts import Preview, Touch
from rotation.web.pages.forms import WHY, Field, Why
from rotation.web.pages.rendering import href
from rotation.web.pages.words import counted
from rotation.web.principal import Role
from rotation.web.refusals import lacks
from rotation.workflows import operating, scanning, showing
from rotation.workflows.services import Services
from rotation.workflows.views import LineView

OVERVIEW = href()
SHOWN = 20


class ScanForm(Body):
    """What the form of a scan sends."""

    dry_run: bool = False


class BrakeForm(Body):
    """What the forms of pause and resume send."""

    reason: Why
    breaker: bool = False


async def preview_scan(services: Services, request: Request) -> Preview:  # noqa: ARG001  # every preview's signature
    """Tell what a scan does."""
    lines = [line async for line in services.lines.all()]
    return Preview(
        title="Scan now",
        says="Reads every application of the tenant, as each night. It may take some minutes.",
        button="Scan",
        back=OVERVIEW,
        crumbs=(("Overview", OVERVIEW), ("Scan now", "")),
        touches=(
            Touch(label="Reads", items=("every app registration with its secrets, and when they were used",)),
            Touch(
                label="Rotates", items=(f"what is due of {counted(len(lines), 'enrolled line')}, within the brakes",)
            ),
            Touch(label="Leaves alone", items=("everything that nobody enrolled",)),
        ),
        fields=(Field(name="dryRun", label="Only look", kind="check", hint="Open nothing and tell what is due."),),
    )


async def scan(services: Services, request: Request) -> str:
    """Ask for a scan."""
    asked = read_form(ScanForm, request)
    begun = await scanning.ask_for_scan(services, by=request.by, where=request.where, dry_run=asked.dry_run)
    return href("scans", begun, said="scan")


async def preview_pause(services: Services, request: Request) -> Preview:  # noqa: ARG001  # every preview's signature
    """Tell what a pause holds."""
    under_way = [
        line for line in await showing.lines(services) if line.state in {"under-way", "overlapping", "waiting"}
    ]
    return Preview(
        title="Pause everything",
        says="Nothing is minted, published, delivered or removed until somebody resumes. Reminders go on.",
        button="Pause",
        back=OVERVIEW,
        crumbs=(("Overview", OVERVIEW), ("Pause", "")),
        touches=(
            Touch(label="Waits", items=_named(under_way), none="no rotation is under way"),
            Touch(label="Goes on", items=("scans, reminders, and the end dates of secrets",)),
        ),
        fields=(WHY,),
    )


def _named(lines: list[LineView]) -> tuple[str, ...]:
    shown = tuple(f"{line.name} ({line.line}): {line.says}" for line in lines[:SHOWN])
    return (*shown, f"and {len(lines) - SHOWN} more") if len(lines) > SHOWN else shown


async def pause(services: Services, request: Request) -> str:
    """Stop everything before its next step."""
    await operating.pause(services, by=request.by, reason=read_form(BrakeForm, request).reason, where=request.where)
    return href(said="paused")


async def preview_resume(services: Services, request: Request) -> Preview:
    """Tell what goes on, and whether the breaker is open."""
    pause, breaker = await services.control.pause(), await services.control.breaker.read()
    held = []
    if pause is not None:
        held.append(f"a pause by {pause.by}: {pause.reason}")
    if breaker.open_reason is not None:
        held.append(f"the circuit breaker: too many rotations stopped for one reason ({breaker.open_reason})")
    close = Field(
        name="breaker",
        label="Close the circuit breaker too",
        kind="check",
        hint="Once the cause is gone. What stopped for it is tried again at night, one first.",
    )
    may_close = breaker.open_reason is not None and request.principal.may(Role.ADMINISTRATOR)
    return Preview(
        title="Resume",
        says="Everything that waits goes on from where it stopped.",
        button="Resume",
        back=OVERVIEW,
        crumbs=(("Overview", OVERVIEW), ("Resume", "")),
        touches=(Touch(label="Holds now", items=tuple(held), none="nothing: there is nothing to resume"),),
        warnings=()
        if breaker.open_reason is None or may_close
        else ("Closing the circuit breaker takes the role Rotation.Administrator.",),
        fields=(close, WHY) if may_close else (WHY,),
    )


async def resume(services: Services, request: Request) -> str:
    """Go on; closing the breaker takes an administrator."""
    asked = read_form(BrakeForm, request)
    if asked.breaker and not request.principal.may(Role.ADMINISTRATOR):
        raise lacks(Role.ADMINISTRATOR)
    await operating.resume(services, by=request.by, reason=asked.reason, breaker=asked.breaker, where=request.where)
    return href(said="resumed")
