"""The scripts do nothing until --apply, do it once, and say what they did; run against a stand-in for `az`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra import bicep

SCRIPTS = bicep.INFRA / "scripts"
IDENTITY = "11111111-1111-4111-8111-111111111111"
PERSON = "22222222-2222-4222-8222-222222222222"
GRANT = ("grant-graph-permissions.sh", "--identity", IDENTITY)
REGISTER = ("register-applications.sh", "--identity", IDENTITY, "--suffix", "x1", "--address", "https://app.example/")
OWN = ("own-applications.sh", "--identity", IDENTITY, "client-0")
UPLOAD = ("upload-configuration.sh", "--account", "stx", "--place", "blob:configuration/rotation.yaml")
READS = ("show", "list", "exists")


class Tenant:
    """A directory in which `az` is the stand-in, and the state that it keeps."""

    def __init__(self, place: Path) -> None:
        self._place, self._state = place, place / "state.json"
        wrapper = place / "az"
        wrapper.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -ISB "{Path(__file__).parent / "stand_in_az.py"}" "$@"\n'
        )
        wrapper.chmod(0o755)
        one = {"id": "app-0", "appId": "client-0", "uniqueName": "billing", "displayName": "Billing", "owners": []}
        tree = bicep.module("graph")
        names = [bicep.literals(bicep.variable(tree, part)) for part in ("writePermissions", "readPermissions")]
        self.save(
            permissions=[*(text for part in names for text in part), "User.ReadBasic.All"],
            assigned=[],
            applications=[one],
            principals=[],
            trusts=[],
            blobs={},
            calls=[],
        )

    def save(self, **state: object) -> None:
        self._state.write_text(json.dumps(state), "utf-8")

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._state.read_text("utf-8"))
        return found

    def run(self, script: str, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        path = f"{self._place}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["bash", str(SCRIPTS / script), *words],
            env={**os.environ, "PATH": path, "STAND_IN_STATE": str(self._state)},
            cwd=bicep.ROOT,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    def writes(self) -> list[list[str]]:
        calls = self.state["calls"]
        rest = [call for call in calls if call[0] == "rest" and call[call.index("--method") + 1] != "get"]
        return rest + [call for call in calls if call[0] != "rest" and not any(word in READS for word in call[:4])]


@pytest.fixture
def tenant(tmp_path: Path) -> Tenant:
    return Tenant(tmp_path)


@pytest.mark.parametrize("command", [GRANT, REGISTER, OWN, UPLOAD], ids=lambda command: command[0])
def test_nothing_is_changed_without_apply(tenant: Tenant, command: tuple[str, ...]) -> None:
    told = tenant.run(*command)
    assert told.returncode == 0, told.stderr
    assert "would be" in told.stdout
    assert "Nothing was changed. Run it again with --apply." in told.stdout
    assert tenant.writes() == []


@pytest.mark.parametrize("command", [GRANT, REGISTER, OWN, UPLOAD], ids=lambda command: command[0])
def test_a_second_run_changes_nothing_more(tenant: Tenant, command: tuple[str, ...]) -> None:
    first = tenant.run(*command, "--apply")
    assert first.returncode == 0, first.stderr
    assert tenant.writes()
    before = {name: value for name, value in tenant.state.items() if name != "calls"}
    second = tenant.run(*command, "--apply")
    assert second.returncode == 0, second.stderr
    assert {name: value for name, value in tenant.state.items() if name != "calls"} == before


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("*.sh")))
def test_a_script_stops_at_the_first_fault_and_explains_itself(tenant: Tenant, script: str) -> None:
    lines = (SCRIPTS / script).read_text("utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert os.access(SCRIPTS / script, os.X_OK)
    helped = tenant.run(script, "--help")
    assert helped.returncode == 0
    assert "--apply" in helped.stdout
    for words in ([], ["--no-such-option"]):
        refused = tenant.run(script, *words)
        assert refused.returncode == 2
        assert "usage:" in refused.stderr
    assert tenant.state["calls"] == []


def _granted(tenant: Tenant) -> list[str]:
    return sorted(one["appRoleId"].removeprefix("role-") for one in tenant.state["assigned"])


def test_by_default_only_owned_applications_can_be_written(tenant: Tenant) -> None:
    tenant.run(*GRANT, "--apply")
    assert _granted(tenant) == [
        "Application.Read.All",
        "Application.ReadWrite.OwnedBy",
        "AuditLog.Read.All",
        "Policy.Read.All",
        "User.ReadBasic.All",
    ]
    assert {one["principalId"] for one in tenant.state["assigned"]} == {IDENTITY}
    assert {one["resourceId"] for one in tenant.state["assigned"]} == {"graph-sp"}


def test_every_application_is_an_explicit_choice(tenant: Tenant) -> None:
    tenant.run(*GRANT, "--all-applications", "--without-owners", "--apply")
    assert _granted(tenant) == ["Application.ReadWrite.All", "AuditLog.Read.All", "Policy.Read.All"]


def test_a_permission_that_the_cloud_lacks_is_a_fault(tenant: Tenant) -> None:
    tenant.save(**tenant.state | {"permissions": []})
    told = tenant.run(*GRANT, "--apply")
    assert told.returncode == 1
    assert "has no such permission" in told.stderr


def test_the_sign_in_application_trusts_the_identity_and_has_no_secret(tenant: Tenant) -> None:
    told = tenant.run(*REGISTER, "--administrator", PERSON, "--apply")
    assert told.returncode == 0, told.stderr
    sign_in = next(one for one in tenant.state["applications"] if one["uniqueName"] == "rotation-x1")
    assert sign_in["web"]["redirectUris"] == ["https://app.example/.auth/login/aad/callback"]
    assert [role["value"] for role in sign_in["appRoles"]] == [
        "Rotation.Reader",
        "Rotation.Operator",
        "Rotation.Administrator",
    ]
    assert len({role["id"] for role in sign_in["appRoles"]}) == 3
    (trust,) = tenant.state["trusts"]
    assert tenant.state["restricted"] is True
    assert trust["subject"] == IDENTITY
    assert trust["issuer"] == "https://login.microsoftonline.com/tenant/v2.0"
    assert [one["principalId"] for one in tenant.state["assigned"]] == [PERSON]
    assert not any("addPassword" in word for call in tenant.state["calls"] for word in call)
    assert f"signInClientId: {sign_in['appId']}" in told.stdout


def test_the_canary_is_owned_by_the_identity(tenant: Tenant) -> None:
    tenant.run(*REGISTER, "--apply")
    canary = next(one for one in tenant.state["applications"] if one["uniqueName"] == "rotation-canary-x1")
    assert canary["owners"] == [IDENTITY]
    assert canary["appId"] in tenant.state["principals"]


def test_ownership_is_taken_back(tenant: Tenant) -> None:
    tenant.run(*OWN, "--apply")
    assert tenant.state["applications"][0]["owners"] == [IDENTITY]
    told = tenant.run(*OWN, "--release", "--apply")
    assert "Billing: released" in told.stdout
    assert tenant.state["applications"][0]["owners"] == []


def test_one_application_that_fails_does_not_hold_back_the_others(tenant: Tenant) -> None:
    told = tenant.run(
        "own-applications.sh", "--identity", IDENTITY, "--file", "-", "--apply", given="nobody # gone\n\n client-0"
    )
    assert told.returncode == 1
    assert "nobody: cannot be read" in told.stderr
    assert tenant.state["applications"][0]["owners"] == [IDENTITY]


def test_a_configuration_that_is_there_stays_unless_said_otherwise(tenant: Tenant) -> None:
    tenant.save(**tenant.state | {"blobs": {"rotation.yaml": "ours"}})
    assert "left as it was" in tenant.run(*UPLOAD, "--apply").stdout
    assert tenant.state["blobs"] == {"rotation.yaml": "ours"}
    tenant.run(*UPLOAD, "--overwrite", "--apply")
    assert tenant.state["blobs"]["rotation.yaml"] == (bicep.ROOT / "rotation.yaml").read_text("utf-8")


def test_a_configuration_beside_the_code_is_not_uploaded(tenant: Tenant) -> None:
    told = tenant.run("upload-configuration.sh", "--account", "stx", "--place", "rotation.yaml", "--apply")
    assert told.returncode == 0
    assert tenant.state["calls"] == []
