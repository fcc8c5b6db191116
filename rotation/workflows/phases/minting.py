"""
Planned and Minting: count, reserve, look, mint, stage.

Each addPassword has an attempt of its own. The ledger says `asked` before it is sent; whoever finds that without a
version to adopt counts the next attempt and first removes, after two spaced looks, what the earlier ones left.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NoReturn

from rotation.domain.credential import DESCRIPTION_LIMIT, Application, Credential, Marker
from rotation.domain.errors import (
    BrokenInvariant,
    CredentialLimit,
    NeedsPerson,
    NotYetVisible,
    PolicyForbids,
    Retryable,
    Throttled,
    VaultRefused,
)
from rotation.domain.identifiers import KeyId, SecretVersion
from rotation.domain.line import lifetime_of
from rotation.domain.pace import Pace
from rotation.domain.rotation import Minted, Minting, Planned, Staged
from rotation.domain.secret import SecretText
from rotation.ports.directory import MintedCredential, MintRequest
from rotation.ports.vault import NewVersion, VersionProperties
from rotation.workflows import tags
from rotation.workflows.pacing import book, hold_until_our_place, pace_of, take_place
from rotation.workflows.step import Event, Hold, Step

VAULT_REFUSALS = 3
VISIBILITY_TRIES = 5
START_EARLIER = timedelta(minutes=5)
"""Clocks differ: secrets were refused as not yet valid without it (platform.md A7)."""


async def plan(step: Step) -> datetime | None:
    """Leave Planned: approval where it is asked, and an open window."""
    phase = step.rotation.phase
    assert isinstance(phase, Planned)
    if phase.needs_approval and not phase.approved_by:
        return step.now + step.services.timing.evidence_every
    await step.permit()
    if step.held_by_window():
        raise Hold("outside the window", step.now + timedelta(hours=1))
    yields = not step.policy.permits_now(step.now)
    why = "a person asked, or the old credential would end first"
    await step.save(Minting(), events=[Event(what="window.passed", facts={"why": why})] if yields else ())
    return None


async def carry(step: Step) -> datetime | None:
    """Carry Minting forward."""
    phase = _phase(step)
    if phase.asked and (version := await _adoptable(step, phase.attempt)) is not None:
        await _adopt(step, version)
        return None
    if phase.asked or phase.attempt == 0:
        await _count(step)
    await step.permit()
    hold_until_our_place(step)
    if not _phase(step).prepared and (wait := await _prepare(step)) is not None:
        return wait
    application = await step.application()
    pace = pace_of(step, application)
    await take_place(step, pace, phase=replace(_phase(step), prepared=True))
    await _make_room(step, application)
    request = await _request(step)
    await step.permit()
    await step.save(replace(_phase(step), asked=True), rotation=replace(step.rotation, writes_at=None))
    await step.fence.ready(step.now)
    await _mint(step, request, pace)
    return None


async def _prepare(step: Step) -> datetime | None:
    """Prove the vault, and see to what earlier attempts left."""
    if _phase(step).looked_at is None:
        await _reserve(step)
    return await _look(step) if _phase(step).attempt > 1 else None


def _phase(step: Step) -> Minting:
    phase = step.rotation.phase
    assert isinstance(phase, Minting)
    return phase


async def _count(step: Step) -> None:
    before = _phase(step)
    if before.attempt >= before.allowed:
        raise NeedsPerson(f"{before.attempt} attempts to mint have failed", reason="gave-up")
    phase = Minting(attempt=before.attempt + 1, vault_refusals=before.vault_refusals, allowed=before.allowed)
    await step.save(phase, events=[Event(what="minting.attempt", facts={"attempt": phase.attempt})])


async def _adoptable(step: Step, attempt: int) -> VersionProperties | None:
    """Find what this attempt has staged: ledger, tags and directory must agree before it is adopted."""
    versions = [v for v in await step.vault.versions(step.staged_name) if tags.of_version(v, step.rotation.id.ulid)]
    found = None
    for version in versions:
        if tags.KEY_ID not in version.tags:
            continue
        if version.tags.get(tags.ATTEMPT) == str(attempt) and version.enabled:
            found = version
        elif version.enabled:
            await step.vault.disable(step.staged_name, version.version)
    if found is None:
        return None
    application = await step.application()
    if application.holds(KeyId(found.tags[tags.KEY_ID])):
        return found
    if step.rotation.tries < VISIBILITY_TRIES:
        raise NotYetVisible("the staged credential is not listed yet", retry_after=step.services.timing.look_spacing)
    return None


async def _adopt(step: Step, version: VersionProperties) -> None:
    key_id = KeyId(version.tags[tags.KEY_ID])
    credential = (await step.application()).secret(key_id)
    if credential is None:
        raise NotYetVisible("the staged credential is not listed yet", retry_after=step.services.timing.look_spacing)
    await _save_staged(step, credential, version)


async def _save_staged(step: Step, credential: Credential, version: VersionProperties) -> None:
    minted = Minted(
        attempt=_phase(step).attempt,
        key_id=credential.key_id,
        end_at=credential.end_at,
        minted_at=version.created_at,
        hint=credential.hint,
    )
    adopted = replace(step.rotation, adopted=(*step.rotation.adopted, credential.key_id))
    phase = Staged(minted=minted, staged_version=version.version, staged_at=step.now)
    await step.save(phase, rotation=adopted, events=[Event(what="staged.key", facts={"key_id": credential.key_id})])


async def _reserve(step: Step) -> None:
    """Write a disabled version first: it proves name, right, firewall and vault policy before anything is minted."""
    marks = {**_marks(step), tags.STATE: tags.RESERVED}
    try:
        await step.vault.write(step.staged_name, NewVersion(text=SecretText(tags.RESERVED), tags=marks, enabled=False))
    except VaultRefused as refusal:
        await _refused(step, refusal)


async def _refused(step: Step, refusal: VaultRefused) -> NoReturn:
    phase = replace(_phase(step), vault_refusals=_phase(step).vault_refusals + 1)
    await step.save(phase)
    if phase.vault_refusals >= VAULT_REFUSALS:
        await step.save(replace(phase, vault_refusals=0))
        raise refusal
    raise Retryable(refusal.message, reason=refusal.reason, retry_after=step.services.timing.look_spacing) from None


def _marks(step: Step) -> dict[str, str]:
    return {
        tags.ROTATION: step.rotation.id.ulid,
        tags.LINE: str(step.rotation.line_id),
        tags.ATTEMPT: str(_phase(step).attempt),
        tags.CLIENT_ID: step.rotation.client_id,
    }


async def _look(step: Step) -> datetime | None:
    """Find lost values of earlier attempts by two spaced looks, and remove them."""
    suspects = await _lost(step)
    phase = _phase(step)
    spacing = step.services.timing.look_spacing
    if phase.looked_at is None:
        await step.save(replace(phase, looked_at=step.now, suspects=suspects))
        return step.now + spacing
    if step.now < phase.looked_at + spacing:
        return phase.looked_at + spacing
    lost = tuple(key_id for key_id in suspects if key_id in phase.suspects)
    for key_id in lost:
        await step.permit()
        await step.services.directory.remove(step.rotation.id.application, key_id)
    if lost:
        facts = {"key_ids": ",".join(lost)}
        await step.save(replace(phase, suspects=()), events=[Event(what="lost-value.removed", facts=facts)])
        return step.now + spacing
    return None


async def _lost(step: Step) -> tuple[KeyId, ...]:
    """Name marked credentials of this rotation that no version of either name carries."""
    application = await step.application()
    ulid = step.rotation.id.ulid
    marked = [s.key_id for s in application.secrets if s.marker and s.marker.ulid == ulid]
    if not marked:
        return ()
    versions = [
        *await step.vault.versions(step.staged_name),
        *await step.vault.versions(step.line.enrolment.secret_name),
    ]
    known = {*step.rotation.adopted, *(key.key_id for key in step.line.keys)}
    return tuple(key_id for key_id in marked if key_id not in known and not tags.carries(versions, key_id))


async def _make_room(step: Step, application: Application) -> None:
    """Free a slot where the application may hold only so many: an expired credential that was handed to us."""
    limit = application.credential_limit
    if limit is None or len(application.secrets) < limit:
        return
    for key in step.line.keys:
        listed = application.secret(key.key_id)
        if listed and listed.ended(step.now):
            await step.permit()
            facts = {"key_id": key.key_id, "why": "expired; the application may hold only two"}
            await step.save(events=[Event(what="slot.freed", facts=facts)])
            await step.services.directory.remove(application.object_id, key.key_id)
            raise NotYetVisible("a slot is being freed", retry_after=step.services.timing.look_spacing)
    raise CredentialLimit(
        f"the application holds {len(application.secrets)} of {limit} secrets, none of ours has ended"
    )


async def _request(step: Step) -> MintRequest:
    rules = await step.services.directory.rules(step.rotation.id.application)
    if rules.addition_forbidden:
        raise PolicyForbids("an app-management policy of the tenant forbids new client secrets")
    start = step.now - START_EARLIER
    marker = Marker(step.rotation.id.ulid, _phase(step).attempt)
    return MintRequest(
        application=step.rotation.id.application,
        display_name=marker.label(step.line.enrolment.description[:DESCRIPTION_LIMIT]),
        start_at=start,
        end_at=start + lifetime_of(step.entry.terms, rules.longest),
    )


async def _mint(step: Step, request: MintRequest, pace: Pace) -> None:
    """Send addPassword once, and put the text at once into its home."""
    try:
        minted = await step.services.directory.mint(request)
    except Throttled as refusal:
        raise await _refused_by_quota(step, pace, refusal) from None
    pace.wrote(step.now, minted.share)
    if minted.credential.display_name != request.display_name:
        facts = {"key_id": minted.credential.key_id}
        await step.save(events=[Event(what="marker.refused", facts=facts)])
        await step.services.directory.remove(request.application, minted.credential.key_id)
        raise BrokenInvariant("the directory did not keep our marker in the display name", reason="marker-refused")
    try:
        version = await _stage(step, minted)
    except VaultRefused as refusal:
        await _refused(step, refusal)
    properties = VersionProperties(version=version, enabled=True, created_at=step.now)
    await _save_staged(step, minted.credential, properties)


async def _refused_by_quota(step: Step, pace: Pace, refusal: Throttled) -> Throttled:
    """
    Go on under the next number at the next place: nothing was minted, so there is nothing to look for.

    It counts against no limit of attempts, for the phase has its deadline.
    """
    pace.refused(step.now, refusal.retry_after)
    place, before = book(step, pace), _phase(step)
    attempt = before.attempt + 1
    phase = replace(before, attempt=attempt, allowed=before.allowed + 1, asked=False, prepared=True)
    event = Event(what="minting.attempt", facts={"attempt": attempt, "why": refusal.reason})
    booked = replace(step.rotation, writes_at=place.at if place.booked else None)
    await step.save(phase, rotation=booked, events=[event])
    return Throttled(refusal.message, retry_after=place.at - step.now)


async def _stage(step: Step, minted: MintedCredential) -> SecretVersion:
    marks = {**_marks(step), tags.KEY_ID: minted.credential.key_id}
    new = NewVersion(text=minted.text, tags=marks, expires_at=minted.credential.end_at)
    return await step.vault.write(step.staged_name, new)
