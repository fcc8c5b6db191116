"""
Application Insights, reached by our own identity (docs/deploy.md: it takes no keys).

The exporter finds the identity in `APPLICATIONINSIGHTS_AUTHENTICATION_STRING`, as the host does.
"""

import os
from functools import partial
from typing import Any

from rotation.telemetry.exporting import CleanLogs, CleanSpans, LateMetrics
from rotation.telemetry.providers import Providers

ABOUT_ITSELF = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
)
"""By these the exporter tells its makers nothing of us, and lets nobody change its settings from afar."""


def to_azure_monitor(connection: str) -> Providers:
    """Send to the Application Insights of a connection string; the exporters are loaded by the first batch."""
    for name in ABOUT_ITSELF:
        os.environ.setdefault(name, "true")
    make = partial(_exporter, connection)
    return Providers(
        spans=CleanSpans(partial(make, "AzureMonitorTraceExporter")),
        logs=CleanLogs(partial(make, "AzureMonitorLogExporter")),
        metrics=LateMetrics(partial(make, "AzureMonitorMetricExporter")),
    )


def _exporter(connection: str, kind: str) -> Any:
    from azure.monitor.opentelemetry import exporter  # noqa: PLC0415  # takes a second

    return getattr(exporter, kind)(connection_string=connection, disable_offline_storage=True)
