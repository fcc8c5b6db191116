"""
Make a secret that a person made by hand the line's current one.

Where its value lies in the line's vault secret, it is carried on as after every publishing (`taking_over.py`); where it
does not, only its end date is known.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from rotation.domain.credential import Credential
from rotation.domain.errors import NotFound, Refused
from rotation.domain.identifiers import KeyId, LineId, RotationId
from rotation.domain.line import HeldKey, Line
from rotation.domain.rotation import PUBLISHED, Closed, Minted, Publication, Rotation
from rotation.ledger import application as ledger
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.lines import index
from rotation.ports.tables import Change
from rotation.workflows.adopting.by_hand import Value, meant, value_of
from rotation.workflows.cancelling import cancelled_deliveries
from rotation.workflows.nudge import nudge_rotation
from rotation.workflows.rotate import take_application
from rotation.workflows.services import Services
from rotation.workflows.taking_over import NEVER_STAGED, taken_over


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody says that they made."""

    line: LineId
    by: str
    key_id: KeyId | None = None
    """None: the only secret that somebody can have made since the line was enrolled."""
    date_only: bool = False
    """Whatever lies in the vault, take only the end date."""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What adopting would mean, or meant."""

    line: LineId
    name: str
    key_id: KeyId
    ends_at: datetime
    value: Value | None
    """None: it is not in the vault, so who reads the vault gets the older one."""
    kept: tuple[KeyId, ...]
    """The line's other secrets: each stays until there is evidence, or until its own end."""
    succeeds: RotationId | None
    """An open rotation that ends because of it; what it has not delivered is cancelled."""
    already: bool = False
    """It is the line's current one: nothing is to be done."""
    rotation: RotationId | None = None
    """The one that was opened to carry it on; None in a preview, and where there is no value."""


async def preview(services: Services, wish: Wish) -> Adoption:
    """
    Tell what adopting would mean; writes nothing, and signs in once where the value is in the vault.

    Raises:
        NotFound: There is no such line.
        Refused: As `adopt`.
    """
    _credential, adoption = await _look(services, await ledger.read(services.tables, wish.line.application), wish)
    return adoption


async def adopt(services: Services, wish: Wish) -> Adoption:
    """
    Take a secret that a person made as the line's current one. Said twice it is as said once.

    Raises:
        NotFound: There is no such line.
        Refused: The directory does not list it (`not-listed`), it cannot be this line's (`not-adoptable`), several
            could be meant (`ambiguous`), the vault holds another text (`not-this-secret`), it does not sign in
            (`secret-refused`) or nobody can tell (`unprovable`), or a rotation is on its way (`already-open`).
        LeaseHeld: Somebody works on the application now.
    """
    rotation_id = RotationId(wish.line.application, services.ulids.make())
    fence = await take_application(services, rotation_id)
    try:
        record = await ledger.read(services.tables, wish.line.application)
        credential, adoption = await _look(services, record, wish)
        if adoption.already:
            return adoption
        before, now = record.lines[wish.line.name], services.clock.now()
        if adoption.value is None:
            line, rotation = _dated(before, credential, now), None
        else:
            publication = _publication(credential, adoption.value, now)
            line, rotation = taken_over(before, publication, rotation_id, by=wish.by, now=now)
        if rotation is not None:
            await services.wakes.set(rotation_id, services.clock.now())
        now = services.clock.now()
        changes = [
            *_changes(record, line, rotation, adoption=adoption, now=now),
            _event(services, wish, adoption, now=now),
        ]
        await fence.commit(changes, now=now)
        record.lines[wish.line.name] = line
        if rotation is not None:
            record.rotations[rotation_id.ulid] = rotation
        await services.lines.put(index(line, record, record.rotations.get(line.latest or "")))
    finally:
        await fence.release(services.clock.now())
    if adoption.succeeds is not None:
        await services.wakes.set(adoption.succeeds, services.clock.now())
    if rotation is None:
        return adoption
    await nudge_rotation(services, rotation_id)
    return replace(adoption, rotation=rotation_id)


