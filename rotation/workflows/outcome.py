"""What follows when a rotation arrives somewhere: the breaker counts, and others of the same cause go on."""

from dataclasses import replace

from rotation.domain.brakes import Breaker
from rotation.domain.identifiers import DestinationName
from rotation.domain.rotation import Blocked, Completed, Overlapping
from rotation.workflows.notices import alarm
from rotation.workflows.step import Step

OUTSIDE_CAUSES = frozenset(
    {
        "access-denied",
        "vault-refused",
        "vault-name-deleted",
        "vault-name-taken",
        "credential-limit",
        "policy-forbids",
        "policy-gone",
        "unavailable",
        "gave-up",
    }
)
"""Causes outside the rotation: looked at again nightly, one line of a reason first (protocol.md, Ledger)."""


def cause_at(place: DestinationName, reason: str) -> str:
    """Name the cause for which deliveries to one destination stopped."""
    return f"{place}|{reason}"


async def count_outcome(step: Step) -> None:
    """Tell the breaker of Completed, Overlapping or Blocked; raise one alarm when it opens."""
    phase = step.rotation.phase
    if not isinstance(phase, Completed | Overlapping | Blocked):
        return
    outcome = phase.reason if isinstance(phase, Blocked) else ""
    control = step.services.control
    night = await control.night.read()
    now = step.now
    before: str | None = None

    def told(breaker: Breaker) -> Breaker:
        nonlocal before
        before = breaker.open_reason
        return breaker.told(outcome, night=night.scan if night else "", now=now)

    after = await control.breaker.change(told)
    if after.open_reason is not None and before is None:
        text = f"circuit breaker open: rotations stop one after another ({after.open_reason}); nothing more is opened"
        await alarm(step.services, "breaker-open", text=text)


async def on_with_the_others(step: Step) -> None:
    """When a rotation that was tried again gets on, wake the others that stopped for the same reason."""
    reason = step.rotation.resumed_from
    if not reason or isinstance(step.rotation.phase, Blocked):
        return
    await step.save(rotation=replace(step.rotation, resumed_from=""))
    await step.services.control.audit(step.now, step.services.ulids.make(), "cause.gone", reason=reason)
    await step.services.control.resuming.change(lambda before: (*(r for r in before if r != reason), reason))
