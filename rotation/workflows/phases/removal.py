"""The one place that removes a credential of a line, with the proof of ownership next to the call."""

from datetime import datetime, timedelta

from rotation.domain.credential import Application
from rotation.domain.errors import BrokenInvariant, Throttled
from rotation.domain.evidence import Point, Standing
from rotation.domain.identifiers import KeyId
from rotation.domain.line import HeldKey
from rotation.domain.pace import Pace
from rotation.domain.rotation import Publication
from rotation.ports.sign_in import Accepted
from rotation.workflows.step import Step

PRESSED = timedelta(hours=1)
"""
What is burnt, or goes by an operator's word, does not wait a day for a successor that did not sign in.

It waits a little first, then twice as long each time up to this: right after minting not every replica of the sign-in
service knows a secret (platform.md A7).
"""


def owned(step: Step, key_id: KeyId) -> HeldKey:
    """
    Give the ledger's proof that a key id is ours to remove.

    Raises:
        BrokenInvariant: The ledger does not name it as minted by us or handed over (invariant 3), or it is the
            credential in use (invariant 2).
    """
    held = step.line.key(key_id)
    if held is None:
        raise BrokenInvariant("this credential was never handed to us", reason="not-ours", key_id=key_id)
    if step.line.current == key_id and not held.burnt:
        raise BrokenInvariant("this is the line's current credential", reason="current", key_id=key_id)
    return held


def successor_lacks(why: str, *, until: datetime | None = None) -> Point:
    """Say what (e) lacks."""
    return Point(letter="e", standing=Standing.MISSING, why=why, until=until)


def sent_back(step: Step, held: HeldKey) -> tuple[Point, ...]:
    """
    Give what (e) lacked when it was asked last, for as long as it is not asked again: to ask is a sign-in of ours.

    A word that an operator gave since is tried at once.
    """
    back, order = step.rotation.sent_back, held.ordered_in(step.rotation.id.ulid)
    if back is None or (order is not None and order.at > back.at):
        return ()
    pressed = min(step.services.timing.look_spacing * 2 ** min(back.times, 12), PRESSED)
    until = back.at + (pressed if held.burnt or order else step.services.timing.evidence_every)
    return (successor_lacks(back.why, until=until),) if step.now < until else ()


async def successor_works(step: Step, publication: Publication, application: Application) -> Point | None:
    """
    Tell what is missing for (e): the successor is listed, and its text, read back from the vault, signs in now.

    Where the enrolment's policy went on without a proof, listed and not expired must do.
    """
    minted = publication.minted
    if not application.holds(minted.key_id):
        return successor_lacks("the directory does not list the successor")
    if publication.unprovable is not None:
        return None if minted.end_at > step.now else successor_lacks("the successor has expired")
    text = await step.vault.read(step.line.enrolment.secret_name, publication.version)
    await step.save(rotation=step.rotation.signed_in(step.now))
    answer = await step.services.sign_in.prove(step.rotation.client_id, text)
    return None if isinstance(answer, Accepted) else successor_lacks(f"the successor does not sign in ({answer})")


async def remove(step: Step, key_id: KeyId, pace: Pace) -> None:
    """Remove one credential of the line; its answer settles nothing, only later reads do."""
    held = owned(step, key_id)
    await step.fence.ready(step.now)
    try:
        share = await step.services.directory.remove(step.rotation.id.application, held.key_id)
    except Throttled as refusal:
        pace.refused(step.now, refusal.retry_after)
        raise
    pace.wrote(step.now, share)
