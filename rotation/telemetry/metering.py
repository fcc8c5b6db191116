"""Metrics, made from the events that the code says anyway: each is counted, and timed where it tells seconds."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from opentelemetry.metrics import Counter, Histogram, Meter

from rotation.telemetry.redaction import clean_value

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400, 604800, 2592000)
"""Seconds: a request takes milliseconds, an overlap weeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """
    What is measured of one event.

    `<name>` counts it, by *labels*; `<name>.seconds` is a histogram of the seconds it tells, where *timed*.
    """

    name: str
    labels: tuple[str, ...]
    timed: bool = False


MEASURES: Mapping[str, Measure] = {
    "invocation.ended": Measure(name="rotation.invocations", labels=("trigger", "function", "outcome"), timed=True),
    "wire.answered": Measure(name="rotation.calls", labels=("service", "method", "status"), timed=True),
    "rotation.moved": Measure(name="rotation.moves", labels=("before", "phase"), timed=True),
    "delivery.moved": Measure(name="rotation.delivery.moves", labels=("before", "phase"), timed=True),
    "rotation.blocked": Measure(name="rotation.blocks", labels=("reason",)),
    "scan.finished": Measure(name="rotation.scans", labels=("passes", "complete"), timed=True),
    "alarm.raised": Measure(name="rotation.alarms", labels=("slug",)),
    "notice.sent": Measure(name="rotation.notices", labels=("kind", "channel")),
}
"""By event; docs/telemetry.md describes each. Labels have few values: no id is among them."""


GAUGES: Mapping[str, tuple[str, ...]] = {
    "state.measured": (
        "enrolled",
        "open",
        "hand_offs",
        "overdue",
        "approvals",
        "expired",
        "last_days",
        "next_expiry",
        "complete_scan",
        "breaker",
        "paused",
    ),
}
"""By event, the facts that are gauges: `rotation.state.<fact>`; an instant is seconds since 1970."""


class Call(Protocol):
    """Hears of each call to another service."""

    def __call__(self, service: str, method: str, *, status: int, seconds: float) -> None: ...


class Metering(logging.Handler):
    """Counts the events of `MEASURES`."""

    def __init__(self, meter: Meter, call: Call) -> None:
        super().__init__()
        self._call = call
        self._counters: dict[str, Counter] = {}
        self._timers: dict[str, Histogram] = {}
        self._gauges = {
            fact: meter.create_gauge(f"rotation.state.{fact}") for facts in GAUGES.values() for fact in facts
        }
        self._blocked = meter.create_gauge("rotation.state.blocked")
        for event, measure in MEASURES.items():
            self._counters[event] = meter.create_counter(measure.name)
            if measure.timed:
                self._timers[event] = meter.create_histogram(
                    f"{measure.name}.seconds", unit="s", explicit_bucket_boundaries_advisory=BUCKETS
                )

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._count(record)
        except Exception:  # noqa: BLE001  # the way of all of logging's own handlers
            self.handleError(record)

    def _count(self, record: logging.LogRecord) -> None:
        event, facts = record.msg, vars(record)
        for fact in GAUGES.get(event, ()):
            if facts.get(fact) is not None:
                self._gauges[fact].set(facts[fact])
        if event == "state.blocked":
            self._blocked.set(facts["count"], {"reason": clean_value(facts["reason"])})
        if (measure := MEASURES.get(event)) is not None:
            self._tell(event, measure, facts)

    def _tell(self, event: str, measure: Measure, facts: Mapping[str, Any]) -> None:
        labels = {name: clean_value(facts[name]) for name in measure.labels if facts.get(name) is not None}
        self._counters[event].add(1, labels)
        if measure.timed and isinstance(seconds := facts.get("seconds"), float | int):
            self._timers[event].record(seconds, labels)
        if event == "wire.answered":
            self._call(facts["service"], facts["method"], status=facts["status"], seconds=facts["seconds"])
