"""Proven and Published: give the proven secret to those who read "latest", and plan its deliveries."""

from collections.abc import Sequence
from datetime import datetime

from rotation.domain.credential import DESCRIPTION_LIMIT, Marker
from rotation.domain.delivery import AwaitingApproval, Cancelled, Delivery, DeliveryPhase, Pending
from rotation.domain.errors import NotFound, VaultNameTaken
from rotation.domain.identifiers import DestinationName, SecretVersion
from rotation.domain.line import HeldKey
from rotation.domain.policy import Destination
from rotation.domain.rotation import Delivering, Proven, Publication, Published
from rotation.domain.secret import SecretText
from rotation.ledger import expiries, keys
from rotation.ledger.application import delivery_columns
from rotation.ledger.expiries import Expiry
from rotation.ports.tables import Change, Insert, Replace
from rotation.ports.vault import NewVersion, VersionProperties
from rotation.workflows import tags
from rotation.workflows.notices import approvals_notice
from rotation.workflows.nudge import nudge_delivery
from rotation.workflows.phases.proving import mint_again
from rotation.workflows.step import Event, Step


async def publish(step: Step) -> datetime | None:
    """Leave Proven: the same text as a new version of the line's secret."""
    phase = step.rotation.phase
    assert isinstance(phase, Proven)
    await step.permit()
    name = step.line.enrolment.secret_name
    versions = await step.vault.versions(name)
    version = _published_already(step, phase, versions)
    if version is None:
        _look_at_latest(step, versions)
        try:
            text = await step.vault.read(step.staged_name, phase.staged_version)
        except NotFound:
            await mint_again(step, phase)
            return None
        await step.fence.ready(step.now)
        version = await _write(step, phase, text)
    publication = Publication(
        minted=phase.minted,
        version=version,
        published_at=step.now,
        staged_version=phase.staged_version,
        proven_at=phase.proven_at,
        unprovable=phase.unprovable,
    )
    minted = phase.minted
    key = HeldKey(key_id=minted.key_id, end_at=minted.end_at, minted_by=step.rotation.id.ulid)
    line = step.line.published(key, version=version, minted_at=minted.minted_at)
    facts = {"key_id": minted.key_id, "version": version, "end_at": minted.end_at}
    await step.save(
        Published(publication=publication), line=line, events=[Event(what="published.version", facts=facts)]
    )
    return None


def _published_already(step: Step, phase: Proven, versions: Sequence[VersionProperties]) -> SecretVersion | None:
    for version in versions:
        ours = tags.of_version(version, step.rotation.id.ulid)
        if ours and version.tags.get(tags.KEY_ID) == phase.minted.key_id and version.enabled:
            return version.version
    return None


def _look_at_latest(step: Step, versions: Sequence[VersionProperties]) -> None:
    """Overwrite nothing that is not this line's."""
    known = {step.line.enrolment.adopted_version, step.line.version}
    for last in tags.latest(versions):
        if not tags.is_lines(last, step.rotation.line_id) and last.version not in known:
            name = step.line.enrolment.secret_name
            raise VaultNameTaken(f"the latest version of {name} is not this line's", version=last.version)


async def _write(step: Step, phase: Proven, text: SecretText) -> SecretVersion:
    marks = {
        tags.ROTATION: step.rotation.id.ulid,
        tags.LINE: str(step.rotation.line_id),
        tags.ATTEMPT: str(phase.minted.attempt),
        tags.CLIENT_ID: step.rotation.client_id,
        tags.KEY_ID: phase.minted.key_id,
    }
    new = NewVersion(text=text, tags=marks, expires_at=phase.minted.end_at)
    return await step.vault.write(step.line.enrolment.secret_name, new)


async def plan_deliveries(step: Step) -> datetime | None:
    """Leave Published: the staged copy is disabled, and each destination gets a delivery."""
    phase = step.rotation.phase
    assert isinstance(phase, Published)
    await step.permit()
    await record_end(step)
    await _disable_staged(step)
    planned = missing_deliveries(step, phase.publication)
    await begin_deliveries(step, planned, then=Delivering(publication=phase.publication))
    return None


async def record_end(step: Step) -> None:
    """Record the new end date in `expiries`; a crash before it finds the rotation Published, so it is done again."""
    line, held = step.line, step.line.current_key
    assert held is not None, "it has just been published"
    policy = step.policy
    expiry = Expiry(
        object_id=line.id.application,
        client_id=line.client_id,
        key_id=held.key_id,
        application=line.display_name,
        kind="secret",
        end_at=held.end_at,
        credential_name=_credential_name(step),
        policy=policy.name,
        line=line.id.name,
        audience=policy.audience or step.configuration.fallback_audience or "",
        status="current",
    )
    await expiries.put(step.services.tables, expiry)


def _credential_name(step: Step) -> str:
    minted = step.rotation.minted
    marker = Marker(step.rotation.id.ulid, minted.attempt if minted else 0)
    return marker.label(step.line.enrolment.description[:DESCRIPTION_LIMIT])


async def _disable_staged(step: Step) -> None:
    """Disable what is staged for this rotation: the published copy counts now, and a late worker's never did."""
    for version in await step.vault.versions(step.staged_name):
        if version.enabled and tags.of_version(version, step.rotation.id.ulid):
            await step.vault.disable(step.staged_name, version.version)


def missing_deliveries(step: Step, publication: Publication) -> dict[DestinationName, Delivery]:
    """
    Make a delivery for each destination that the configuration names today and this rotation does not serve yet.

    One that left and came back, or is another place than when it was planned, is not served.
    """
    known = step.record.deliveries_of(step.rotation.id.ulid)
    served = {
        name
        for name, destination in step.named().items()
        if name in known and _serves(known[name].delivery, destination)
    }
    return {
        name: Delivery(
            rotation=step.rotation.id,
            line=step.rotation.line,
            destination=name,
            fingerprint=destination.fingerprint,
            key_id=publication.minted.key_id,
            version=publication.version,
            phase=_first_phase(step, destination),
            since=step.now,
            settles_in=destination.settles_in,
        )
        for name, destination in step.named().items()
        if name not in served
    }


def _serves(delivery: Delivery, destination: Destination) -> bool:
    return not isinstance(delivery.phase, Cancelled) and delivery.fingerprint == destination.fingerprint


def _first_phase(step: Step, destination: Destination) -> DeliveryPhase:
    if not step.line.enrolment.approves(destination.name, destination.fingerprint):
        return AwaitingApproval(why="it is new or has changed since it was approved", since=step.now)
    if destination.approval:
        return AwaitingApproval(why="its configuration asks for approval each time", since=step.now)
    return Pending()


async def begin_deliveries(step: Step, planned: dict[DestinationName, Delivery], *, then: Delivering) -> None:
    """Write the deliveries with their wakes first, and nudge each."""
    for name in planned:
        await step.services.wakes.set(step.rotation.id, step.now, destination=name)
    changes = [_planned(step, name, delivery) for name, delivery in planned.items()]
    asked = {name: each.phase.why for name, each in planned.items() if isinstance(each.phase, AwaitingApproval)}
    await step.save(then, changes=changes, outbox=approvals_notice(step, asked))
    await step.reload()
    for name in planned:
        await nudge_delivery(step.services, step.rotation.id, name)


def _planned(step: Step, name: DestinationName, delivery: Delivery) -> Change:
    key, values = keys.delivery(step.rotation.id.ulid, name), delivery_columns(delivery)
    before = step.record.deliveries_of(step.rotation.id.ulid).get(name)
    return Replace(key=key, values=values, etag=before.etag) if before else Insert(key=key, values=values)
