"""The app with a storage connection string, as some deployments still have it: one scan from timer to snapshot."""

import time
from pathlib import Path

import httpx
import pytest

from sandbox.cloud import Cloud
from sandbox.host.process import HostProcess
from sandbox.storage import Azurite

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[2]
NEVER = "0 0 0 1 1 *"
PATIENCE_SECONDS = 60


def test_a_scan_runs_with_a_connection_string(cloud: Cloud, azurite: Azurite, tmp_path: Path) -> None:
    """No identity for storage: queue trigger, tables and blobs all take the string."""
    configuration = tmp_path / "rotation.yaml"
    configuration.write_text("policies: []\n")
    settings = cloud.environment() | {
        "AzureWebJobsStorage": azurite.connection_string,
        "ROTATION_CONFIG": str(configuration),
        "ROTATION_VERIFY_VAULT_CHALLENGE": "false",
        "SCAN_SCHEDULE": NEVER,
        "WEEKLY_SCHEDULE": NEVER,
        "DIGEST_SCHEDULE": NEVER,
        "RECOVER_SCHEDULE": NEVER,
    }
    with HostProcess(ROOT, settings, folder=tmp_path / "host") as host:
        keyed = {"x-functions-key": host.function_key}
        with httpx.Client(base_url=host.url, headers=keyed, timeout=30) as api:
            begun = api.post("/api/scans", json={})
            assert begun.status_code == 202, begun.text
            assert finished(api, begun.headers["Location"])["complete"] is True


def finished(api: httpx.Client, address: str) -> dict[str, object]:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        report: dict[str, object] = api.get(address).json()
        if report["finished_at"]:
            return report
        time.sleep(0.3)
    raise AssertionError(f"the scan did not finish in {PATIENCE_SECONDS} s")
