"""Staged: sign in with the new secret, several times, spread; one success proves nothing (platform.md A7)."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from rotation.domain.errors import NeedsPerson, NotFound, SecretRefused
from rotation.domain.policy import Proof
from rotation.domain.rotation import ATTEMPTS, Minting, Proven, Staged
from rotation.ports.sign_in import Accepted, NotAccepted, Unprovable
from rotation.workflows.step import Event, Step

SIGN_INS = 5


async def carry(step: Step) -> datetime | None:
    """Prove once more, or leave Staged."""
    phase = step.rotation.phase
    assert isinstance(phase, Staged)
    terms = step.entry.terms
    spacing = terms.proof_over / (SIGN_INS - 1)
    if (
        phase.sign_ins
        and step.rotation.own_sign_ins
        and step.now < (next_at := step.rotation.own_sign_ins[1] + spacing)
    ):
        return next_at  # a message that came twice brings no sign-in closer to the one before
    await step.permit()
    try:
        text = await step.vault.read(step.staged_name, phase.staged_version)
    except NotFound:
        await mint_again(step, phase)
        return None
    match await step.services.sign_in.prove(step.rotation.client_id, text):
        case Accepted():
            return await _accepted(step, phase, step.now + spacing)
        case NotAccepted(code=code):
            if step.now - phase.staged_at > step.services.timing.proof_deadline:
                raise SecretRefused(f"AADSTS{code}: the new secret does not sign in")
            await step.save(replace(phase, sign_ins=0))
            return step.now + spacing
        case Unprovable(code=code):
            if terms.proof is Proof.REQUIRED:
                raise NeedsPerson(f"AADSTS{code}: no proof can be had for this application", reason="unprovable")
            await step.save(_proven(step, phase, unprovable=code))
            return None
        case _ as never:
            assert_never(never)


async def mint_again(step: Step, phase: Staged | Proven) -> None:
    """
    Go back to Minting: somebody took the staged version away, so the text is lost before it was published.

    The credential is given up: not adopted any more, it goes as an orphan of an attempt that was given up.
    """
    left = tuple(key_id for key_id in step.rotation.adopted if key_id != phase.minted.key_id)
    attempt = phase.minted.attempt
    again = Minting(attempt=attempt, asked=True, allowed=max(ATTEMPTS, attempt + 1))
    event = Event(what="staged.gone", facts={"key_id": phase.minted.key_id, "version": phase.staged_version})
    await step.save(again, rotation=replace(step.rotation, adopted=left), events=[event])


async def _accepted(step: Step, phase: Staged, again_at: datetime) -> datetime | None:
    signed_in = step.rotation.signed_in(step.now)
    once_more = replace(phase, sign_ins=phase.sign_ins + 1)
    if once_more.sign_ins < SIGN_INS:
        await step.save(once_more, rotation=signed_in)
        return again_at
    await step.save(_proven(step, once_more, unprovable=None), rotation=signed_in)
    return None


def _proven(step: Step, phase: Staged, *, unprovable: int | None) -> Proven:
    return Proven(minted=phase.minted, staged_version=phase.staged_version, proven_at=step.now, unprovable=unprovable)
