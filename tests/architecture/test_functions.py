"""The functions that Azure indexes: their names, queues, schedules and routes, and host.json beside them."""

import ast
import json
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from rotation import settings
from rotation.ledger import keys
from rotation.triggers.http import routes
from rotation.triggers.queues import queues
from rotation.triggers.timers import timers

ROOT = Path(__file__).parent.parent.parent
DEPLOYED = {"function_app.py", "host.json", "requirements.txt", "rotation", "rotation.yaml", "rotation.schema.json"}


@pytest.fixture(scope="module")
def bindings() -> dict[str, dict[str, Any]]:
    """The trigger of each function; a fresh app, because one can be indexed only once (platform.md D1)."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
    for blueprint in (timers, queues, routes):
        app.register_functions(blueprint)
    return {str(each.get_function_name()): json.loads(each.get_raw_bindings()[0]) for each in app.get_functions()}


@pytest.fixture(scope="module")
def host() -> Any:
    return json.loads((ROOT / "host.json").read_text())


def of_type(bindings: dict[str, dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {name: trigger for name, trigger in bindings.items() if trigger["type"] == kind}


def test_each_queue_and_its_poison_queue_has_one_function(bindings: dict[str, dict[str, Any]]) -> None:
    listened = [trigger["queueName"] for trigger in of_type(bindings, "queueTrigger").values()]
    assert sorted(listened) == sorted([*keys.QUEUES, *(f"{queue}-poison" for queue in keys.QUEUES)])


def test_every_queue_is_in_the_host_s_own_storage(bindings: dict[str, dict[str, Any]]) -> None:
    assert {trigger["connection"] for trigger in of_type(bindings, "queueTrigger").values()} == {settings.STORAGE}


def test_each_timer_takes_its_schedule_from_a_setting_that_is_checked(bindings: dict[str, dict[str, Any]]) -> None:
    asked = {name: trigger["schedule"].strip("%") for name, trigger in of_type(bindings, "timerTrigger").items()}
    assert asked == {
        "nightly_scan": "SCAN_SCHEDULE",
        "weekly_passes": "WEEKLY_SCHEDULE",
        "recover": "RECOVER_SCHEDULE",
        "daily_digest": "DIGEST_SCHEDULE",
    }
    checked = {str(settings.Settings.model_fields[field].validation_alias) for field in settings.SCHEDULES}
    assert set(asked.values()) == checked


def test_no_timer_runs_at_start_or_unmonitored(bindings: dict[str, dict[str, Any]]) -> None:
    for trigger in of_type(bindings, "timerTrigger").values():
        assert not trigger.get("runOnStartup")
        assert trigger.get("useMonitor", True)


def test_the_host_meets_the_door_that_asks_for_a_key_first(bindings: dict[str, dict[str, Any]]) -> None:
    """It takes the first whose route fits, by the order of their names (docs/platform-facts.md D2-9)."""
    http = of_type(bindings, "httpTrigger")
    doors = [(http[name]["route"], http[name]["authLevel"]) for name in sorted(http, key=str.casefold)]
    assert doors == [
        ("api/calendar.ics", "ANONYMOUS"),
        ("api/{*path}", "FUNCTION"),
        ("{*path}", "ANONYMOUS"),
    ]


def test_the_doors_take_every_method_so_that_we_refuse_it_ourselves(bindings: dict[str, dict[str, Any]]) -> None:
    for name, trigger in of_type(bindings, "httpTrigger").items():
        if name == "calendar":
            assert set(trigger["methods"]) == {"GET", "HEAD"}
            continue
        assert {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} == set(trigger["methods"])


def test_host_json_reads_messages_as_they_are_sent_and_counts_crashes(host: Any) -> None:
    limits = host["extensions"]["queues"]
    assert limits["messageEncoding"] == "base64"
    assert limits["maxDequeueCount"] == 5
    assert 1 <= limits["batchSize"] <= 32


def test_host_json_is_of_the_form_that_azure_takes(host: Any) -> None:
    assert host["version"] == "2.0"
    assert host["extensionBundle"]["version"] == "[4.*, 5.0.0)"
    assert host["functionTimeout"] == "00:10:00"
    assert host["extensions"]["http"]["routePrefix"] == ""


def test_host_json_tells_in_the_form_that_we_do_and_sets_nothing_that_has_no_effect_then(host: Any) -> None:
    """With OpenTelemetry the host ignores `logging.applicationInsights`; sampling there would only look as if it held."""
    assert host["telemetryMode"] == "OpenTelemetry"
    assert "applicationInsights" not in host["logging"]


def test_function_app_only_builds_and_registers() -> None:
    tree = ast.parse((ROOT / "function_app.py").read_text())
    kinds = {type(node) for node in tree.body[1:]}
    assert kinds <= {ast.Import, ast.ImportFrom, ast.Assign, ast.Expr}
    assert [node.targets[0].id for node in tree.body if isinstance(node, ast.Assign)] == ["app"]  # type: ignore[attr-defined]


def test_nothing_but_the_app_is_deployed() -> None:
    ignored = {line.strip("/") for line in (ROOT / ".funcignore").read_text().splitlines() if not line.startswith("#")}
    assert {"sandbox", "tests", "docs", "infra", ".venv", "local.settings.json"} <= ignored
    assert not ignored & DEPLOYED


def test_the_example_of_local_settings_is_read_without_a_problem() -> None:
    example = json.loads((ROOT / "local.settings.json.example").read_text())
    assert settings.read(example["Values"]).scan_schedule == "0 0 2 * * *"
