"""What begins by the clock. Schedules are settings, which the host reads itself (platform.md D1)."""

from typing import TYPE_CHECKING

import azure.functions as func

from rotation.triggers.boundary import tick
from rotation.triggers.composed import services

if TYPE_CHECKING:
    from rotation.workflows.services import Services

timers = func.Blueprint()

BY = "timer"


@timers.timer_trigger(arg_name="timer", schedule="%SCAN_SCHEDULE%")
async def nightly_scan(timer: func.TimerRequest) -> None:
    """Ask for the nightly scan; past due it asks at once, and opening waits for its window by itself."""

    async def ask(known: "Services") -> None:
        from rotation.workflows import scanning  # noqa: PLC0415  # cold start (docs/performance.md)

        await scanning.begin_scan(known, by=f"{BY} (past due)" if timer.past_due else BY)

    await tick(services, "nightly_scan", ask)


@timers.timer_trigger(arg_name="timer", schedule="%WEEKLY_SCHEDULE%")
async def weekly_passes(timer: func.TimerRequest) -> None:  # noqa: ARG001  # the worker binds it by name
    """Ask for the passes over certificates and service principals, each a scan of its own; sweep what has ended."""

    async def ask(known: "Services") -> None:
        from rotation.ledger.once import Once  # noqa: PLC0415  # as above
        from rotation.workflows import scanning  # noqa: PLC0415  # as above

        for name in scanning.WEEKLY:
            await scanning.begin_scan(known, by=BY, passes=(name,))
        await Once(known.tables).sweep(known.clock.now())

    await tick(services, "weekly_passes", ask)


@timers.timer_trigger(arg_name="timer", schedule="%RECOVER_SCHEDULE%")
async def recover(timer: func.TimerRequest) -> None:  # noqa: ARG001  # the worker binds it by name
    """Nudge whatever waits."""
    from rotation.workflows import recovering  # noqa: PLC0415  # as above

    await tick(services, "recover", recovering.recover)


@timers.timer_trigger(arg_name="timer", schedule="%DIGEST_SCHEDULE%")
async def daily_digest(timer: func.TimerRequest) -> None:  # noqa: ARG001  # the worker binds it by name
    """Tell people what needs them."""
    from rotation.workflows import reminding  # noqa: PLC0415  # as above

    await tick(services, "daily_digest", reminding.digest)
