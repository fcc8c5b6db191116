"""The environment becomes settings, or one list of everything that is wrong with it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from rotation.domain.errors import Misconfigured
from rotation.settings import DEFAULT_CONFIG, SCHEDULES, Settings, StorageConnection, read

ROOT = Path(__file__).resolve().parents[2]
TENANT = "0f8fad5b-d9cb-469f-a165-70867728950e"
OWN = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
ANOTHER = "16fd2706-8baf-433b-82eb-8c7fada847da"
LEAST = {
    "ROTATION_TENANT_ID": TENANT,
    "ROTATION_VAULT_URL": "https://contoso.vault.azure.net/",
    "AzureWebJobsStorage__accountName": "contoso",
    "SCAN_SCHEDULE": "0 0 2 * * *",
    "RECOVER_SCHEDULE": "0 * * * * *",
    "WEEKLY_SCHEDULE": "0 0 4 * * 0",
    "DIGEST_SCHEDULE": "0 0 7 * * MON-FRI",
}


def problems_of(environment: dict[str, str], *, hosted: bool = True) -> tuple[str, ...]:
    with pytest.raises(Misconfigured) as caught:
        read(environment, hosted=hosted)
    return caught.value.problems


def test_what_must_be_said_is_enough() -> None:
    settings = read(LEAST)
    assert settings.tenant_id == TENANT
    assert settings.vault_url == "https://contoso.vault.azure.net"
    assert settings.graph_url == "https://graph.microsoft.com"
    assert settings.authority_host == "https://login.microsoftonline.com"
    assert settings.verify_vault_challenge is True
    assert settings.config == str(ROOT / "rotation.yaml")
    assert settings.lease == timedelta(minutes=2)
    assert settings.look_spacing == timedelta(seconds=30)
    assert settings.phase_deadline == timedelta(days=1)
    assert settings.scan_silent_after == timedelta(minutes=15)
    assert settings.never_enrolled == frozenset()


def test_everything_wrong_is_told_at_once_and_no_value_is_shown() -> None:
    told = problems_of(
        {
            "ROTATION_VAULT_URL": "http://hunter2.example.com",
            "AzureWebJobsStorage": "hunter2",
            "ROTATION_LEASE_SECONDS": "0",
            "ROTATION_PHASE_DEADLINE_HOURS": "hunter2",
            "ROTATION_VERIFY_VAULT_CHALLENGE": "hunter2",
            "ROTATION_CONFIG": "blob:hunter2",
            "SCAN_SCHEDULE": "0 2 * * *",
            "RECOVER_SCHEDULE": "0 * * * * *",
        }
    )
    assert set(told) == {
        "AzureWebJobsStorage: is not a connection string with AccountName and AccountKey, or with endpoints",
        "ROTATION_TENANT_ID: is not set",
        "ROTATION_VAULT_URL: is not an address that begins with https:// and names a host",
        "ROTATION_CONFIG: is not a path, or blob:<container>/<name>",
        "ROTATION_VERIFY_VAULT_CHALLENGE: is not a valid boolean, unable to interpret input",
        "SCAN_SCHEDULE: is not a schedule of six fields, seconds first, such as 0 0 2 * * *",
        "ROTATION_LEASE_SECONDS: is not a whole number of seconds of at least 1",
        "ROTATION_PHASE_DEADLINE_HOURS: is not a whole number of hours of at least 1",
        "WEEKLY_SCHEDULE: is not set; the host cannot start its timer without it",
        "DIGEST_SCHEDULE: is not set; the host cannot start its timer without it",
    }
    assert len(told) == 10
    assert "hunter2" not in "\n".join(told)


def test_an_empty_environment_is_not_this_process_s() -> None:
    assert "ROTATION_TENANT_ID: is not set" in problems_of({})


def test_an_empty_value_counts_as_not_set() -> None:
    assert read(LEAST | {"AZURE_CLIENT_ID": " ", "ROTATION_LEASE_SECONDS": ""}).client_id is None


def test_a_terminal_needs_no_schedules() -> None:
    least = {name: value for name, value in LEAST.items() if not name.endswith("_SCHEDULE")}
    assert read(least, hosted=False).scan_schedule is None
    assert len(problems_of(least)) == 4


def test_the_authority_may_come_without_scheme_as_the_sdks_take_it() -> None:
    assert read(LEAST | {"AZURE_AUTHORITY_HOST": "login.microsoftonline.us"}).authority_host == (
        "https://login.microsoftonline.us"
    )


def test_storage_by_account_name_by_addresses_and_by_connection_string() -> None:
    assert read(LEAST).storage.addresses == {
        "blob": "https://contoso.blob.core.windows.net",
        "queue": "https://contoso.queue.core.windows.net",
        "table": "https://contoso.table.core.windows.net",
    }
    by_address = {name: value for name, value in LEAST.items() if "accountName" not in name} | {
        "AzureWebJobsStorage__blobServiceUri": "http://127.0.0.1:10000/account/",
        "AzureWebJobsStorage__queueServiceUri": "https://a.queue.core.windows.net",
        "AzureWebJobsStorage__tableServiceUri": "https://a.table.core.windows.net",
        "AzureWebJobsStorage__clientId": OWN,
        "AzureWebJobsStorage__credential": "managedidentity",
    }
    storage = read(by_address).storage
    assert storage.addresses["blob"] == "http://127.0.0.1:10000/account"
    assert (storage.client_id, storage.credential) == (OWN, "managedidentity")
    del by_address["AzureWebJobsStorage__queueServiceUri"]
    assert problems_of(by_address) == (
        "AzureWebJobsStorage is not set, nor is AzureWebJobsStorage__accountName, nor AzureWebJobsStorage__queueServiceUri",
    )


def test_plain_http_is_for_this_machine_only() -> None:
    told = problems_of(LEAST | {"AzureWebJobsStorage__blobServiceUri": "http://a.blob.core.windows.net"})
    assert told == (
        "AzureWebJobsStorage__blobServiceUri: is not an address that begins with https:// and names a host",
    )


def test_a_connection_string_is_never_shown() -> None:
    string = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hunter2;EndpointSuffix=core.windows.net"
    settings = read(LEAST | {"AzureWebJobsStorage": string})
    assert settings.storage.connection_string == string
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings)


def test_our_own_identities_are_never_enrolled() -> None:
    settings = read(
        LEAST
        | {
            "AZURE_CLIENT_ID": OWN.upper(),
            "ROTATION_OWN_CLIENT_IDS": f"{ANOTHER}, {TENANT}",
            "AzureWebJobsStorage__clientId": OWN,
        }
    )
    assert settings.never_enrolled == {OWN, ANOTHER, TENANT}
    assert problems_of(LEAST | {"ROTATION_OWN_CLIENT_IDS": "rotation"}) == (
        "ROTATION_OWN_CLIENT_IDS: is not a GUID such as 0f8fad5b-d9cb-469f-a165-70867728950e",
    )


def test_a_scan_cannot_be_called_silent_between_two_beats() -> None:
    assert problems_of(LEAST | {"ROTATION_SCAN_SILENT_SECONDS": "45"}) == (
        "ROTATION_SCAN_SILENT_SECONDS is less than twice ROTATION_SCAN_HEARTBEAT_SECONDS",
    )


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read(LEAST).tenant_id = OWN  # type: ignore[misc]  # that is the point


def shown_default(name: str, field: FieldInfo) -> str:
    default = field.default
    if name in SCHEDULES:
        return "required in Azure"
    if field.is_required():
        return "required"
    if default == DEFAULT_CONFIG:
        return "`rotation.yaml` beside `function_app.py`"
    if default is None or default == ():
        return ""
    if isinstance(default, timedelta):
        unit = timedelta(hours=1) if str(field.validation_alias).endswith("_HOURS") else timedelta(seconds=1)
        return f"`{default // unit}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_the_table_in_the_documentation_says_what_the_code_does() -> None:
    rows = [
        f"| `{field.validation_alias}` | {shown_default(name, field)} | {field.description} |"
        for model in (Settings, StorageConnection)
        for name, field in model.model_fields.items()
        if field.validation_alias
    ]
    written = re.findall(r"^\| `.*$", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE)
    assert written == rows
