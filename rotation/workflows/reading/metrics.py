"""
What is so now, in figures: gauges for Prometheus, and for whoever else takes them.

Few values a label and no names, so that figures stay few and say nothing of anybody: ids, policies, slugs. Instants are
seconds since 1970, as Prometheus compares them with `time()`; an alert then fires although nothing is asked any more.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rotation import __version__
from rotation.domain.credential import NEVER
from rotation.ledger.lines import IndexedLine
from rotation.workflows.reading.lists import reasons_of
from rotation.workflows.reading.overview import Looked, Overview, look, overview_of
from rotation.workflows.reading.states import STATES
from rotation.workflows.reading.timeline import unmanaged
from rotation.workflows.services import Services

LINES_TOLD = 1000
"""Lines with a series of their own: those whose current secret ends first."""
KINDS = (
    "brake",
    "expired",
    "line",
    "rotation",
    "delivery",
    "hand-off",
    "approval",
    "delivery-approval",
    "still-in-use",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One figure with all its series."""

    name: str
    says: str
    series: tuple[tuple[Mapping[str, str], float], ...] = field(default=())
    """Labels, and the value."""


async def metrics(services: Services) -> tuple[Gauge, ...]:
    """
    Give every figure, from one look: four table queries.

    Raises:
        Misconfigured: The configuration cannot be read.
    """
    seen = await look(services)
    return gauges(seen, overview_of(seen, tenant=services.tenant_id))


def gauges(seen: Looked, told: Overview) -> tuple[Gauge, ...]:
    """Say one look in figures; a figure without series has nothing to tell."""
    found = (_deployment(told), *_lines(seen, told), *_needs(seen, told), *_scans(told), *_brakes(told))
    return tuple(gauge for gauge in found if gauge.series)


def _deployment(told: Overview) -> Gauge:
    says = "Always 1: whose figures these are, for who reads several tenants together, and which version tells them."
    return Gauge(
        name="rotation_deployment", says=says, series=(({"tenant": told.tenant, "version": __version__}, 1.0),)
    )


def _lines(seen: Looked, told: Overview) -> Iterator[Gauge]:
    ending = sorted(_ending(seen.lines), key=lambda each: each[0])
    lines = [
        ({"application": entry.id.application, "line": entry.id.name, "policy": entry.policy}, end.timestamp())
        for end, entry in ending[:LINES_TOLD]
    ]
    yield Gauge(name="rotation_line_end_timestamp_seconds", says="When a line's current secret ends.", series=(*lines,))
    left = max(len(ending) - LINES_TOLD, 0)
    yield _one("rotation_lines_untold", "Lines without a series of their own: those that end last.", left)
    states = {state: told.states.get(state, 0) for state in STATES}
    yield _by("rotation_lines", "Enrolled lines, by the word that tells their state.", label="state", values=states)
    ours = [end for end, _entry in ending if end > seen.at]
    others = [day for day, found in seen.standing.ends.items() if unmanaged(found) and day >= f"{seen.at:%Y-%m-%d}"]
    nearest = {
        "ours": min(ours, default=None),
        "unmanaged": datetime.fromisoformat(min(others)).replace(tzinfo=UTC) if others else None,
    }
    says = "When the next secret ends, of enrolled lines and of those that nobody rotates (to the day)."
    yield _instants("rotation_next_end_timestamp_seconds", says, label="whose", values=nearest)
    counts = told.counts
    soon = {"ours": counts.ours_soon, "unmanaged": counts.unmanaged_soon, "certificates": counts.certificates_soon}
    yield _by("rotation_ends_within_30_days", "Credentials that end within thirty days.", label="whose", values=soon)


def _ending(lines: Iterable[IndexedLine]) -> Iterator[tuple[datetime, IndexedLine]]:
    for entry in lines:
        if entry.end_at is not None and entry.end_at < NEVER:
            yield entry.end_at, entry


def _needs(seen: Looked, told: Overview) -> Iterator[Gauge]:
    kinds = Counter(need.kind for need in told.needs)
    by_kind = {kind: kinds[kind] for kind in KINDS}
    yield _by("rotation_needs", "Things that need somebody, by kind.", label="kind", values=by_kind)
    stopped = Counter(reason for entry in seen.lines for reason in reasons_of(entry))
    yield _by(
        "rotation_blocked", "Lines of which something stopped, by the runbook's slug.", label="reason", values=stopped
    )
    waiting = [need for need in told.needs if need.kind == "hand-off"]
    overdue = sum(1 for need in waiting if need.by is not None and need.by < told.at)
    yield _one("rotation_hand_offs_overdue", "Open hand-offs past their deadline.", overdue)
    yield _one("rotation_notices_given_up", "Notices that reached nobody and are not tried again.", told.given_up)


def _scans(told: Overview) -> Iterator[Gauge]:
    says = "When each pass was last complete."
    yield _instants("rotation_pass_complete_timestamp_seconds", says, label="pass", values=told.scan.passes)
    fresh = told.scan.problem == ""
    yield _one("rotation_picture_fresh", "1 while the last nightly scan is complete and none was missed.", fresh)
    counts = told.scan.complete.counts if told.scan.complete else {}
    if "applications" in counts:
        yield _one("rotation_applications", "All applications that the last complete scan met.", counts["applications"])
    if "credentials" in counts:
        yield _one("rotation_credentials", "All credentials that the last complete scan met.", counts["credentials"])


def _brakes(told: Overview) -> Iterator[Gauge]:
    brakes, night = told.brakes, told.brakes.night
    yield _one("rotation_paused", "1 while everything is paused.", brakes.pause is not None)
    yield _one("rotation_breaker_open", "1 while the circuit breaker is open.", brakes.breaker.open_reason is not None)
    if brakes.canary is not None and night is not None:
        yield _one("rotation_canary_failed", "1 when the last night's canary stopped it.", night.state == "stopped")
    if night is not None:
        parts = {"due": night.due, "opened": night.opened, "left": night.left}
        yield _by(
            "rotation_night",
            "Lines of the last night: found due, opened, left for another.",
            label="part",
            values=parts,
        )


def _one(name: str, says: str, value: float) -> Gauge:
    return Gauge(name=name, says=says, series=(({}, float(value)),))


def _by(name: str, says: str, *, label: str, values: Mapping[str, int]) -> Gauge:
    series = tuple(({label: of}, float(value)) for of, value in sorted(values.items()))
    return Gauge(name=name, says=says, series=series)


def _instants(name: str, says: str, *, label: str, values: Mapping[str, datetime | None]) -> Gauge:
    known = [(of, at) for of, at in sorted(values.items()) if at is not None]
    return Gauge(name=name, says=says, series=tuple(({label: of}, at.timestamp()) for of, at in known))
