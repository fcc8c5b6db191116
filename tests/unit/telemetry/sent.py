"""Everything that leaves, kept in memory behind the cleaning."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from rotation.telemetry import pipeline, stop
from rotation.telemetry.exporting import CleanLogs, CleanSpans
from rotation.telemetry.providers import Providers


@dataclass
class Sent:
    """What arrived behind the cleaning."""

    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    logs: InMemoryLogRecordExporter = field(default_factory=InMemoryLogRecordExporter)
    metrics: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)

    @cached_property
    def providers(self) -> Providers:
        return Providers(spans=CleanSpans(lambda: self.spans), logs=CleanLogs(lambda: self.logs), metrics=self.metrics)

    def everything(self) -> str:
        self.providers.flush()
        spans = [json.loads(each.to_json()) for each in self.spans.get_finished_spans()]
        logs = [json.loads(each.to_json()) for each in self.logs.get_finished_logs()]
        measured = self.metrics.get_metrics_data()
        return json.dumps([spans, logs, json.loads(measured.to_json()) if measured else None])

    def points(self, name: str) -> list[Any]:
        data = self.metrics.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@contextmanager
def listening() -> Iterator[Sent]:
    """Let telemetry of this process arrive here."""
    sent = Sent()
    pipeline.use(sent.providers)
    try:
        yield sent
    finally:
        stop()
