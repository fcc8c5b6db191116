"""The questions of docs/telemetry.md find a rotation's steps and their calls among what Azure Monitor is sent."""

import logging
import re
from datetime import UTC, datetime

from azure.monitor.opentelemetry.exporter import AzureMonitorTraceExporter

from rotation.telemetry import invocation
from tests.infra import bicep, kusto
from tests.unit.telemetry.sent import Sent

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PAGE = (bicep.ROOT / "docs" / "telemetry.md").read_text("utf-8")
STEPS, CALLS = re.findall(r"^```kusto\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
ROTATION = "0f8fad5b-d9cb-469f-a165-70867728950e.01JD0000000000000000000001"


def _rows(sent: Sent) -> dict[str, list[kusto.Row]]:
    sent.providers.flush()
    key = "InstrumentationKey=0f8fad5b-d9cb-469f-a165-70867728950e"
    exporter = AzureMonitorTraceExporter(connection_string=key, disable_offline_storage=True)
    rows = []
    for span in sent.spans.get_finished_spans():
        envelope = exporter._span_to_envelope(span)
        told = envelope.data.base_data  # type: ignore[union-attr]
        rows.append(
            {
                "TimeGenerated": NOW,
                "OperationId": (envelope.tags or {})["ai.operation.id"],
                "Name": told.name,  # type: ignore[union-attr]
                "Target": told.target,  # type: ignore[union-attr]
                "Success": told.success,  # type: ignore[union-attr]
                "ResultCode": told.result_code,  # type: ignore[union-attr]
                "DurationMs": told.duration,  # type: ignore[union-attr]
                "Properties": told.properties,  # type: ignore[union-attr]
            }
        )
    exporter.shutdown()
    return {"AppDependencies": rows}


def test_a_rotation_s_steps_and_a_step_s_calls_are_found(sent: Sent) -> None:
    for rotation, statuses in ((ROTATION, [200, 404, 503]), (ROTATION, []), (ROTATION[:-1] + "2", [200])):
        with invocation("queue", "rotations", {"rotation": rotation}):
            for status in statuses:
                facts = {"service": "st.table.core.windows.net", "method": "GET", "status": status, "seconds": 0.1}
                logging.getLogger("rotation.measured").debug("wire.answered", extra=facts)
    rows = _rows(sent)
    steps = kusto.run(STEPS.replace("<the rotation's id>", ROTATION), rows, now=NOW)
    assert [(step["Name"], step["outcome"], step["calls"]) for step in steps] == [
        ("queue rotations", "done", 3),
        ("queue rotations", "done", 0),
    ]
    calls = kusto.run(CALLS.replace("<the step's OperationId>", steps[0]["OperationId"]), rows, now=NOW)
    assert [
        (call["ResultCode"], call["Success"]) for call in calls if call["Target"] == "st.table.core.windows.net"
    ] == [
        ("200", True),
        ("404", True),
        ("503", False),
    ]
