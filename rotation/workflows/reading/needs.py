"""What needs somebody: what it is, why, by when, who, and the one act that is wanted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rotation.domain.brakes import NightState
from rotation.domain.identifiers import AudienceName, DestinationName, RotationId
from rotation.domain.policy import Configuration
from rotation.ledger.control import Standing
from rotation.ledger.lines import IndexedLine
from rotation.ledger.progress import PlaceProgress, Progress
from rotation.workflows.matters import NO_END
from rotation.workflows.reading import links
from rotation.workflows.reading.states import STATES

ROTATION = "Rotation"
"""Who is meant where the whole deployment is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that somebody must do, or must know to decide about."""

    subject: str
    """The same for as long as it waits; reminders of it bear the same (`matters`)."""
    kind: str
    """`expired`, `line`, `rotation`, `delivery`, `hand-off`, `approval`, `delivery-approval`, `still-in-use`,
    `brake`, `notice`."""
    state: str
    """The word of ux.md, which gives sign and colour."""
    what: str
    why: str
    by: datetime | None
    """The latest that it can be done without harm; None: nothing ends."""
    who: AudienceName | None
    act: str
    """What the one button says."""
    link: str
    application: str = ""
    line: str = ""
    rotation: str = ""
    destination: str = ""
    reason: str = ""
    """The slug in the runbook, where something stopped."""


def needs(
    lines: Sequence[IndexedLine], standing: Standing, configuration: Configuration, *, now: datetime
) -> list[Need]:
    """List everything that needs somebody, most urgent first."""
    found = [*_brakes(standing, configuration)]
    for entry in lines:
        found.extend(of_line(entry, configuration, now))
    return sorted(found, key=urgency)


def urgency(need: Need) -> tuple[bool, bool, datetime, int, str, str]:
    """Sort: what holds everybody up and what is down now, then by the date by which it must be done."""
    first = need.state != "expired" and need.kind != "brake"
    return first, need.by is None, need.by or NO_END, STATES.index(need.state), need.what, need.subject


def of_line(entry: IndexedLine, configuration: Configuration, now: datetime) -> Iterator[Need]:
    """Name what needs somebody at one line."""
    usual = _usual(entry, configuration)
    stem = f"{entry.id.application}.{entry.id.name}"
    if entry.end_at is not None and entry.end_at <= now:
        why = f"its current secret ended on {entry.end_at:%Y-%m-%d}"
        yield replace(usual, subject=f"{stem}.expired", kind="expired", state="expired", why=why, by=entry.end_at)
    if entry.blocked:
        why = f"no rotation may be opened: {entry.blocked}"
        yield replace(usual, subject=f"{stem}.blocked", kind="line", why=why, reason=entry.blocked)
    if entry.open and entry.progress is not None and entry.progress.ulid == entry.open:
        yield from _of_rotation(entry, entry.progress, configuration)


def _usual(entry: IndexedLine, configuration: Configuration) -> Need:
    return Need(
        subject="",
        kind="",
        state="blocked",
        what=entry.display_name,
        why="",
        by=_old_ends_at(entry),
        who=audience_of(entry, configuration),
        act="What to do",
        link=links.line(entry.id),
        application=entry.id.application,
        line=entry.id.name,
    )


def _old_ends_at(entry: IndexedLine) -> datetime | None:
    """Give when the last credential that its destinations may hold ends."""
    old = [key.end_at for key in entry.progress.old] if entry.progress else []
    return max(old, default=entry.end_at)


def audience_of(
    entry: IndexedLine, configuration: Configuration, destination: DestinationName | None = None
) -> AudienceName | None:
    """Tell who hears of it: the destination's audience, the policy's, else the fallback."""
    place = configuration.destinations.get(destination) if destination else None
    policy = configuration.policy(entry.policy)
    own = (place.audience if place else None) or (policy.audience if policy else None)
    return own or configuration.fallback_audience


def _of_rotation(entry: IndexedLine, progress: Progress, configuration: Configuration) -> Iterator[Need]:
    rotation_id = RotationId(entry.id.application, progress.ulid)
    usual = replace(_usual(entry, configuration), rotation=str(rotation_id), link=links.rotation(rotation_id))
    if entry.stopped:
        why = f"stopped ({entry.stopped}): {progress.detail}"
        yield replace(usual, subject=f"{progress.ulid}.blocked", kind="rotation", why=why, reason=entry.stopped)
    if progress.awaits_approval:
        why = f"a rotation waits for approval, asked by {progress.asked_by}"
        subject = f"{progress.ulid}.approval"
        yield replace(usual, subject=subject, kind="approval", state="waiting", why=why, act="Approve")
    for place in progress.places:
        who = audience_of(entry, configuration, place.destination)
        yield from _of_place(replace(usual, who=who, destination=place.destination), rotation_id, place)
    if used := progress.in_use:
        last = used[0]
        why = f"the old secret is still used, last {last.used_at:%Y-%m-%d %H:%M} UTC {last.origin}".rstrip()
        usual = replace(usual, subject=f"{progress.ulid}.in-use", kind="still-in-use", state="overlapping")
        yield replace(usual, why=why, by=last.end_at, act="See who uses it")


def _of_place(usual: Need, rotation_id: RotationId, place: PlaceProgress) -> Iterator[Need]:
    subject = f"{rotation_id.ulid}.{place.destination}"
    match place.phase:
        case "awaiting-person":
            link = links.hand_off(rotation_id, place.destination)
            waiting = replace(usual, subject=subject, kind="hand-off", state="waiting", by=place.deadline, link=link)
            yield replace(waiting, why=f"{place.why}: waits for you", act="Open the steps")
        case "awaiting-approval":
            why, subject = f"{place.destination} waits for approval: {place.why}", f"{subject}.approval"
            yield replace(usual, subject=subject, kind="delivery-approval", state="waiting", why=why, act="Approve")
        case "blocked":
            why, subject = f"{place.destination} stopped: {place.why}", f"{subject}.blocked"
            yield replace(usual, subject=subject, kind="delivery", why=why, reason=place.why)
        case _:
            return


def _brakes(standing: Standing, configuration: Configuration) -> Iterator[Need]:
    """Name what holds everybody up until a person acts; a pause is somebody's will and no need."""
    usual = Need(
        subject="",
        kind="brake",
        state="blocked",
        what=ROTATION,
        why="",
        by=None,
        who=configuration.fallback_audience,
        act="What to do",
        link=links.OVERVIEW,
    )
    breaker, night = standing.breaker, standing.night
    if breaker.open_reason is not None:
        why = f"circuit breaker open ({breaker.open_reason}): nothing more is opened or removed"
        yield replace(
            usual, subject="breaker", why=why, reason="breaker-open", link=links.rotations(reason=breaker.open_reason)
        )
    if night is not None and night.state is NightState.STOPPED:
        yield replace(usual, subject="canary", why=night.why, reason="canary-failed", link=links.ROTATIONS)
