"""Read who uses which credential, and keep it for key ids of lines only."""

from collections.abc import Mapping
from dataclasses import replace

from rotation.domain.evidence import Use
from rotation.domain.identifiers import KeyId, ObjectId
from rotation.ledger import keys
from rotation.ledger.application import USE
from rotation.ledger.control import UsageReading
from rotation.ports.tables import Upsert
from rotation.ports.usage import Sighting, UsageSource
from rotation.workflows.services import Services


async def read_usage(services: Services, source: UsageSource) -> Mapping[str, int]:
    """
    Read every sighting of the tenant once, and write what is new about our key ids; without a line there are none.

    Raises:
        Retryable, AccessDenied: The source cannot be read: nothing is noted, so its silence decides nothing.
    """
    owners: dict[KeyId, ObjectId] = {}
    async for line in services.lines.all():
        owners.update(dict.fromkeys(line.keys, line.id.application))
    if not owners:
        return {"usage_seen": 0, "usage_changed": 0}
    began_at = services.clock.now()
    seen = changed = 0
    async for sighting in source.sightings():
        seen += 1
        application = owners.get(sighting.key_id)
        if application is not None:
            changed += await _note(services, application, sighting)

    def read(before: UsageReading) -> UsageReading:
        first = before.first_read_at if before.source == source.name else None
        return UsageReading(source=source.name, first_read_at=first or began_at, read_at=began_at)

    await services.control.usage.change(read)
    return {"usage_seen": seen, "usage_changed": changed}


async def _note(services: Services, application: ObjectId, sighting: Sighting) -> int:
    key = keys.use(sighting.key_id)
    row = await services.tables.get(keys.ROTATIONS, application, key)
    before = USE.record(row.values) if row else None
    if before is not None and sighting.last_used_at <= before.last_used_at:
        return 0
    use = Use(last_used_at=sighting.last_used_at, origin=sighting.origin)
    if before is not None:
        gap = sighting.last_used_at - before.last_used_at
        use = replace(use, longest_gap=max(before.longest_gap, gap))
    columns = {**USE.columns(use), "last_used_at": use.last_used_at}
    await services.tables.commit(keys.ROTATIONS, application, [Upsert(key=key, values=columns)])
    return 1
