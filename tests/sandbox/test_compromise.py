"""A declared compromise over the wire: the app on Microsoft's worker, a person at a terminal, the sandbox's truth."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.cloud import Cloud
from sandbox.entra.truth import Minted
from sandbox.host.process import HostProcess
from sandbox.storage import Azurite

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[2]
NEVER = "0 0 0 1 1 *"
PATIENCE = timedelta(seconds=90)
CONFIGURATION = """
policies:
  - name: ours
    select: {{names: ["Burnt export*"]}}
    mode: rotate
    destinations: [burnt-copy]
    proof_over: 2s
destinations:
  burnt-copy: {{kind: key-vault, vault: "{vault}", secret: burnt-copy}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody at a terminal whose identity is the app's own here, and who follows over HTTP."""

    settings: dict[str, str]
    http: httpx.Client

    def type(self, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rotation", *words]
        env = os.environ | self.settings | {"PATH": "", "COLUMNS": "200"}
        return subprocess.run(command, cwd=ROOT, env=env, input=answer, capture_output=True, text=True, check=False)

    def ask(self, *words: str) -> Any:
        """Type a command that must succeed, again where the application's lease is held (exit code 5)."""

        def answered() -> Any:
            done = self.type(*words, "--json")
            assert done.returncode in {0, 5}, done.stdout + done.stderr
            return json.loads(done.stdout) if done.returncode == 0 else None

        return wait(answered, " ".join(words))

    def rotation(self, identifier: str) -> Any:
        """Give a rotation as the API tells it."""
        return self.http.get(f"/api/rotations/{identifier}").raise_for_status().json()


@pytest.fixture(scope="module")
def person(cloud: Cloud, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    configuration = tmp_path_factory.mktemp("configuration") / "rotation.yaml"
    configuration.write_text(CONFIGURATION.format(vault=cloud.urls["vault2"]))
    schedules = dict.fromkeys(("SCAN_SCHEDULE", "WEEKLY_SCHEDULE", "DIGEST_SCHEDULE"), NEVER)
    settings = cloud.environment() | schedules
    settings |= {
        "AzureWebJobsStorage__blobServiceUri": azurite.blob_url,
        "AzureWebJobsStorage__queueServiceUri": azurite.queue_url,
        "AzureWebJobsStorage__tableServiceUri": azurite.table_url,
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": cloud.app[0],
        "ROTATION_CONFIG": str(configuration),
        "ROTATION_VERIFY_VAULT_CHALLENGE": "false",
        "ROTATION_LOOK_SPACING_SECONDS": "1",
        "ROTATION_LEASE_SECONDS": "15",  # a nudge that met the other rotation's lease costs one; `recover` nudges each second
        "ROTATION_SIGN_IN_WORKSPACES": cloud.entra.logs.workspace_id,
        "RECOVER_SCHEDULE": "* * * * * *",
    }
    with (
        HostProcess(ROOT, settings, folder=tmp_path_factory.mktemp("host")) as host,
        httpx.Client(base_url=host.url, headers={"x-functions-key": host.function_key}, timeout=30) as http,
    ):
        yield Person(settings=settings, http=http)


def wait(look: Callable[[], Any], what: str) -> Any:
    until = time.monotonic() + PATIENCE.total_seconds()
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.3)
    raise AssertionError(f"not in {PATIENCE.seconds} s: {what}")


def test_a_compromise_from_the_preview_to_the_last_removal(cloud: Cloud, person: Person) -> None:
    """Burnt are the old key and the newest; an intruder's stays, and is shown; consumers get the third."""
    app_id, object_id, old = an_application(cloud)
    person.ask("enrol", object_id, "--unrehearsed", "--as", "ada")
    first = person.ask("rotate", object_id, "--as", "ada")["rotation"]
    overlapping(person, first)
    newest = str(person.rotation(first)["key_id"])
    intruder = str(cloud.entra.add_secret(app_id, display_name="backup")["keyId"])

    declared = ("rotate", object_id, "--reason", "compromised", "--burnt", old, "--burnt", newest, "--as", "ada")
    asked = person.type(*declared, "--now", answer="n\n")
    assert asked.returncode == 1
    shown = {line.split()[0]: line for line in asked.stdout.splitlines() if line.strip()}
    assert "burnt: removed" in shown[old]
    assert "burnt: removed" in shown[newest]
    assert "foreign: who added it?" in shown[intruder]
    assert "go dark without it" in asked.stdout
    assert "burnt-copy" in asked.stdout
    assert not removed(cloud, app_id), "nothing before the yes"

    second = person.ask(*declared, "--now", "--yes")["rotation"]
    wait(lambda: removed(cloud, app_id) >= {old, newest}, "both are removed")
    overlapping_or_done(person, second)
    assert removed(cloud, app_id) == {old, newest}
    assert person.rotation(first)["phase"] == "closed"
    third = str(person.rotation(second)["key_id"])
    held = {one.key_id: one for one in cloud.entra.minted(app_id)}
    assert {key for key, one in held.items() if one.removed_at is None} == {third, intruder}
    _secret, latest = cloud.vaults["vault2"].get("burnt-copy", None)
    assert latest.text == held[third].text


def an_application(cloud: Cloud) -> tuple[str, str, str]:
    """Make an application that our app owns, with one secret; its two ids and the key id."""
    owners = [cloud.entra.principal_of(cloud.app[0]).id]
    entry = cloud.entra.add_application({"displayName": "Burnt export"}, owners=owners)
    app_id = str(entry.current["appId"])
    end = datetime.now(UTC) + timedelta(days=170)
    return app_id, str(entry.current["id"]), str(cloud.entra.add_secret(app_id, end=end)["keyId"])


def removed(cloud: Cloud, app_id: str) -> set[str]:
    minted: list[Minted] = cloud.entra.minted(app_id)
    return {one.key_id for one in minted if one.removed_at is not None}


def overlapping(person: Person, rotation: str) -> None:
    wait(lambda: person.rotation(rotation)["phase"] == "overlapping", "the rotation is delivered")


def overlapping_or_done(person: Person, rotation: str) -> None:
    wait(lambda: person.rotation(rotation)["phase"] in {"overlapping", "completed"}, "the rotation is delivered")
