"""Proven and Published: give the proven secret to those who read "latest", and plan its deliveries."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rotation.domain.delivery import AwaitingApproval, Delivery, DeliveryPhase, Pending
from rotation.domain.errors import VaultNameTaken
from rotation.domain.identifiers import DestinationName, SecretVersion
from rotation.domain.line import HeldKey
from rotation.domain.policy import Destination
from rotation.domain.rotation import Delivering, Proven, Publication, Published
from rotation.ledger import keys
from rotation.ledger.application import delivery_columns
from rotation.ports.tables import Insert
from rotation.ports.vault import NewVersion, VersionProperties
from rotation.workflows import tags
from rotation.workflows.nudge import nudge_delivery
from rotation.workflows.step import Event, Hold, Step


async def publish(step: Step) -> datetime | None:
    """Leave Proven: the same text as a new version of the line's secret."""
    phase = step.rotation.phase
    assert isinstance(phase, Proven)
    await step.permit()
    if step.held_by_window():
        raise Hold("outside the window", step.now + timedelta(hours=1))
    name = step.line.enrolment.secret_name
    versions = await step.vault.versions(name)
    version = _published_already(step, phase, versions) or await _write(step, phase, versions)
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


async def _write(step: Step, phase: Proven, versions: Sequence[VersionProperties]) -> SecretVersion:
    known = {step.line.enrolment.adopted_version, step.line.version}
    for last in tags.latest(versions):
        if not tags.is_lines(last, step.rotation.line_id) and last.version not in known:
            name = step.line.enrolment.secret_name
            raise VaultNameTaken(f"the latest version of {name} is not this line's", version=last.version)
    text = await step.vault.read(step.staged_name, phase.staged_version)
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
    await step.vault.disable(step.staged_name, phase.publication.staged_version)
    planned = missing_deliveries(step, phase.publication)
    await begin_deliveries(step, planned, then=Delivering(publication=phase.publication))
    return None


def missing_deliveries(step: Step, publication: Publication) -> dict[DestinationName, Delivery]:
    """Make a delivery for each destination that the configuration names today and this rotation does not serve yet."""
    known = step.record.deliveries_of(step.rotation.id.ulid)
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
        if name not in known
    }


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
    changes = [
        Insert(key=keys.delivery(step.rotation.id.ulid, name), values=delivery_columns(delivery))
        for name, delivery in planned.items()
    ]
    await step.save(then, changes=changes)
    await step.reload()
    for name in planned:
        await nudge_delivery(step.services, step.rotation.id, name)
