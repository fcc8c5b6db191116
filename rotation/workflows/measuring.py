"""Say in figures what is so now, for gauges and alerts; pages say the same from the same rows (reading/overview.py)."""

import logging
from collections import Counter
from datetime import datetime, timedelta

from rotation.workflows.reading.freshness import scan_state
from rotation.workflows.reading.needs import Need, needs
from rotation.workflows.services import Services

log = logging.getLogger(__name__)

LAST_DAYS = timedelta(days=7)
"""A secret that ends so soon although its line is enrolled should have been rotated long before."""


async def measure(services: Services) -> None:
    """
    Log `state.measured`, and `state.blocked` for each reason for which something is stopped.

    Raises:
        Misconfigured: The configuration cannot be read.
    """
    now = services.clock.now()
    standing, configuration = await services.control.standing(), await services.configurations.current()
    lines = [entry async for entry in services.lines.all()]
    wanted = needs(lines, standing, configuration, now=now)
    scan = await scan_state(services, standing)
    ends = [entry.end_at for entry in lines if entry.end_at is not None and entry.end_at > now]
    kinds = Counter(need.kind for need in wanted)
    log.info(
        "state.measured",
        extra={
            "enrolled": len(lines),
            "open": sum(1 for entry in lines if entry.open),
            "hand_offs": kinds["hand-off"],
            "overdue": sum(1 for need in wanted if _overdue(need, now)),
            "approvals": kinds["approval"] + kinds["delivery-approval"],
            "expired": kinds["expired"],
            "last_days": sum(1 for end in ends if end - now <= LAST_DAYS),
            "next_expiry": _epoch(min(ends, default=None)),
            "complete_scan": _epoch(scan.complete.finished_at if scan.complete else None),
            "breaker": int(standing.breaker.open_reason is not None),
            "paused": int(standing.pause is not None),
        },
    )
    for reason, count in Counter(need.reason for need in wanted if need.reason).items():
        log.info("state.blocked", extra={"reason": reason, "count": count})


def _overdue(need: Need, now: datetime) -> bool:
    return need.kind == "hand-off" and need.by is not None and need.by < now


def _epoch(at: datetime | None) -> int | None:
    """Give seconds since 1970, as Prometheus and Azure Monitor take instants; nothing stays nothing."""
    return int(at.timestamp()) if at else None
