"""
Look once an hour for what tells of itself to nobody: a night without a complete scan, a rotation that stands still.

Health asks the same of the same functions.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from rotation.domain.policy import Configuration, Mode
from rotation.ledger.lines import IndexedLine
from rotation.workflows.notices import alarm
from rotation.workflows.scanning import last_complete
from rotation.workflows.services import Services

EVERY = timedelta(hours=1)
SCAN_TAKES = timedelta(hours=2)
"""Longer than a scan of the largest tenant, so that a night is not called missed while it is still read."""
A_NIGHT = timedelta(days=1)
NAMED = 5


async def watch(services: Services) -> bool:
    """Raise an alarm for each of these, once a day; asked each minute, it looks once an hour. Tell whether it did."""
    now = services.clock.now()
    watched = await services.control.watched.read()
    if watched.looked_at is not None and now - watched.looked_at < EVERY:
        return False
    if watched.since is not None and (why := await missed_night(services)):
        await alarm(services, "no-complete-scan", text=why)
    if still := await standing_still(services):
        await alarm(services, "rotation-stuck", text=told(still, services.timing.phase_deadline))
    await services.control.watched.change(lambda row: replace(row, since=row.since or now, looked_at=now))
    return True


async def missed_night(services: Services) -> str:
    """Tell which night had no complete scan, where the schedule says that there should have been one; else nothing."""
    now = services.clock.now()
    since = (await services.control.watched.read()).since
    due_at = _due_at(services, now) or now
    last = await last_complete(services, days=(now - due_at).days + 7)
    return missed(services, since=since, finished=last.finished_at if last else None)


def missed(services: Services, *, since: datetime | None, finished: datetime | None) -> str:
    """Say the same from what was read already: *since* when nights are watched, when a scan was last complete."""
    now = services.clock.now()
    due_at = _due_at(services, now)
    if due_at is None or since is None or due_at < since:
        return ""
    if finished is not None and (finished >= due_at or now - finished <= A_NIGHT + SCAN_TAKES):
        return ""
    told_last = f"the last one was {finished:%Y-%m-%d %H:%M} UTC" if finished else "there was none before"
    return f"no scan has been complete since the one that was due {due_at:%Y-%m-%d %H:%M} UTC; {told_last}"


def _due_at(services: Services, now: datetime) -> datetime | None:
    """Give when the last scan was due that should be complete by now; without a schedule, a night and a scan ago."""
    if services.nights is None:
        return now - A_NIGHT - SCAN_TAKES
    return services.nights.latest(now - SCAN_TAKES)


async def standing_still(services: Services) -> list[IndexedLine]:
    """
    Name the lines whose rotation stays in a phase beyond its deadline although nothing holds it.

    Held is what waits for a person, what is stopped (that is told by itself), and what a brake holds.
    """
    if await services.control.pause() is not None or (await services.control.breaker.read()).open_reason is not None:
        return []
    configuration = await services.configurations.current()
    now = services.clock.now()
    return [
        line async for line in services.lines.all() if _stands(line, services, now) and _free(line, configuration, now)
    ]


def _stands(line: IndexedLine, services: Services, now: datetime) -> bool:
    if not line.open or line.stopped or line.places_stopped or line.phase_since is None:
        return False
    works = line.under_way or line.phase == "retiring"
    return works and now - line.phase_since > services.timing.phase_deadline


def _free(line: IndexedLine, configuration: Configuration, now: datetime) -> bool:
    policy = configuration.policy(line.policy)
    return policy is not None and policy.mode is Mode.ROTATE and policy.permits_now(now)


def told(still: list[IndexedLine], deadline: timedelta) -> str:
    """Name the first of them."""
    named = ", ".join(
        f"{line.display_name} ({line.phase} since {line.phase_since:%m-%d %H:%M})" for line in still[:NAMED]
    )
    more = f" and {len(still) - NAMED} more" if len(still) > NAMED else ""
    return f"{len(still)} rotations stand still for over {deadline.total_seconds() / 3600:.0f} h: {named}{more}"
