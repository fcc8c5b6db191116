"""One rotation, read live: its phases with their times, what is next, deliveries, evidence, what somebody must do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rotation.domain.delivery import DeliveryBlocked, Level, Verified
from rotation.domain.errors import RotationError
from rotation.domain.identifiers import RotationId
from rotation.domain.rotation import UNPUBLISHED, Blocked, Rotation, Staged
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.lines import index
from rotation.ledger.progress import progress_of
from rotation.ports.tables import Row
from rotation.workflows.phases.proving import SIGN_INS
from rotation.workflows.reading.evidence import WEIGHED, KeyEvidence, evidence
from rotation.workflows.reading.needs import Need, of_line
from rotation.workflows.reading.strips import ACTS, acts
from rotation.workflows.services import Services
from rotation.workflows.telling import concerns, event, rotation_view
from rotation.workflows.views import RotationView

LEVELS = {
    Level.ACCEPTED: "accepted: this store cannot be read",
    Level.STORED: "stored: read back",
    Level.AUTHENTICATES: "authenticates: signed in from there",
    Level.IN_USE: "in use: its consumer signs in with it",
}
NEXT = {
    "planned": "reserve a version in the vault, and ask for a secret",
    "minting": "ask for a secret, and keep it in the vault at once",
    "staged": "prove that it signs in",
    "proven": "publish it under the line's own name",
    "published": "plan a delivery to each destination",
    "delivering": "wait until every destination has it",
    "overlapping": "ask for evidence that the old secret may go",
    "retiring": "make sure, by two reads, that the old secret is gone",
}
"""What the next step does, by the phase that it is taken in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseLine:
    """One phase of the journey."""

    phase: str
    act: str
    how: str
    """`done`, `now`, `stopped`, `ahead` or `not-taken`."""
    at: datetime | None
    """When it was entered first; None: not yet, or not in the history that is kept."""
    note: str
    """`3/3` for deliveries, `2 of 5 sign-ins` while it is proven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationPage:
    """One rotation."""

    at: datetime
    view: RotationView
    phases: tuple[PhaseLine, ...]
    following: str
    """What the next step does; empty once it has ended."""
    following_at: datetime | None
    """When it is looked at again, at the latest."""
    levels: Mapping[str, str]
    """For each destination that is verified, how surely, in words."""
    needs: tuple[Need, ...]
    evidence: tuple[KeyEvidence, ...]
    unread: str
    """Why there is no evidence, where there could be; empty: nothing stood in the way."""
    acts: tuple[str, ...]
    """What may be asked for now: `approve`, `retry`, `abandon`, `retire`."""


async def rotation(services: Services, rotation_id: RotationId) -> RotationPage:
    """
    Show one rotation.

    Raises:
        NotFound: There is no such rotation.
    """
    record = await ledger.read(services.tables, rotation_id.application)
    found = record.rotation(rotation_id)
    history = await ledger.events(services.tables, rotation_id.application)
    rows = [row for row in history if concerns(row, rotation_id)]
    weighed, unread = await _weighed(services, found, record)
    return RotationPage(
        at=services.clock.now(),
        view=rotation_view(found, record, tuple(map(event, rows))),
        phases=_phases(found, record, rows),
        following=NEXT.get(found.working.phase, "") if found.working and not isinstance(found.phase, Blocked) else "",
        following_at=await _look_at(services, rotation_id) if found.open else None,
        levels=_levels(found, record),
        needs=await _needs(services, found, record),
        evidence=weighed,
        unread=unread,
        acts=_acts(found, record),
    )


async def _weighed(
    services: Services, found: Rotation, record: ApplicationRecord
) -> tuple[tuple[KeyEvidence, ...], str]:
    """Ask for evidence; what cannot be asked for now is told and does not spoil the page."""
    if not isinstance(found.working or found.phase, WEIGHED) or record.lines.get(found.line) is None:
        return (), ""
    try:
        application = await services.directory.application(found.id.application)
        return await evidence(services, found, record, application=application), ""
    except RotationError as error:
        return (), f"{error.reason}: {error.message}"


def _phases(found: Rotation, record: ApplicationRecord, history: Sequence[Row]) -> tuple[PhaseLine, ...]:
    entered: dict[str, datetime] = {"planned": found.opened_at}
    for row in history:
        at = row.values["at"]
        assert isinstance(at, datetime)
        entered.setdefault(str(row.values["what"]), at)
    line = record.lines.get(found.line)
    shown = acts(progress_of(found, line, record), stopped=isinstance(found.phase, Blocked))
    working = found.working
    proven = {"staged": f"{working.sign_ins} of {SIGN_INS} sign-ins"} if isinstance(working, Staged) else {}
    return tuple(
        PhaseLine(
            phase=phase,
            act=act.name,
            how=act.how,
            at=entered.get(phase),
            note=proven.get(phase, act.note),
        )
        for (phase, _name), act in zip(ACTS, shown, strict=True)
    )


async def _look_at(services: Services, rotation_id: RotationId) -> datetime | None:
    row = await services.tables.get(keys.WAKES, keys.shard(rotation_id.application), keys.rotation_wake(rotation_id))
    look_at = row.values.get("look_at") if row else None
    return look_at if isinstance(look_at, datetime) else None


def _levels(found: Rotation, record: ApplicationRecord) -> Mapping[str, str]:
    phases = {name: stored.delivery.phase for name, stored in sorted(record.deliveries_of(found.id.ulid).items())}
    return {
        name: LEVELS[phase.verdict.level]
        for name, phase in phases.items()
        if isinstance(phase, Verified) and phase.verdict.level is not None
    }


async def _needs(services: Services, found: Rotation, record: ApplicationRecord) -> tuple[Need, ...]:
    """Name what the line and this rotation need, from what is true now."""
    line = record.lines.get(found.line)
    if line is None or line.latest != found.id.ulid:
        return ()
    configuration = await services.configurations.current()
    return tuple(of_line(index(line, record, found), configuration, services.clock.now()))


def _acts(found: Rotation, record: ApplicationRecord) -> tuple[str, ...]:
    stopped = isinstance(found.phase, Blocked) or any(
        isinstance(stored.delivery.phase, DeliveryBlocked) for stored in record.deliveries_of(found.id.ulid).values()
    )
    line = record.lines.get(found.line)
    latest = line is not None and line.latest == found.id.ulid
    may = {
        "approve": progress_of(found, line, record).awaits_approval,
        "retry": found.open and stopped,
        "abandon": isinstance(found.working, UNPUBLISHED),
        "retire": latest and isinstance(found.working or found.phase, WEIGHED) and len(line.keys if line else ()) > 1,
    }
    return tuple(name for name, now in may.items() if now)
