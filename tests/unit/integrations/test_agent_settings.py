"""Settings of `agent`: what is wrong is said, and what leads elsewhere needs a new approval."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rotation.config import load
from rotation.domain.capability import Activation, Concurrency
from rotation.domain.delivery import Level
from rotation.domain.identifiers import DestinationName
from rotation.integrations.catalogue import KINDS
from rotation.integrations.kinds.agent.credential_settings import CredentialSettings

AGENT = KINDS["agent"]
FILE = {"storage": "dotenv", "host": "srv-1.contoso.com", "path": "/etc/billing/secrets.env", "at": "CLIENT_SECRET"}
GROUP = "/subscriptions/0f8fad5b-d9cb-469f-a165-70867728950e/resourceGroups/rg-1/providers"
ARC = f"{GROUP}/Microsoft.HybridCompute/machines/SRV-1"
VM = f"{GROUP}/Microsoft.Compute/virtualMachines/SRV-1"
FISH = {
    "storage": "wincred",
    "transport": "arc-run-command",
    "machine": ARC,
    "profile": "syncfish-ci-sync",
    "application_id": "5D1F3A52-aaaa-4bbb-8ccc-0123456789ab",
}


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "storage"),
        (FILE | {"storage": "yaml"}, "storage"),
        (FILE | {"transport": "vm-run-command"}, "transport"),
        (FILE | {"host": "-oProxyCommand=x"}, "host"),
        (FILE | {"port": 0}, "port"),
        (FILE | {"path": "secrets.env"}, "path"),
        (FILE | {"path": "/etc/billing/"}, "path"),
        (FILE | {"path": "/etc/a\nb"}, "path"),
        (FILE | {"at": "CLIENT SECRET"}, "a variable's name, CLIENT_SECRET"),
        (FILE | {"storage": "ini", "at": "[a key"}, r"\[section\] key"),
        (FILE | {"storage": "json", "at": "AzureAd.Secret"}, "a JSON Pointer, /AzureAd/ClientSecret"),
        (FILE | {"storage": "xml", "at": "//add"}, "/configuration/appSettings"),
        (FILE | {"service": "-H evil"}, "service"),
        (FILE | {"service": "a b"}, "service"),
        (FILE | {"sudo": True}, "there is none"),
        (FILE | {"test": []}, "test"),
        (FILE | {"test": "grep -q x"}, "test"),
        (FILE | {"test_signs_in": True}, "there is none"),
        (FILE | {"timeout_seconds": 60}, "timeout_seconds"),
        (FILE | {"application_id": FISH["application_id"]}, "application_id"),
        (FISH | {"application_id": "me"}, "GUID"),
        (FISH | {"transport": "ssh"}, "transport ssh needs `host`"),
        (FISH | {"host": "srv-1"}, "needs `machine`, and no `host`"),
        (FISH | {"transport": "vm-run-command"}, "Microsoft.Compute/virtualMachines"),
        (FISH | {"machine": "SRV-1"}, "machine"),
        (FISH | {"machine": f"{ARC}/runCommands/x"}, "machine"),
        (FISH | {"profile": None}, "say `folder`"),
        (FISH | {"profile": "other"}, "profile"),
        (FISH | {"folder": r"\\server\share"}, "folder"),
        (FISH | {"folder": 'C:\\Apps\\.."x'}, "folder"),
        (FISH | {"file": r"..\appsettings.json"}, "file"),
        (FISH | {"discovered": "yes"}, "discovered"),
        (FISH | {"otherwise": "A preset"}, "otherwise"),
    ],
)
def test_wrong_settings_are_refused_with_the_reason(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        AGENT.settings_model.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        (FILE, {"host": "srv-2.contoso.com"}),
        (FILE, {"port": 2222}),
        (FILE, {"path": "/etc/billing/other.env"}),
        (FILE, {"at": "OTHER"}),
        (FILE, {"service": "billing.service"}),
        (FILE, {"test": ["true"]}),
        (FILE, {"private_network": True}),
        (FISH, {"machine": f"{ARC}0"}),
        (FISH, {"transport": "vm-run-command", "machine": VM}),
        (FISH, {"discovered": "0123456789abcdef"}),
        (FISH, {"folder": r"C:\Apps\Other"}),
        (FISH, {"service": "Other"}),
        (FISH, {"application_id": "5d1f3a52-aaaa-4bbb-8ccc-0123456789ac"}),
        (FISH, {"sign_in": False}),
    ],
)
def test_what_leads_elsewhere_needs_a_new_approval(settings: dict[str, Any], change: dict[str, Any]) -> None:
    assert AGENT.fingerprint(settings) != AGENT.fingerprint(settings | change)


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        (FILE, {"timeout_seconds": 10, "stays_up_seconds": 1}),
        (FILE, {"host": "SRV-1.contoso.com"}),
        (FISH, {"timeout_seconds": 10, "otherwise": "custom"}),
        (FISH, {"machine": ARC.replace("rg-1", "RG-1")}),
    ],
)
def test_patience_and_wording_need_none(settings: dict[str, Any], change: dict[str, Any]) -> None:
    assert AGENT.fingerprint(settings) == AGENT.fingerprint(settings | change)


def test_what_a_destination_can_do_follows_from_its_settings() -> None:
    bare = AGENT.capabilities(FILE)
    assert (bare.level, bare.activation, bare.restarts) == (Level.STORED, Activation.NONE, False)
    assert (bare.whole_object, bare.concurrency) == (True, Concurrency.LEASE)
    served = AGENT.capabilities(FILE | {"service": "billing.service", "test": ["true"], "test_signs_in": True})
    assert (served.level, served.activation, served.restarts) == (Level.AUTHENTICATES, Activation.EXPLICIT, True)
    windows = AGENT.capabilities(FISH)
    assert (windows.level, windows.activation, windows.restarts) == (Level.AUTHENTICATES, Activation.EXPLICIT, True)
    assert AGENT.capabilities(FISH | {"sign_in": False}).level == Level.STORED


def test_two_values_of_one_file_are_written_in_turns() -> None:
    other = FILE | {"at": "OTHER", "host": "SRV-1.contoso.com"}
    assert AGENT.resource(FILE) == AGENT.resource(other) == "ssh://srv-1.contoso.com:22/etc/billing/secrets.env"
    assert AGENT.resource(FISH) is None


def test_the_value_leaves_only_for_a_file() -> None:
    assert AGENT.read(FILE).identity()["value"] is True
    assert AGENT.read(FISH).identity()["value"] is False


def test_the_profile_knows_folder_and_preset() -> None:
    assert "CISynchronizerAgent" in AGENT.read(FISH).describe().where
    assert "SRV-1" in AGENT.read(FISH).describe().where


def test_a_configuration_file_names_the_connection() -> None:
    text = """
    connections:
      billing-server:
        type: ssh-key
        user: rotation
        secret: billing-server-key
        host_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH1v1a7Yyq1V0c7rBv1kJt2oYt0m5mTDUo0yH0e3Pj9o
    destinations:
      billing:
        kind: agent
        connection: billing-server
        storage: dotenv
        host: srv-1.contoso.com
        path: /etc/billing/secrets.env
        at: CLIENT_SECRET
    """
    found = load(text, name="rotation.yaml", kinds=KINDS).configuration.destinations[DestinationName("billing")]
    assert found.connection is not None
    assert found.resource == AGENT.resource(FILE)
    assert found.fingerprint == AGENT.fingerprint(FILE, found.connection)


def test_the_example_of_the_automatic_profile_loads_and_its_page_names_every_setting() -> None:
    page = (Path(__file__).parents[3] / "docs" / "integrations" / "ci-sync-agent.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    found = load(block, name="page", kinds=KINDS).configuration.destinations
    assert {each.kind for each in found.values()} == {"agent"}
    assert [name for name in CredentialSettings.model_fields if f"`{name}" not in page and f"{name}:" not in page] == []
