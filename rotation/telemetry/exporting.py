"""
Exporters that clean what they pass on, and make the real one when there is something to send.

The real ones take a second to import, which the background thread of a batch pays, and no invocation waits for.
They stand right before the wire, so nothing that any library says can pass beside them.
"""

from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import Counter, Histogram
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, Status

from rotation.telemetry.redaction import clean, clean_all, clean_value


def clean_span(span: ReadableSpan) -> ReadableSpan:
    """Give the same span, clean in every field."""
    return ReadableSpan(
        name=clean(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=clean_all(span.attributes),
        events=[Event(clean(each.name), clean_all(each.attributes), each.timestamp) for each in span.events],
        links=[Link(each.context, clean_all(each.attributes)) for each in span.links],
        kind=span.kind,
        status=Status(span.status.status_code, clean(span.status.description) if span.status.description else None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def clean_log(record: ReadableLogRecord) -> ReadableLogRecord:
    """Give the same log record, clean in every field."""
    told = copy(record.log_record)
    told.body = clean_value(told.body) if told.body is not None else None
    told.attributes = clean_all(told.attributes)
    told.event_name = clean(told.event_name) if told.event_name else None
    return ReadableLogRecord(told, record.resource, record.instrumentation_scope, record.limits)


class CleanSpans(SpanExporter):
    """Pass spans on, clean."""

    def __init__(self, make: Callable[[], SpanExporter]) -> None:
        self._make = make

    @cached_property
    def _inner(self) -> SpanExporter:
        return self._make()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._inner.export([clean_span(each) for each in spans])

    def shutdown(self) -> None:
        if "_inner" in self.__dict__:
            self._inner.shutdown()


class CleanLogs(LogRecordExporter):
    """Pass log records on, clean."""

    def __init__(self, make: Callable[[], LogRecordExporter]) -> None:
        self._make = make

    @cached_property
    def _inner(self) -> LogRecordExporter:
        return self._make()

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        return self._inner.export([clean_log(each) for each in batch])

    def force_flush(self, timeout_millis: int = 10_000) -> bool:
        return "_inner" not in self.__dict__ or self._inner.force_flush(timeout_millis)

    def shutdown(self) -> None:
        if "_inner" in self.__dict__:
            self._inner.shutdown()  # type: ignore[no-untyped-call]  # as the SDK wrote it


class LateMetrics(MetricExporter):
    """Pass metrics on; what they are labelled with is cleaned when it is counted (`metering`), and is ours alone."""

    def __init__(self, make: Callable[[], MetricExporter]) -> None:
        # What Azure Monitor wants, said here because the reader asks before the real exporter is there.
        super().__init__(dict.fromkeys((Counter, Histogram), AggregationTemporality.DELTA))
        self._make = make

    @cached_property
    def _inner(self) -> MetricExporter:
        return self._make()

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **rest: object) -> MetricExportResult:
        return self._inner.export(metrics_data, timeout_millis, **rest)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return "_inner" not in self.__dict__ or self._inner.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000, **rest: object) -> None:
        if "_inner" in self.__dict__:
            self._inner.shutdown(timeout_millis, **rest)
