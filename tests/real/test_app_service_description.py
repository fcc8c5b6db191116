"""`app-service` and the sandbox's Resource Manager, held to Microsoft's description and read by Microsoft's SDK."""

import importlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from azure.core.credentials import AccessToken

from rotation.domain.delivery import Found
from rotation.domain.errors import DestinationRefused, Unavailable
from rotation.integrations.catalogue import Catalogue
from rotation.ports.vault import NewVersion
from tests.contract.harness_app_service import OTHERS, SETTING, SITE, AppServiceHarness
from tests.contract.harness_base import CANARY, CLIENT, HOME, NEWER
from tests.real.prism import Judge, description, prism, subset

pytestmark = pytest.mark.real

SITES = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Web/sites/{name}"
PATHS = [f"{base}/config/appsettings{end}" for base in (SITES, f"{SITES}/slots/{{slot}}") for end in ("", "/list")]
NAME = f"entra-{CLIENT}-default"


def parameter(name: str, place: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": True, "schema": {"type": "string", "minLength": 1}}


def references() -> dict[str, Any]:
    """Hand-written from the docs (Key Vault references, 2022-03-01) and azure-mgmt-web's models: 2018-11-01 has none."""
    common = [parameter(n, "path") for n in ("subscriptionId", "resourceGroupName", "name")]
    common.append(parameter("api-version", "query"))
    told = {name: {"type": "string", "nullable": True} for name in ("secretVersion", "activeVersion", "details")}
    named = {name: {"type": "string"} for name in ("reference", "status", "vaultName", "secretName", "source")}
    properties = {"type": "object", "properties": {**told, **named}, "required": ["reference", "status"]}
    envelope = {"type": "object", "properties": {"properties": properties}, "required": ["properties"]}
    answers = {"200": {"description": "OK", "content": {"application/json": {"schema": envelope}}}}
    refused = {"default": {"description": "refused"}}
    one = {"parameters": [*common, parameter("appSettingKey", "path")], "responses": answers | refused}
    all_of_them = {"parameters": common, "responses": {"200": {"description": "OK"}} | refused}
    base = f"{SITES}/config/configreferences/appsettings"
    return {f"{base}/{{appSettingKey}}": {"get": one}, f"{base}/refresh": {"post": all_of_them}}


class Judged(AppServiceHarness):
    """The harness, with Prism between integration and simulator."""

    judge: Judge | None = None

    @property
    def inner(self) -> Any:
        return self._https

    @property
    def arm_url(self) -> str:  # type: ignore[override]
        assert self.judge is not None
        return self.judge.url

    def open_client(self) -> httpx.AsyncClient:
        assert self.judge is not None
        return self.judge.open_client()


@pytest.fixture(scope="module")
async def judged() -> AsyncIterator[Judged]:
    """One Prism for all tests of this file: it takes its time to start."""
    published = subset(description("azure.com/web-WebApps"), dict(zip(PATHS, PATHS, strict=True)), more=references())
    async with Judged() as started:
        inner = started.inner
        async with prism(published, inner.url, authority=inner.authority) as judge:
            started.judge = judge
            yield started


@pytest.fixture
def harness(judged: Judged) -> Judged:
    """The app as it was at first."""
    judged.site = judged.sites.add(SITE, OTHERS)
    judged.faults.clear()
    found(judged).clear()
    return judged


def found(harness: Judged) -> list[dict[str, Any]]:
    assert harness.judge is not None
    return harness.judge.found


async def test_the_judge_can_refuse_both_sides(harness: Judged) -> None:
    """A validator that lets everything pass would prove nothing."""
    async with harness.open_client() as http:
        url = f"{harness.arm_url}{SITE}/config/appsettings?api-version=2022-03-01"
        headers = {"authorization": "Bearer x"}
        wrong = await http.put(url, headers=headers, json={"properties": {"A": {"b": 1}}})
        no_version = await http.put(url.partition("?")[0], headers=headers, json={"properties": {}})
        nowhere = await http.put(url.replace("appsettings", "appsetings"), headers=headers, json={})
        harness.site.settings = {"A": 5}  # type: ignore[dict-item]
        lied = await http.post(url.replace("?", "/list?"), headers=headers)
    assert [each.status_code for each in (wrong, no_version, nowhere, lied)] == [422, 422, 404, 500]
    assert len(found(harness)) == 4


async def test_a_setting_is_written_whole_as_it_is_described(harness: Judged) -> None:
    kind = harness.integration
    for _twice in range(2):
        await kind.deliver(harness.destination, harness.shipment(), CANARY)
    assert (await kind.verify(harness.destination, harness.shipment(), CANARY)).found is Found.CURRENT
    assert (harness.site.settings, harness.site.restarts) == ({**OTHERS, SETTING: CANARY.reveal()}, 1)
    assert found(harness) == []


async def test_a_slot_too(harness: Judged) -> None:
    slot = harness.sites.add(f"{SITE}/slots/staging", {"COLOUR": "green"})
    there = harness.with_settings(slot="staging")
    await harness.integration.deliver(there, harness.shipment(), CANARY)
    assert slot.settings == {"COLOUR": "green", SETTING: CANARY.reveal()}
    assert found(harness) == []


async def test_a_reference_is_told_to_look_again(harness: Judged) -> None:
    await harness.vaults.at(HOME).write(NAME, NewVersion(text=CANARY, tags={}))
    harness.sites.add(SITE, {SETTING: f"@Microsoft.KeyVault(VaultName=home;SecretName={NAME})"})
    version = await harness.vaults.at(HOME).write(NAME, NewVersion(text=NEWER, tags={}))
    there = harness.with_settings(mode="reference", create=False)
    kind, shipment = Catalogue(harness.services).of(there), replace(harness.shipment(), version=version)
    assert (await kind.verify(there, shipment, NEWER)).found is Found.OLDER
    await kind.deliver(there, shipment, NEWER)
    assert (await kind.verify(there, shipment, NEWER)).found is Found.CURRENT
    assert found(harness) == []


async def test_refusals_have_the_described_form(harness: Judged) -> None:
    for status, error in ((409, Unavailable), (400, DestinationRefused)):
        harness.faults.add(
            {"part": "arm", "action": "status", "status": status, "times": 4, "match": {"method": "PUT"}}
        )
        with pytest.raises(error):
            await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
        harness.faults.clear()
    assert found(harness) == []


class Anybody:
    """A credential whose token says nothing."""

    async def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("token", 4_000_000_000)

    async def close(self) -> None:
        return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return


async def test_microsofts_sdk_reads_and_writes_the_same(harness: Judged, tmp_path: Path) -> None:
    """azure-mgmt-web, unchanged, against the simulator itself."""
    trusted = tmp_path / "authority.pem"
    trusted.write_bytes(harness.inner.authority)
    group, app = "rg-payments", SITE.rpartition("/")[2]
    client = importlib.import_module("azure.mgmt.web.aio").WebSiteManagementClient
    options = {"base_url": harness.inner.url, "connection_verify": str(trusted), "retry_total": 0}
    async with client(Anybody(), SITE.split("/")[2], **options) as web:
        listed = await web.web_apps.list_application_settings(group, app)
        assert dict(listed.properties) == OTHERS
        listed.properties["MORE"] = "from the SDK"
        written = await web.web_apps.update_application_settings(group, app, listed)
        assert written.properties["MORE"] == "from the SDK"
        assert harness.site.settings == {**OTHERS, "MORE": "from the SDK"}
        reference = "@Microsoft.KeyVault(VaultName=home;SecretName=nothing)"
        harness.sites.add(SITE, {SETTING: reference})
        told = await web.web_apps.get_app_setting_key_vault_reference(group, app, SETTING)
    assert (told.properties.status, told.properties.vault_name) == ("SecretNotFound", "home")
