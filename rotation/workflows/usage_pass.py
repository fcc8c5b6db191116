"""Read who uses which credential, and keep it for key ids of lines only."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from rotation.domain.errors import NeedsPerson, NewerVersion, OutcomeUnknown, Retryable, Unavailable
from rotation.domain.evidence import REPORT_LAG
from rotation.domain.identifiers import ClientId, KeyId, ObjectId
from rotation.domain.use import OwnSignIns, Sighting, Use
from rotation.ledger import application as ledger
from rotation.ledger.control import UsageReading
from rotation.ports.usage import Look, UsageSource
from rotation.workflows.services import Services

log = logging.getLogger(__name__)

type Unread = Retryable | OutcomeUnknown | NeedsPerson


async def read_usage(services: Services) -> Mapping[str, int]:
    """
    Read every source once for the tenant, and write what is new about our key ids; without a line there are none.

    Raises:
        Retryable, NeedsPerson: A source cannot be read, and the others were: its silence decides nothing.
    """
    owners: dict[KeyId, ObjectId] = {}
    async for line in services.lines.all():
        owners.update(dict.fromkeys(line.keys, line.id.application))
    counts = {"usage_seen": 0, "usage_changed": 0}
    unread: list[Unread] = []
    for source in services.usage if owners else ():
        try:
            seen, changed = await _read_all(services, source, owners)
        except (Retryable, OutcomeUnknown, NeedsPerson) as error:
            unread.append(error)
            continue
        counts["usage_seen"] += seen
        counts["usage_changed"] += changed
    if len(unread) == 1:
        raise unread[0]
    if unread:
        raise Unavailable("; ".join(error.message for error in unread))
    return counts


async def read_usage_of(services: Services, application: ObjectId, client_id: ClientId) -> frozenset[str]:
    """Read every source for one application now; gives the names of those that could not be read."""
    record = await ledger.read(services.tables, application)
    ours = {key.key_id for line in record.lines.values() for key in line.keys}
    unread = set()
    for source in services.usage:
        try:
            found = [each async for each in source.sightings(Look(client_id=client_id)) if each.key_id in ours]
        except (Retryable, OutcomeUnknown, NeedsPerson) as error:
            log.warning("usage.unread", extra={"source": source.name, "reason": error.reason})
            unread.add(source.name)
            continue
        await _note(services, application, found, source=source.name)
    return frozenset(unread)


async def _read_all(services: Services, source: UsageSource, owners: Mapping[KeyId, ObjectId]) -> tuple[int, int]:
    began_at = services.clock.now()
    reading = services.control.usage(source.name)
    read_at = (await reading.read()).read_at
    seen = 0
    found: dict[ObjectId, list[Sighting]] = {}
    async for sighting in source.sightings(Look(since=read_at - REPORT_LAG if read_at else None)):
        seen += 1
        if (owner := owners.get(sighting.key_id)) is not None:
            found.setdefault(owner, []).append(sighting)
    changed = 0
    newer: NewerVersion | None = None
    for application, sightings in found.items():
        try:
            changed += await _note(services, application, sightings, source=source.name)
        except NewerVersion as error:
            newer = error  # the others' are noted all the same, and the mark stays, so that these are read again
    if newer is not None:
        raise newer
    await reading.change(lambda before: UsageReading(first_read_at=before.first_read_at or began_at, read_at=began_at))
    return seen, changed


async def _note(services: Services, application: ObjectId, sightings: Sequence[Sighting], *, source: str) -> int:
    """Write what is new about one application's key ids; gives how many there are."""
    if not sightings:
        return 0
    record = await ledger.read(services.tables, application)
    changed = 0
    for key_id, of_key in _by_key(sightings).items():
        seen = partial(_seen, source=source, sightings=of_key, own=ledger.own_sign_ins(record, key_id))
        known = record.uses.get(key_id, Use())
        if seen(known) != known:
            changed += await ledger.change_use(services.tables, application, key_id, change=seen)
    return changed


def _seen(known: Use, *, source: str, sightings: Sequence[Sighting], own: OwnSignIns | None) -> Use:
    for sighting in sightings:
        known = known.seen(source, sighting, own)
    return known


def _by_key(sightings: Iterable[Sighting]) -> Mapping[KeyId, Sequence[Sighting]]:
    """Sort by key id, each key id's oldest first: gaps are measured from one use to the next."""
    found: dict[KeyId, list[Sighting]] = {}
    for sighting in sorted(sightings, key=lambda each: each.last_used_at):
        found.setdefault(sighting.key_id, []).append(sighting)
    return found
