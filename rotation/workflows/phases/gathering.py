"""Gather what a removal is decided from, as it is now."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from rotation.domain.credential import Application
from rotation.domain.delivery import Delivery
from rotation.domain.evidence import Case, Source, Usage
from rotation.domain.identifiers import DestinationName, KeyId
from rotation.domain.line import HeldKey
from rotation.domain.policy import Destination
from rotation.domain.rotation import Publication, Rotation
from rotation.ledger.scans import ulid_time
from rotation.ports.usage import UsageSource
from rotation.workflows.step import Step


async def build_case(
    step: Step, publication: Publication, application: Application, *, unread: frozenset[str] = frozenset()
) -> Case:
    """Gather what a removal is decided from, as it is now; *unread* names sources that could just not be read."""
    named = step.named()
    of = step.services.integrations.of
    deliveries = {name: s.delivery for name, s in step.record.deliveries_of(step.rotation.id.ulid).items()}
    return Case(
        terms=step.entry.terms,
        retire=step.line.enrolment.retire,
        readers=step.line.enrolment.readers,
        named={name: destination.settles_in for name, destination in named.items()},
        reaches={name: of(destination).capabilities.level for name, destination in named.items()},
        deliveries=_of_today(deliveries, named, publication),
        published_at=publication.published_at,
        proven_at=publication.proven_at,
        successor=publication.minted.key_id,
        own_sign_ins=_own_sign_ins(step.rotation, deliveries.values()),
        usage=await _usage(step, application, unread),
        known_since=_known_since(step),
        canary=step.is_canary,
    )


def _own_sign_ins(rotation: Rotation, deliveries: Iterable[Delivery]) -> tuple[datetime, datetime] | None:
    """Give our first and last sign-in with the new key: proofs, and looks on behalf of a destination."""
    ours = [*(rotation.own_sign_ins or ()), *(d.own_sign_in_at for d in deliveries if d.own_sign_in_at)]
    return (min(ours), max(ours)) if ours else None


def _of_today(
    deliveries: Mapping[DestinationName, Delivery], named: Mapping[DestinationName, Destination], to: Publication
) -> dict[DestinationName, Delivery]:
    """Leave out what was delivered to another place than the configuration means today."""
    return {
        name: delivery
        for name, delivery in deliveries.items()
        if delivery.key_id == to.minted.key_id and name in named and delivery.fingerprint == named[name].fingerprint
    }


def _known_since(step: Step) -> dict[KeyId, datetime]:
    """Tell since when each key's use is watched: the enrolment, or its own mint where that is later."""
    return {key.key_id: max(step.line.enrolment.at, _minted_at(step, key)) for key in step.line.keys}


def _minted_at(step: Step, key: HeldKey) -> datetime:
    if key.minted_by is None:
        return step.line.enrolment.at
    rotation = step.record.rotations.get(key.minted_by)
    minted = rotation.minted if rotation else None
    return minted.minted_at if minted else ulid_time(key.minted_by)


async def _usage(step: Step, application: Application, unread: frozenset[str]) -> Usage:
    sources = [await _source(step, source, application) for source in step.services.usage]
    told = tuple(replace(source, read_at=None) if source.name in unread else source for source in sources)
    return Usage(sources=told, uses=step.record.uses)


async def _source(step: Step, source: UsageSource, application: Application) -> Source:
    reading = await step.services.control.usage(source.name).read()
    return Source(
        name=source.name,
        sees=source.sees(application),
        first_read_at=reading.first_read_at,
        read_at=reading.read_at,
    )
