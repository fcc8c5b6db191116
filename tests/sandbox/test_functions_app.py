"""Our own app on Microsoft's worker library, against the sandbox's cloud and Azurite: a night, end to end."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient, TextBase64EncodePolicy

from rotation.ledger import keys
from sandbox.cloud import Cloud
from sandbox.host.process import HostProcess
from sandbox.storage import Azurite

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[2]
NEVER = "0 0 0 1 1 *"
EVERY_SECOND = "* * * * * *"
PATIENCE = timedelta(seconds=60)
CONFIGURATION = """
defaults:
  lead_time: 60d
policies:
  - name: ours
    select: {{names: ["Payroll*"]}}
    mode: rotate
    destinations: [copy]
    proof_over: 2s
destinations:
  copy: {{kind: key-vault, vault: "{vault}", secret: payroll-copy}}
"""


@pytest.fixture(scope="module")
def settings(cloud: Cloud, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What an operator sets: addresses and an identity, no secret."""
    configuration = tmp_path_factory.mktemp("configuration") / "rotation.yaml"
    configuration.write_text(CONFIGURATION.format(vault=cloud.urls["vault2"]))
    return cloud.environment() | {
        "AzureWebJobsStorage__blobServiceUri": azurite.blob_url,
        "AzureWebJobsStorage__queueServiceUri": azurite.queue_url,
        "AzureWebJobsStorage__tableServiceUri": azurite.table_url,
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": cloud.app[0],
        "ROTATION_CONFIG": str(configuration),
        "ROTATION_VERIFY_VAULT_CHALLENGE": "false",
        "ROTATION_LOOK_SPACING_SECONDS": "1",
        "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
        "SCAN_SCHEDULE": NEVER,
        "WEEKLY_SCHEDULE": NEVER,
        "DIGEST_SCHEDULE": NEVER,
        "RECOVER_SCHEDULE": EVERY_SECOND,
    }


