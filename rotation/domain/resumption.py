"""How a phase begins when a rotation that was Blocked goes on."""

from dataclasses import replace
from datetime import datetime

from rotation.domain.rotation import Minting, Staged, WorkingPhase


def afresh(phase: WorkingPhase, now: datetime, *, attempts: int) -> WorkingPhase:
    """Give a proof its whole time again, and minting more attempts; every other phase goes on from where it stopped."""
    match phase:
        case Staged():
            return replace(phase, staged_at=now, sign_ins=0)
        case Minting():
            return replace(phase, prepared=False, allowed=max(phase.allowed, phase.attempt + attempts))
        case _:
            return phase
