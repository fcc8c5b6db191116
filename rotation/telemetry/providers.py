"""The OpenTelemetry SDK, wired for us alone: no library's spans and no library's chatter pass through it."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode
from ulid import ULID

from rotation import __version__
from rotation.telemetry.invocations import measured
from rotation.telemetry.metering import Metering

OURS = "rotation"
THEIR_OWN = ("azure.monitor", "opentelemetry", "azure.core", "azure.identity")
"""Loggers of what sends: what they say about sending must not be sent."""
HTTPS = 443
MOST, MOST_WITH_FAILED = 200, 400
"""Spans of calls in one invocation: a step makes a dozen, the first scan of a large tenant thousands."""
FAILED, BROKEN = (0, 429), "5"
"""
Statuses of a call that failed, and is worth a span after that too: no answer, refused for their number, broken.
A 404, 409 or 412 is an answer: a row that is not there, or that somebody else wrote first.
"""


class Providers:
    """
    Traces, metrics and logs of this process, from now until `close`.

    Nothing is set globally: SDKs that make spans by themselves (kiota, azure-core) put whole addresses into them.
    """

    def __init__(self, *, spans: SpanExporter, logs: LogRecordExporter, metrics: MetricExporter | MetricReader) -> None:
        resource = Resource({SERVICE_NAME: OURS, SERVICE_VERSION: __version__})
        reader = metrics if isinstance(metrics, MetricReader) else PeriodicExportingMetricReader(metrics)
        self._tracers = TracerProvider(sampler=ALWAYS_ON, resource=resource)
        self._tracers.add_span_processor(BatchSpanProcessor(spans))
        self._meters = MeterProvider(metric_readers=[reader], resource=resource)
        self._logs = LoggerProvider(resource=resource)
        self._logs.add_log_record_processor(BatchLogRecordProcessor(logs))
        self._tracer = self._tracers.get_tracer(OURS)
        self._telling = _Telling(level=logging.INFO, logger_provider=self._logs)
        self._telling.addFilter(_worth_telling)
        self._metering = Metering(self._meters.get_meter(OURS), self._call)
        self._listen()

    @contextmanager
    def span(self, name: str, ids: Mapping[str, str]) -> Iterator[Span]:
        """Begin a span that is current until its end; it is linked to the others of its rotation."""
        links = [Link(_trace_of(ids["rotation"]))] if "rotation" in ids else []
        with self._tracer.start_as_current_span(
            name, kind=SpanKind.INTERNAL, attributes=dict(ids), links=links, record_exception=True
        ) as span:
            calls = _Calls()
            token = _calls.set(calls)
            try:
                yield span
            finally:
                _calls.reset(token)
                span.set_attribute("calls", calls.made)

    def _call(self, service: str, method: str, *, status: int, seconds: float) -> None:
        """Make the span of a call that has just ended: whom we asked and what came back, and no address."""
        calls, failed = _calls.get(), status in FAILED or str(status).startswith(BROKEN)
        if calls is None or not calls.one_more(failed=failed):
            return
        ended = time.time_ns()
        host, _, port = service.partition(":")
        attributes: dict[str, str | int] = {
            "url.scheme": "https",
            "server.address": host,
            "server.port": int(port) if port.isdecimal() else HTTPS,
            "http.request.method": method,
            "http.response.status_code": status,
        }
        span = self._tracer.start_span(
            f"{method} {service}",
            kind=SpanKind.CLIENT,
            attributes=attributes,
            start_time=ended - int(seconds * 1e9),
        )
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end(ended)

    def flush(self) -> None:
        """Send what waits."""
        for provider in (self._tracers, self._logs, self._meters):
            provider.force_flush()

    def close(self) -> None:
        """Send what waits, and stop listening."""
        logging.getLogger().removeHandler(self._telling)
        logging.getLogger(OURS).removeHandler(self._metering)
        measured.removeHandler(self._metering)
        for provider in (self._tracers, self._logs, self._meters):
            provider.shutdown()

    def _listen(self) -> None:
        logging.getLogger().addHandler(self._telling)
        logging.getLogger(OURS).addHandler(self._metering)
        logging.getLogger(OURS).setLevel(logging.INFO)
        measured.setLevel(logging.DEBUG)
        measured.propagate = False
        measured.addHandler(self._metering)


@dataclass(slots=True)
class _Calls:
    """The calls of one invocation; tasks that it begins share them."""

    made: int = 0
    told: int = 0

    def one_more(self, *, failed: bool) -> bool:
        """Count a call, and tell whether it gets a span."""
        self.made += 1
        if self.told >= (MOST_WITH_FAILED if failed else MOST):
            return False
        self.told += 1
        return True


_calls: ContextVar[_Calls | None] = ContextVar("_calls", default=None)


class _Telling(LoggingHandler):
    """Never lets a log line that cannot be told stop what the line is about."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except Exception:  # noqa: BLE001  # the way of all of logging's own handlers
            self.handleError(record)


def _worth_telling(record: logging.LogRecord) -> bool:
    """Let our own events pass, and of everybody else only what went wrong."""
    ours = record.name == OURS or record.name.startswith(f"{OURS}.")
    return ours or (record.levelno >= logging.WARNING and not record.name.startswith(THEIR_OWN))


def _trace_of(rotation: str) -> SpanContext:
    """Give the point that all steps of a rotation are linked to: a ULID is as long as a trace id."""
    ulid = int(ULID.from_str(rotation[-26:]))
    return SpanContext(trace_id=ulid, span_id=ulid & (2**64 - 1), is_remote=True)