@pytest.fixture(scope="module")
def host(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    with HostProcess(ROOT, settings, folder=tmp_path_factory.mktemp("host")) as running:
        yield running


@pytest.fixture
def api(host: HostProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=host.url, headers={"x-functions-key": host.function_key}, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def payroll(cloud: Cloud) -> str:
    """An application with one secret that ends soon."""
    entry = cloud.entra.add_application(
        {"displayName": "Payroll export"}, owners=[cloud.entra.principal_of(cloud.app[0]).id]
    )
    end = datetime.now(UTC) + timedelta(days=20)
    cloud.entra.add_secret(entry.current["appId"], display_name="by hand", end=end)
    return str(entry.current["id"])


def rotation(settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Type a command, as a person does whose identity is the app's own here."""
    command = [sys.executable, "-m", "rotation", *arguments, "--as", "ada@contoso.example", "--json"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False)


def wait(look: Callable[[], Any], what: str, *, within: timedelta = PATIENCE) -> Any:
    """Look until there is something."""
    until = time.monotonic() + within.total_seconds()
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.3)
    raise AssertionError(f"not in {within.seconds} s: {what}")


def test_the_worker_indexes_every_function(host: HostProcess) -> None:
    listed = httpx.get(f"{host.url}/admin/functions", headers={"x-functions-key": host.master_key}).json()
    assert {each["name"] for each in listed} >= {
        "nightly_scan",
        "weekly_passes",
        "recover",
        "daily_digest",
        *("scan", "rotation", "delivery", "notice"),
        *("scan_given_up", "rotation_given_up", "delivery_given_up", "notice_given_up"),
        *("keyed", "open_door"),
    }


def test_without_a_key_nothing_is_answered(host: HostProcess) -> None:
    assert httpx.get(f"{host.url}/api/lines").status_code == 401


def test_a_problem_travels_as_one(api: httpx.Client) -> None:
    answer = api.post("/api/scans", content=b"[]")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["instance"] == "/api/scans"


def test_a_scan_is_run_from_its_queue_and_health_is_well_afterwards(api: httpx.Client, payroll: str) -> None:
    assert api.get("/api/health").status_code == 503
    asked = api.post("/api/scans", json={})
    assert asked.status_code == 202
    report = wait(lambda: _finished(api, asked.headers["location"]), "the scan finishes")
    assert report["complete"] is True, report
    assert report["counts"]["applications"] >= 1
    health = api.get("/api/health")
    assert health.status_code == 200, health.text


def _finished(api: httpx.Client, address: str) -> Any:
    report = api.get(address).json()
    return report if report["finished_at"] else None


def test_a_line_is_previewed_over_http_enrolled_at_a_terminal_and_rotated(
    api: httpx.Client, cloud: Cloud, settings: dict[str, str], payroll: str
) -> None:
    preview = api.post("/api/lines", json={"application": "Payroll export", "preview": True, "unrehearsed": True})
    assert preview.json()["refusals"] == []
    assert api.post("/api/rotations", json={"application": payroll}).status_code == 409
    enrolled = rotation(settings, "enrol", payroll, "--unrehearsed")
    assert enrolled.returncode == 0, enrolled.stdout + enrolled.stderr
    asked = wait(lambda: _asked(api, payroll), "the lease of the terminal's own step ends")
    assert asked.status_code == 202, asked.text
    report = wait(lambda: _overlapping(api, asked.headers["location"]), "the rotation is delivered")
    assert [(each["destination"], each["level"]) for each in report["deliveries"]] == [("copy", "stored")]
    shown = rotation_shown(settings, asked.json()["rotation"])
    assert shown["phase"] == "overlapping"
    assert shown["asked_by"] == "function key"


def _asked(api: httpx.Client, application: str) -> httpx.Response | None:
    """Ask again where the answer says so: 503 with Retry-After."""
    answer = api.post("/api/rotations", json={"application": application})
    return None if answer.status_code == 503 and "retry-after" in answer.headers else answer


def rotation_shown(settings: dict[str, str], rotation_id: str) -> Any:
    command = [sys.executable, "-m", "rotation", "show", rotation_id, "--json"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def _overlapping(api: httpx.Client, address: str) -> Any:
    report = api.get(address).json()
    assert report["phase"] != "blocked", report["says"]
    return report if report["phase"] == "overlapping" else None


def test_a_message_that_cannot_be_read_is_poisoned_with_its_reason_kept(host: HostProcess, azurite: Azurite) -> None:
    client = QueueServiceClient.from_connection_string(azurite.connection_string)
    queue = client.get_queue_client(keys.QUEUE_ROTATIONS, message_encode_policy=TextBase64EncodePolicy())
    queue.send_message('{"v":0,"rotation":"x"}')
    tables = TableServiceClient.from_connection_string(azurite.connection_string)
    kept = wait(lambda: _told(tables), "the reason is kept")
    assert "version 0 is not 1" in str(kept)


def _told(tables: TableServiceClient) -> Any:
    rows = tables.get_table_client(keys.CONTROL).query_entities("what eq 'message.given-up'")
    return next(iter(rows), None)


def send(azurite: Azurite, queue: str, text: str) -> None:
    client = QueueServiceClient.from_connection_string(azurite.connection_string)
    there = client.get_queue_client(queue, message_encode_policy=TextBase64EncodePolicy())
    with suppress(ResourceExistsError):
        there.create_queue()
    there.send_message(text)


def test_a_rotation_whose_message_is_poisoned_is_stopped_and_replayed(
    api: httpx.Client, settings: dict[str, str], azurite: Azurite, payroll: str
) -> None:
    (line,) = [each for each in api.get("/api/lines").json()["lines"] if each["application"] == payroll]
    address = f"/api/rotations/{line['rotation']}"
    send(azurite, keys.poison_of(keys.QUEUE_ROTATIONS), json.dumps({"v": 1, "rotation": line["rotation"]}))
    stopped = wait(lambda: _in_phase(api, address, "blocked"), "the poison function records it")
    assert "gave-up" in stopped["says"]
    replayed = wait(lambda: _replayed(settings), "the lease of the poison function ends")
    assert replayed["rotations"] == [line["rotation"]]
    assert wait(lambda: _in_phase(api, address, "overlapping"), "it goes on")["open"]


def _in_phase(api: httpx.Client, address: str, phase: str) -> Any:
    report = api.get(address).json()
    return report if report["phase"] == phase else None


def _replayed(settings: dict[str, str]) -> Any:
    done = rotation(settings, "replay")
    return json.loads(done.stdout) if done.returncode == 0 else None


def test_what_cannot_be_recorded_is_an_alarm_and_ends_in_no_queue_that_nobody_reads(
    host: HostProcess, azurite: Azurite
) -> None:
    """A row that nobody can read crashes the step as often as it may, and the poison function meets it too."""
    tables = TableServiceClient.from_connection_string(azurite.connection_string)
    object_id, ulid = "abababab-0000-4000-8000-000000000001", "01KJP4C5800000000000000004"
    row = {"PartitionKey": object_id, "RowKey": keys.rotation(ulid), "state": "{}"}
    tables.get_table_client(keys.ROTATIONS).create_entity(row)
    send(azurite, keys.QUEUE_ROTATIONS, json.dumps({"v": 1, "rotation": f"{object_id}.{ulid}"}))
    wait(lambda: _alarms(tables, "poison-not-recorded"), "people are told", within=timedelta(seconds=150))
    queues = QueueServiceClient.from_connection_string(azurite.connection_string).list_queues()
    assert not [queue.name for queue in queues if queue.name.endswith("-poison-poison")]


def _alarms(tables: TableServiceClient, slug: str) -> list[Any]:
    return list(tables.get_table_client(keys.CONTROL).query_entities(f"what eq 'alarm' and slug eq '{slug}'"))


def test_the_nightly_timer_asks_for_a_scan(host: HostProcess, azurite: Azurite) -> None:
    tables = TableServiceClient.from_connection_string(azurite.connection_string)
    answer = httpx.post(
        f"{host.url}/admin/functions/nightly_scan", headers={"x-functions-key": host.master_key}, json={"input": ""}
    )
    assert answer.status_code == 202
    asked = wait(
        lambda: [row for row in tables.get_table_client(keys.SCANS).list_entities() if '"timer"' in str(row)], ""
    )
    assert len(asked) == 1


def test_nothing_else_failed_and_no_secret_text_is_in_any_log(host: HostProcess, cloud: Cloud) -> None:
    failed = [line["function"] for line in host.logs() if line.get("outcome") == "failed"]
    assert set(failed) <= {"rotation"}, "only the message that cannot be read"
    logs = json.dumps(host.logs())
    assert not [text for text in cloud.entra.canaries() if text in logs]
