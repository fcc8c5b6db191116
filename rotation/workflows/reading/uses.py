"""Who uses the credentials of one application, asked of the usage sources now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rotation.domain.errors import NeedsPerson, OutcomeUnknown, Retryable
from rotation.domain.identifiers import ClientId, KeyId
from rotation.ports.usage import Look, UsageSource


@dataclass(frozen=True, slots=True, kw_only=True)
class LastUse:
    """The last sign-in with one key id that any source shows; it may be ours."""

    at: datetime
    origin: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastUses:
    """What all sources show. A key id that is not in it was not seen, which is no silence by itself."""

    by_key: Mapping[KeyId, LastUse]
    sources: tuple[str, ...]
    unread: tuple[str, ...]
    """Sources that could not be read, each with the reason."""


async def last_uses(sources: Sequence[UsageSource], client_id: ClientId) -> LastUses:
    """Ask every source; one that cannot be read is named, and the others tell what they know."""
    found: dict[KeyId, LastUse] = {}
    unread: list[str] = []
    for source in sources:
        try:
            async for sighting in source.sightings(Look(client_id=client_id)):
                known = found.get(sighting.key_id)
                if known is None or sighting.last_used_at > known.at:
                    found[sighting.key_id] = LastUse(
                        at=sighting.last_used_at, origin=sighting.origin, source=source.name
                    )
        except (Retryable, OutcomeUnknown, NeedsPerson) as error:
            unread.append(f"{source.name}: {error.message}")
    return LastUses(by_key=found, sources=tuple(source.name for source in sources), unread=tuple(unread))
