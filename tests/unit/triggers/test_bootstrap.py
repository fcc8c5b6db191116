"""The composition root: settings become services, one set for each event loop."""

import asyncio
import subprocess
import sys
from datetime import timedelta

import pytest

from rotation import bootstrap, settings
from rotation.domain.audience import Audience
from rotation.domain.identifiers import AudienceName
from rotation.settings import Settings

TENANT = "0f8fad5b-d9cb-469f-a165-70867728950e"
OURS = "1f8fad5b-d9cb-469f-a165-70867728950e"


def read(**more: str) -> Settings:
    return settings.read(
        {
            "ROTATION_TENANT_ID": TENANT,
            "ROTATION_VAULT_URL": "https://contoso.vault.azure.net/",
            "AzureWebJobsStorage__accountName": "contoso",
            "AzureWebJobsStorage__credential": "managedidentity",
            "AZURE_CLIENT_ID": OURS,
        }
        | more,
        hosted=False,
    )


async def test_settings_reach_the_services() -> None:
    made = read(ROTATION_LEASE_SECONDS="7", ROTATION_DASHBOARD_URL="https://rotation.contoso.com")
    async with bootstrap.Composition(made) as composition:
        services = composition.services
        assert (services.tenant_id, services.vault_url) == (TENANT, "https://contoso.vault.azure.net")
        assert services.timing.lease == timedelta(seconds=7)
        assert services.link == "https://rotation.contoso.com"
        assert OURS in services.own_client_ids
        assert [channel.name for channel in services.channels] == ["teams", "mail"]
        assert [source.name for source in services.usage] == ["graph-report"]


async def test_a_cloud_without_the_report_has_no_usage_source() -> None:
    async with bootstrap.Composition(read(ROTATION_GRAPH_URL="https://graph.microsoft.us")) as composition:
        assert list(composition.services.usage) == []


async def test_a_workspace_of_sign_in_logs_is_a_usage_source() -> None:
    workspaces = f"{TENANT}, {OURS}"
    more = {"ROTATION_SIGN_IN_WORKSPACES": workspaces, "ROTATION_LOGS_URL": "https://api.loganalytics.us"}
    async with bootstrap.Composition(read(**more)) as composition:
        assert [source.name for source in composition.services.usage] == ["graph-report", "sign-in-log"]
    async with bootstrap.Composition(read(ROTATION_GRAPH_URL="https://graph.microsoft.us", **more)) as composition:
        assert [source.name for source in composition.services.usage] == ["sign-in-log"]


def test_the_logs_sdk_is_loaded_only_where_a_workspace_is_configured() -> None:
    asked = "import sys, rotation.bootstrap; print('azure.monitor.query' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


async def test_the_committed_configuration_is_in_force_and_mail_goes_from_its_sender() -> None:
    storage = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zm9v;TableEndpoint=https://127.0.0.1:1/a"
    async with bootstrap.Composition(read(AzureWebJobsStorage=storage)) as composition:
        mail = composition.services.channels[1]
        people = Audience(name=AudienceName("people"), mail=("ada@contoso.example",))
        assert not mail.reaches(people), "nobody knows the sender before the configuration is read"


async def test_one_loop_shares_one_composition_until_it_is_closed() -> None:
    made = read()
    first = bootstrap.services(made)
    assert bootstrap.services(made) is first
    other = await asyncio.to_thread(asyncio.run, _of_another_loop(made))
    assert other is not first
    await bootstrap.close_shared()
    assert bootstrap.services(made) is not first
    await bootstrap.close_shared()


async def _of_another_loop(made: Settings) -> object:
    found = bootstrap.services(made)
    await bootstrap.close_shared()
    return found


async def test_closing_twice_does_no_harm() -> None:
    await bootstrap.close_shared()
    composition = bootstrap.Composition(read())
    await composition.close()
    await composition.close()


def test_services_need_a_running_loop() -> None:
    with pytest.raises(RuntimeError):
        bootstrap.services(read())
