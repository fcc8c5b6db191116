"""Alerts and the workbook ask of telemetry that exists, and each alert fires on what it is for and on nothing else."""

import json
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.monitor.opentelemetry.exporter import AzureMonitorLogExporter, AzureMonitorMetricExporter
from lark.exceptions import LarkError

from docs.make_events import described
from rotation.telemetry import invocation
from rotation.telemetry.metering import GAUGES, MEASURES
from tests.infra import bicep, kusto
from tests.unit.telemetry.sent import Sent

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
QUERIES = {path.stem: path.read_text("utf-8") for path in sorted((bicep.INFRA / "queries").glob("*.kql"))}
WORKBOOK = json.loads((bicep.INFRA / "workbooks" / "rotation.json").read_text("utf-8"))
PANELS = {item["name"]: item["content"]["query"] for item in WORKBOOK["items"] if item["type"] == 3}
SCAN = {"scan": "01JD0000000000000000000001", "passes": "secrets,usage", "dry_run": False, "seconds": 40.0}
SO = {
    **dict.fromkeys(GAUGES["state.measured"], 0),
    "enrolled": 12,
    "next_expiry": 1800000000,
    "complete_scan": 1790000000,
}
CALL = {"service": "graph.microsoft.com", "method": "GET", "seconds": 0.1}

type Said = tuple[str, dict[str, Any]]

GOOD: list[Said] = [
    ("scan.finished", SCAN | {"complete": True}),
    ("state.measured", SO),
    ("connections.read", {"named": 3, "wrong": 0, "ending": 0}),
    ("rotation.moved", {"rotation": "r", "before": "overlapping", "phase": "completed", "seconds": 1.0}),
    ("notice.sent", {"notice": "n", "kind": "rotated", "channel": "teams"}),
    *[("wire.answered", CALL | {"status": 200})] * 39,
    ("wire.answered", CALL | {"status": 429}),
    ("invocation.ended", {"trigger": "queue", "function": "scans", "outcome": "done", "seconds": 1.0}),
]
"""A night as it should be: only one in forty calls was refused."""

BAD: dict[str, list[Said]] = {
    "no-complete-scan": [
        ("scan.finished", SCAN | {"complete": False}),
        ("scan.finished", SCAN | {"complete": True, "dry_run": True}),
        ("scan.finished", SCAN | {"complete": True, "passes": "drift,connection-secrets"}),
    ],
    "incomplete-scan": [("scan.finished", SCAN | {"complete": False})],
    "canary-failed": [("alarm.raised", {"slug": "canary-failed"})],
    "breaker-open": [("state.measured", SO | {"breaker": 1})],
    "blocked": [("rotation.blocked", {"rotation": "r", "reason": "access-denied"})],
    "contested": [("line.blocked", {"line": "l", "reason": "contested"})],
    "poison-queue": [
        ("invocation.ended", {"trigger": "poison", "function": "scans", "outcome": "recorded", "seconds": 1})
    ],
    "bug": [("invocation.ended", {"trigger": "queue", "function": "scans", "outcome": "bug", "seconds": 1})],
    "hand-off-overdue": [("state.measured", SO | {"overdue": 1})],
    "last-days": [("state.measured", SO | {"last_days": 2})],
    "throttled": [*[("wire.answered", CALL | {"status": 200})] * 18, *[("wire.answered", CALL | {"status": 429})] * 2],
    "connections-ending": [("connections.read", {"named": 3, "wrong": 0, "ending": 1})],
    "people-unreached": [("notice.given-up", {"notice": "n", "kind": "blocked"})],
}
"""What each alert is for."""


def rows(sent: Sent, said: list[Said], *, at: datetime = NOW - timedelta(minutes=5)) -> dict[str, list[kusto.Row]]:
    """Say it, and give the rows that Azure Monitor's exporter makes of it."""
    for event, facts in said:
        quiet = described()[event][0] == "debug"
        log = logging.getLogger("rotation.measured" if quiet else "rotation.test")
        log.log(logging.DEBUG if quiet else logging.WARNING, event, extra=facts)
    sent.providers.flush()
    key = "InstrumentationKey=0f8fad5b-d9cb-469f-a165-70867728950e"
    logs = AzureMonitorLogExporter(connection_string=key, disable_offline_storage=True)
    metrics = AzureMonitorMetricExporter(connection_string=key, disable_offline_storage=True)
    usual = {"TimeGenerated": at, "_ResourceId": "/subscriptions/s/appi-rotation", "OperationId": "t"}
    traces = []
    for record in sent.logs.get_finished_logs():
        data = logs._log_to_envelope(record).data.base_data  # type: ignore[union-attr]
        traces.append(usual | {"Message": data.message, "Properties": data.properties})  # type: ignore[union-attr]
    measured = []
    data = sent.metrics.get_metrics_data()
    for metric in data.resource_metrics[0].scope_metrics[0].metrics if data else ():
        for point in metric.data.data_points:
            envelope = metrics._point_to_envelope(point, metric.name)
            assert envelope
            told = envelope.data.base_data  # type: ignore[union-attr]
            value = told.metrics[0]  # type: ignore[union-attr]
            numbers = {"Name": value.name, "Sum": value.value, "ItemCount": value.count or 1}
            measured.append(usual | numbers | {"Max": value.max, "Min": value.min, "Properties": told.properties})  # type: ignore[union-attr]
    logs.shutdown()
    metrics.shutdown()
    return {"AppTraces": traces, "AppMetrics": measured}