async def _look(services: Services, record: ApplicationRecord, wish: Wish) -> tuple[Credential, Adoption]:
    line = record.lines.get(wish.line.name)
    if line is None:
        why = f"no line {wish.line.name} of application {wish.line.application} is enrolled"
        raise NotFound(why, line=str(wish.line))
    application = await services.directory.application(wish.line.application)
    credential = meant(application, record, line, key_id=wish.key_id, now=services.clock.now())
    held = line.key(credential.key_id)
    ours = held is not None and held.minted_by is not None
    value = None if ours or wish.date_only else await value_of(services, line, credential)
    already = held is not None and value is None
    adoption = Adoption(
        line=line.id,
        name=line.display_name,
        key_id=credential.key_id,
        ends_at=credential.end_at,
        value=value,
        kept=tuple(key.key_id for key in line.keys if key.key_id != credential.key_id),
        succeeds=None if already else _succeeded(record, line),
        already=already,
    )
    return credential, adoption


def _succeeded(record: ApplicationRecord, line: Line) -> RotationId | None:
    rotation = record.rotations.get(line.open or "")
    if rotation is None or not rotation.open:
        return None
    if isinstance(rotation.working, PUBLISHED):
        return rotation.id
    raise Refused(
        f"rotation {rotation.id} is on its way ({rotation.phase.phase}), and would publish over what you made",
        reason="already-open",
        remedy=f"rotation abandon {rotation.id.ulid}, then adopt",
        rotation=str(rotation.id),
    )


def _dated(line: Line, credential: Credential, now: datetime) -> Line:
    """Take the end date alone: no version of the vault holds it."""
    key = HeldKey(key_id=credential.key_id, end_at=credential.end_at)
    return replace(
        line,
        keys=(*line.keys, key),
        current=key.key_id,
        version=None,
        minted_at=min(credential.start_at or now, now),
        open=None,
        blocked=None,
        repeated=False,
    )


def _publication(credential: Credential, value: Value, now: datetime) -> Publication:
    minted = Minted(
        attempt=0,
        key_id=credential.key_id,
        end_at=credential.end_at,
        minted_at=min(credential.start_at or now, now),
        hint=credential.hint,
    )
    return Publication(
        minted=minted,
        version=value.version,
        published_at=value.put_at,
        staged_version=NEVER_STAGED,
        proven_at=now,
        unprovable=value.unprovable,
    )


def _changes(
    record: ApplicationRecord, line: Line, rotation: Rotation | None, *, adoption: Adoption, now: datetime
) -> list[Change]:
    changes: list[Change] = [ledger.put_line(line)]
    if rotation is not None:
        changes.append(ledger.put_rotation(rotation))
    if adoption.succeeds is not None:
        changes += _ended(record, record.rotations[adoption.succeeds.ulid], successor=rotation, now=now)
    return changes


def _ended(
    record: ApplicationRecord, succeeded: Rotation, *, successor: Rotation | None, now: datetime
) -> list[Change]:
    publication = succeeded.publication
    closed = (
        Closed(how="succeeded-by", at=now, successor=successor.id.ulid, publication=publication)
        if successor
        else Closed(how="by-person", at=now, publication=publication, by="adopt")
    )
    cancelled = cancelled_deliveries(record, succeeded.id.ulid, why="a person made another secret by hand", now=now)
    return [ledger.put_rotation(succeeded.moved(closed, now)), *cancelled]


def _event(services: Services, wish: Wish, adoption: Adoption, *, now: datetime) -> Change:
    facts = {
        "line": wish.line.name,
        "key_id": adoption.key_id,
        "end_at": adoption.ends_at,
        "version": adoption.value.version if adoption.value else None,
        "by": wish.by,
        "where": wish.where or None,
    }
    return ledger.put_event(now, services.ulids.make(), what="adopted", facts=facts)
