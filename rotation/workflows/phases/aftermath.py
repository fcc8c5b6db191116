"""
What a rotation still owes when it has ended: notices, litter, orphans.

Litter: a predecessor that could only lapse goes 30 days after its own end, or when an operator says so, with (e)
alone. Orphan: a marked credential of a given-up attempt. Both need two spaced reads, and a stray (a marker that this
ledger does not know) is never here.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from rotation.domain.credential import NEVER, Application, Credential
from rotation.domain.identifiers import KeyId
from rotation.domain.line import HeldKey, RetireOrder
from rotation.domain.rotation import Abandoned, Minting, Staged
from rotation.ledger import keys
from rotation.ports.tables import Delete
from rotation.ports.vault import VersionProperties
from rotation.workflows import tags
from rotation.workflows.nudge import nudge_notice
from rotation.workflows.pacing import pace_of
from rotation.workflows.phases import removal
from rotation.workflows.phases.minting import START_EARLIER
from rotation.workflows.step import Event, Step

LITTER_AFTER = timedelta(days=30)
BREAKER_RECHECK = timedelta(hours=1)


async def send_outbox(step: Step) -> None:
    """Move saved notices to table `notices`, then forget them here: at least once."""
    for key, entry in list(step.record.outbox.items()):
        if key.split("|")[2].split(".")[0] != step.rotation.id.ulid:
            continue
        name = keys.foreign(key)
        await step.services.notices.put(name, entry.notice(step.now))
        if not entry.news:
            await nudge_notice(step.services, name)
        await step.save(changes=[Delete(key=key)])
        del step.record.outbox[key]


async def sweep(step: Step, seen: Application | None = None) -> datetime | None:
    """
    Remove orphans of this rotation by two spaced looks; tell when to look again, if there is something.

    *seen* is what this very step has just read, where it did: one look of the two.
    """
    application = seen or await step.application()
    marked = [secret for secret in application.secrets if _may_be_orphan(step, secret)]
    suspects = [secret for secret in marked if step.now >= _old_at(step, secret)]
    grown = min((_old_at(step, secret) for secret in marked if secret not in suspects), default=None)
    if not suspects:
        if step.rotation.orphans:
            await step.save(rotation=replace(step.rotation, orphans=()))
        return grown
    await step.permit()
    before = dict(step.rotation.orphans)
    spacing = step.services.timing.look_spacing
    versions = [*await step.vault.versions(step.staged_name)]
    published = await step.vault.versions(step.line.enrolment.secret_name)
    due = [s.key_id for s in suspects if not tags.carries(published, s.key_id)]
    await _disable_given_up(step, due, versions)
    ready = [key_id for key_id in due if key_id in before and step.now >= before[key_id] + spacing]
    fresh = tuple((key_id, before.get(key_id, step.now)) for key_id in due)
    facts = {"key_ids": ",".join(ready)}
    events = [Event(what="orphan.removing", facts=facts)] if ready else []
    await step.save(rotation=replace(step.rotation, orphans=fresh), events=events)
    for key_id in ready:
        await step.fence.ready(step.now)
        await step.services.directory.remove(application.object_id, key_id)
    return step.now + spacing if due else grown


def _old_at(step: Step, secret: Credential) -> datetime:
    """Tell from when on its attempt is surely over."""
    made_at = (secret.start_at or step.now) + START_EARLIER
    return made_at + step.services.timing.orphan_age


async def _disable_given_up(step: Step, orphans: list[KeyId], staged: list[VersionProperties]) -> None:
    for version in staged:
        if version.enabled and version.tags.get(tags.KEY_ID) in orphans:
            await step.vault.disable(step.staged_name, version.version)


def _may_be_orphan(step: Step, secret: Credential) -> bool:
    marker, rotation = secret.marker, step.rotation
    if marker is None or marker.ulid != rotation.id.ulid or secret.key_id in rotation.adopted:
        return False
    if step.line.key(secret.key_id) is not None:
        return False
    working = rotation.working
    at_work = isinstance(working, Minting) and marker.attempt == working.attempt
    staged = isinstance(working, Staged) and marker.attempt == working.minted.attempt
    return not at_work and not staged


async def remove_litter(step: Step) -> datetime | None:
    """Remove what has lapsed long ago, and tell when to look again; one rotation of a line does it."""
    if not _keeps_the_line(step):
        return None
    lapsing = [key for key in step.line.keys if key.key_id != step.line.current and _goes_some_day(step, key)]
    if not lapsing:
        return None
    due = [key for key in lapsing if _ordered(step, key) or step.now >= key.end_at + LITTER_AFTER]
    later = [key.end_at + LITTER_AFTER for key in lapsing if key not in due]
    again = [await _one(step, key) for key in due]
    return min([*later, *(look_at for look_at in again if look_at is not None)], default=None)


def _keeps_the_line(step: Step) -> bool:
    """Tell whether it is the latest; where that was abandoned and proves no successor, the one that is published."""
    latest = step.record.rotations.get(step.line.latest or "")
    if latest is None or not isinstance(latest.phase, Abandoned):
        return step.line.latest == step.rotation.id.ulid
    current = step.line.current_key
    return current is not None and current.minted_by == step.rotation.id.ulid


def _ordered(step: Step, key: HeldKey) -> RetireOrder | None:
    return key.ordered_in(step.rotation.id.ulid)


def _goes_some_day(step: Step, key: HeldKey) -> bool:
    return _ordered(step, key) is not None or (key.lapses and key.end_at < NEVER)


async def _one(step: Step, key: HeldKey) -> datetime | None:
    application = await step.application()
    spacing = step.services.timing.look_spacing
    if not application.holds(key.key_id):
        return await _absent(step, key, step.now + spacing)
    if key.absent_at is not None:
        await step.save(line=step.line.marked(replace(key, absent_at=None)))
    await step.permit()
    order = _ordered(step, key)
    if (await step.services.control.breaker.read()).open_reason is not None:
        return step.now + BREAKER_RECHECK
    if await _still_missing(step, application):
        return step.now + step.services.timing.evidence_every
    evidence = str(order) if order else "lapsed long ago"
    facts = {"key_id": key.key_id, "evidence": evidence}
    await step.save(events=[Event(what="retiring.key" if order else "litter.removing", facts=facts)])
    await removal.remove(step, key.key_id, pace_of(step, application))
    return step.now + spacing


async def _absent(step: Step, key: HeldKey, again: datetime) -> datetime | None:
    if key.absent_at is None:
        await step.save(line=step.line.marked(replace(key, absent_at=step.now)))
        return again
    if step.now < key.absent_at + step.services.timing.look_spacing:
        return again
    order = _ordered(step, key)
    facts = {"key_id": key.key_id, "evidence": str(order) if order else "lapsed long ago"}
    event = Event(what="retired" if order else "litter.gone", facts=facts)
    await step.save(line=step.line.without(key.key_id), events=[event])
    return None


async def _still_missing(step: Step, application: Application) -> bool:
    publication = step.rotation.publication
    return publication is None or await removal.successor_works(step, publication, application) is not None