def test_each_question_is_one_alert_and_each_alert_one_question() -> None:
    rules = bicep.variable(bicep.module("alerts"), "rules")
    assert sorted(rule["name"] for rule in rules) == sorted(QUERIES) == sorted(BAD)
    for rule in rules:
        asked = rule["query"]["function"]["parameters"]["file_path"]
        assert asked == f"../queries/{rule['name']}.kql"
        assert rule["what"].endswith(".")


def test_each_alert_has_a_heading_in_the_runbook() -> None:
    page = (bicep.ROOT / "docs" / "runbook.md").read_text("utf-8")
    headed = re.findall(r"^### Alert: (\S+)$", page, re.MULTILINE)
    assert sorted(headed) == sorted(QUERIES)


def test_each_alert_is_in_the_table_of_the_deployment() -> None:
    page = (bicep.ROOT / "docs" / "deploy.md").read_text("utf-8")
    assert [name for name in QUERIES if f"`{name}`" not in page] == []


def test_a_busy_storage_is_throttling_and_a_broken_graph_is_not(sent: Sent) -> None:
    busy = CALL | {"service": "st.table.core.windows.net"}
    told = [("wire.answered", call | {"status": status}) for call in (CALL, busy) for status in (*[200] * 18, 503, 503)]
    (found,) = kusto.run(QUERIES["throttled"], rows(sent, told), now=NOW)
    assert (found["service"], found["refused"]) == ("st.table.core.windows.net", 2)


@pytest.mark.parametrize("name", QUERIES)
def test_an_alert_fires_on_what_it_is_for(sent: Sent, name: str) -> None:
    assert kusto.run(QUERIES[name], rows(sent, BAD[name]), now=NOW)


def test_a_good_night_is_silent(sent: Sent) -> None:
    happened = rows(sent, GOOD)
    assert {name: answer for name, text in QUERIES.items() if (answer := kusto.run(text, happened, now=NOW))} == {}


def test_the_dead_man_s_switch_needs_no_row_and_does_not_take_an_old_one(sent: Sent) -> None:
    nothing: dict[str, list[kusto.Row]] = {"AppTraces": [], "AppMetrics": []}
    assert kusto.run(QUERIES["no-complete-scan"], nothing, now=NOW)
    old = rows(sent, GOOD, at=NOW - timedelta(hours=27))
    assert kusto.run(QUERIES["no-complete-scan"], old, now=NOW)


def test_a_crash_is_a_bug(sent: Sent) -> None:
    with pytest.raises(KeyError), invocation("queue", "rotations"):
        raise KeyError("a bug")
    assert kusto.run(QUERIES["bug"], rows(sent, []), now=NOW)


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_of_the_workbook_has_an_answer(sent: Sent, name: str) -> None:
    said = [
        *GOOD,
        *(each for bad in BAD.values() for each in bad),
        ("state.blocked", {"reason": "access-denied", "count": 1}),
    ]
    asked = PANELS[name].replace("{Rotation}", "r")
    assert kusto.run(asked, rows(sent, said), now=NOW)


@pytest.mark.parametrize("text", [*QUERIES.values(), *PANELS.values()])
def test_whatever_is_asked_for_by_name_exists(text: str) -> None:
    events, metrics = (
        described(),
        {f"{measure.name}{timed}" for measure in MEASURES.values() for timed in ("", ".seconds")},
    )
    named = re.findall(r'Message (?:==|in) \(?("[^)|\n]+)', text)
    asked = {event for part in named for event in re.findall(r'"([a-z-]+\.[a-z-]+)"', part)}
    assert asked <= set(events)
    assert set(re.findall(r'Name == "([^"]+)"', text)) <= metrics
    facts = {fact for event in asked for fact in events[event][1]} | {
        label for measure in MEASURES.values() for label in measure.labels if not asked
    }
    if asked or "AppMetrics" in text:
        used = {fact for fact in re.findall(r"Properties\.(\w+)", text) if not fact.startswith("count_")}
        assert used <= facts


@pytest.mark.parametrize("text", ["AppTraces | wher Message", "AppTraces | where (Message", "| where x"])
def test_what_is_no_question_is_refused(text: str) -> None:
    with pytest.raises(LarkError):
        kusto.run(text, {"AppTraces": []}, now=NOW)


def test_the_workbook_looks_into_every_chosen_workspace() -> None:
    for item in WORKBOOK["items"]:
        if item["type"] == 3:
            assert item["content"]["crossComponentResources"] == ["{Workspaces}"]
    assert len(PANELS) == len({item["name"] for item in WORKBOOK["items"] if item["type"] == 3})
