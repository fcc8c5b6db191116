"""Gather what a removal is decided from, as it is now."""

from collections.abc import Mapping
from datetime import datetime

from rotation.domain.credential import Application
from rotation.domain.delivery import Delivery
from rotation.domain.evidence import OWN_USE_MARGIN, Case, Usage, Use
from rotation.domain.identifiers import DestinationName, KeyId
from rotation.domain.line import HeldKey
from rotation.domain.policy import Destination
from rotation.domain.rotation import Publication
from rotation.ledger.scans import ulid_time
from rotation.workflows.step import Step


async def build_case(step: Step, publication: Publication, application: Application) -> Case:
    """Gather what a removal is decided from, as it is now."""
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
        own_sign_ins=step.rotation.own_sign_ins,
        usage=await _usage(step, application),
        known_since=_known_since(step),
        canary=step.is_canary,
    )


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


async def _usage(step: Step, application: Application) -> Usage:
    source = step.services.usage
    if source is None:
        return Usage()
    reading = await step.services.control.usage.read()
    return Usage(
        source=source.name,
        sees=source.sees(application),
        first_read_at=reading.first_read_at,
        read_at=reading.read_at,
        uses={key_id: use for key_id, use in step.record.uses.items() if not _ours(step, key_id, use)},
    )


def _ours(step: Step, key_id: KeyId, use: Use) -> bool:
    """Tell whether the last use of an old key of ours was our own proof of it: that is not use."""
    held = step.line.key(key_id)
    if held is None or held.minted_by in {None, step.rotation.id.ulid}:
        return False
    rotation = step.record.rotations.get(held.minted_by or "")
    own = rotation.own_sign_ins if rotation else None
    return own is not None and use.last_used_at <= own[1] + OWN_USE_MARGIN
