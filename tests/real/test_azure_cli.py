"""Microsoft's Azure CLI, unchanged, does to the sandbox what it does to a tenant (azure-cli.md)."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.cloud import Cloud
from tests.real.conftest import AzureCli

pytestmark = pytest.mark.real


@pytest.fixture
def application(az: AzureCli) -> Iterator[Any]:
    """An application that the CLI made, and removes."""
    made = az.must("ad", "app", "create", "--display-name", f"made by az {uuid.uuid4().hex}")
    yield made
    az.run("ad", "app", "delete", "--id", made["appId"])


def key_ids(az: AzureCli, application: Any) -> list[str]:
    listed = az.must("ad", "app", "credential", "list", "--id", application["appId"])
    return [entry["keyId"] for entry in listed]


def test_a_wrong_secret_is_refused_in_entras_words(make_cli: Callable[[], AzureCli], cloud: Cloud) -> None:
    answer = make_cli().sign_in(cloud, (cloud.admin[0], "wrong"))
    assert answer.status != 0
    assert "AADSTS7000215" in answer.error


def test_what_it_makes_is_listed_and_shown(az: AzureCli, application: Any) -> None:
    listed = az.must("ad", "app", "list", "--filter", f"displayName eq '{application['displayName']}'")
    shown = az.must("ad", "app", "show", "--id", application["appId"])
    assert [entry["id"] for entry in listed] == [application["id"]] == [shown["id"]]
    assert application["id"] in {entry["id"] for entry in az.must("ad", "app", "list", "--all")}


def test_secrets_are_appended_reset_listed_and_deleted(az: AzureCli, application: Any) -> None:
    reset = ("ad", "app", "credential", "reset", "--id", application["appId"])
    first = az.must(*reset, "--append", "--display-name", "first", "--years", "1")
    second = az.must(*reset, "--append", "--display-name", "second")
    assert len({first["password"], second["password"]}) == 2
    both = key_ids(az, application)
    assert len(both) == 2
    az.must("ad", "app", "credential", "delete", "--id", application["appId"], "--key-id", both[0])
    assert key_ids(az, application) == both[1:]
    az.must(*reset)
    (left,) = key_ids(az, application)
    assert left not in both


def test_a_secret_that_it_minted_signs_in(
    az: AzureCli, make_cli: Callable[[], AzureCli], cloud: Cloud, application: Any
) -> None:
    made = az.must("ad", "app", "credential", "reset", "--id", application["appId"], "--append")
    az.must("ad", "sp", "create", "--id", application["appId"])
    signed = make_cli().sign_in(cloud, (made["appId"], made["password"])).json
    assert [account["user"]["name"] for account in signed] == [application["appId"]]


def test_a_deleted_application_is_gone(az: AzureCli, application: Any) -> None:
    az.must("ad", "app", "delete", "--id", application["appId"])
    assert az.run("ad", "app", "show", "--id", application["id"]).status == 3


def test_vault_secrets_have_versions(az: AzureCli) -> None:
    of = ("--vault-name", "localhost", "--name", f"az-{uuid.uuid4().hex}")
    first = az.must("keyvault", "secret", "set", *of, "--value", "one", "--tags", "purpose=trial")
    second = az.must("keyvault", "secret", "set", *of, "--value", "two", "--expires", "2031-01-02T03:04:05Z")
    latest = az.must("keyvault", "secret", "show", *of)
    assert (latest["id"], latest["value"]) == (second["id"], "two")
    assert latest["attributes"]["expires"] == "2031-01-02T03:04:05+00:00"
    version = first["id"].rsplit("/", 1)[-1]
    older = az.must("keyvault", "secret", "show", *of, "--version", version)
    assert (older["value"], older["tags"]["purpose"]) == ("one", "trial")
    versions = az.must("keyvault", "secret", "list-versions", *of)
    assert {entry["id"] for entry in versions} == {first["id"], second["id"]}
    assert all(not entry.get("value") for entry in versions)


def test_a_secret_that_is_not_there_is_not_found(az: AzureCli) -> None:
    answer = az.run("keyvault", "secret", "show", "--vault-name", "localhost", "--name", uuid.uuid4().hex)
    assert answer.status == 3
    assert "SecretNotFound" in answer.error
