"""App settings of App Service: what else is there stays, references stay references, and each way says how it knows."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from rotation.domain.capability import Readiness
from rotation.domain.delivery import DeliveryMode, Found, Level, Shipment
from rotation.domain.errors import DestinationGone, DestinationRefused, Unavailable
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.catalogue import KINDS, Catalogue
from rotation.integrations.kinds.app_service.settings import EASY_AUTH_SETTING, AppServiceSettings
from rotation.ports.integration import Integration
from rotation.ports.vault import NewVersion
from sandbox.arm_sites import parts
from tests.contract.harness_app_service import OTHERS, SETTING, SITE, AppServiceHarness
from tests.contract.harness_base import CANARY, CLIENT, HOME, NEWER

NAME = f"entra-{CLIENT}-default"
URI = f"@Microsoft.KeyVault(SecretUri=https://home.vault.azure.net/secrets/{NAME}/)"


@pytest.fixture
async def harness() -> AsyncIterator[AppServiceHarness]:
    async with AppServiceHarness() as started:
        yield started


def made(harness: AppServiceHarness, destination: Destination) -> Integration:
    return Catalogue(harness.services).of(destination)


class TestTheSetting:
    async def test_all_others_stay_and_so_does_what_is_sticky(self, harness: AppServiceHarness) -> None:
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
        assert harness.site.settings == {**OTHERS, SETTING: CANARY.reveal()}
        assert harness.site.sticky == {"COLOUR"}
        assert harness.site.restarts == 1

    async def test_a_name_that_is_not_there_may_be_a_misspelt_one(self, harness: AppServiceHarness) -> None:
        strict = harness.with_settings(create=False)
        check = await harness.integration.check(strict)
        assert (check.readiness, "create: true" in check.why) == (Readiness.MISCONFIGURED, True)
        with pytest.raises(DestinationGone, match="in this spelling"):
            await harness.integration.deliver(strict, harness.shipment(), CANARY)
        assert harness.site.settings == OTHERS
        harness.site.settings[SETTING] = "by hand"
        await harness.integration.deliver(strict, harness.shipment(), CANARY)
        assert harness.site.settings[SETTING] == CANARY.reveal()

    async def test_a_reference_is_never_covered_by_a_copy(self, harness: AppServiceHarness) -> None:
        harness.site.settings[SETTING] = URI
        assert (await harness.integration.check(harness.destination)).readiness is Readiness.MISCONFIGURED
        with pytest.raises(DestinationRefused, match="mode: reference") as refused:
            await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
        assert refused.value.reason == "holds-a-reference"
        verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
        assert verdict.found is Found.ABSENT
        assert harness.site.restarts == 0

    async def test_a_slot_is_another_app(self, harness: AppServiceHarness) -> None:
        slot = harness.sites.add(f"{SITE}/slots/staging", {"COLOUR": "green"})
        there = harness.with_settings(slot="staging")
        await harness.integration.deliver(there, harness.shipment(), CANARY)
        assert slot.settings == {"COLOUR": "green", SETTING: CANARY.reveal()}
        assert harness.site.settings == OTHERS
        settings = {**harness.settings, "slot": "staging"}
        assert KINDS["app-service"].resource(settings) != KINDS["app-service"].resource(harness.settings)

    async def test_an_empty_setting_is_none_of_ours(self, harness: AppServiceHarness) -> None:
        harness.site.settings[SETTING] = ""
        verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
        assert verdict.found is Found.ABSENT

    async def test_another_operation_in_progress_is_a_lost_race(self, harness: AppServiceHarness) -> None:
        busy = {"part": "arm", "action": "status", "status": 409, "match": {"method": "PUT"}}
        harness.faults.add({**busy, "times": 2})
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
        assert harness.site.restarts == 1
        harness.faults.add({**busy, "times": 9})
        with pytest.raises(Unavailable) as failed:
            await harness.integration.deliver(harness.destination, harness.shipment(1), NEWER)
        assert failed.value.reason == "conflict"

    async def test_a_service_that_loses_a_setting_is_told_of(self, harness: AppServiceHarness) -> None:
        put = harness.sites.put
        harness.sites.put = lambda site, settings: put(site, {k: v for k, v in settings.items() if k != "COLOUR"})  # type: ignore[method-assign]
        with pytest.raises(DestinationRefused, match="COLOUR") as failed:
            await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
        assert failed.value.reason == "other-change"


class TestEasyAuth:
    async def test_its_setting_is_known_and_must_be_there(self, harness: AppServiceHarness) -> None:
        there = harness.with_settings(preset="easy-auth", setting=None, mode=None, create=False)
        kind = made(harness, there)
        with pytest.raises(DestinationGone, match=EASY_AUTH_SETTING):
            await kind.deliver(there, harness.shipment(), CANARY)
        harness.site.settings[EASY_AUTH_SETTING] = "by hand"
        await kind.deliver(there, harness.shipment(), CANARY)
        assert harness.site.settings == {**OTHERS, EASY_AUTH_SETTING: CANARY.reveal()}
        assert "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID" in kind.describe(there).secretless


class TestTheReference:
    @pytest.fixture
    async def there(self, harness: AppServiceHarness) -> Destination:
        await self.publish(harness, CANARY)
        harness.sites.add(SITE, {**OTHERS, SETTING: URI})
        return harness.with_settings(mode="reference", create=False)

    async def publish(self, harness: AppServiceHarness, text: SecretText) -> Shipment:
        """Write a version and give its shipment."""
        version = await harness.vaults.at(HOME).write(NAME, NewVersion(text=text, tags={}))
        return replace(harness.shipment(), version=version)

    async def test_the_app_is_told_to_look_again_and_nothing_else(
        self, harness: AppServiceHarness, there: Destination
    ) -> None:
        kind = made(harness, there)
        assert kind.capabilities.mode is DeliveryMode.REFERENCE
        assert KINDS["app-service"].resource(there.settings) is None
        shipment = await self.publish(harness, NEWER)
        assert (await kind.verify(there, shipment, NEWER)).found is Found.OLDER
        receipt = await kind.deliver(there, shipment, NEWER)
        verdict = await kind.verify(there, shipment, NEWER)
        assert (verdict.found, verdict.level) == (Found.CURRENT, Level.STORED)
        site = harness.sites[SITE]
        assert (site.settings, site.refreshed, site.restarts) == ({**OTHERS, SETTING: URI}, 1, 1)
        assert receipt.facts == {"written": "told to look again"}
        assert not [seen for seen in harness.sites.seen if seen.startswith("PUT") or "appsettings/list" in seen]

    @pytest.mark.parametrize(
        ("value", "why"),
        [
            (URI.replace("/)", f"/{'a' * 32})"), "names a version"),
            (URI.replace("home", "other"), "leads to"),
            (URI.replace("entra-", "else-"), "leads to"),
            ("@Microsoft.KeyVault(VaultName=other;SecretName=x)", "leads to"),
        ],
    )
    async def test_a_reference_that_would_never_see_it_is_refused(
        self, harness: AppServiceHarness, there: Destination, value: str, why: str
    ) -> None:
        harness.sites.add(SITE, {SETTING: value})
        kind, shipment = made(harness, there), harness.shipment()
        with pytest.raises(DestinationRefused, match=why) as failed:
            await kind.deliver(there, shipment, CANARY)
        assert failed.value.reason == "reference-elsewhere"
        verdict = await kind.verify(there, shipment, CANARY)
        assert (verdict.found, why in verdict.why) == (Found.ABSENT, True)
        assert harness.sites[SITE].refreshed == 0

    @pytest.mark.parametrize("value", ["a text", "@Microsoft.KeyVault(SecretUri="])
    async def test_what_is_no_reference_is_said(
        self, harness: AppServiceHarness, there: Destination, value: str
    ) -> None:
        harness.sites.add(SITE, {SETTING: value})
        with pytest.raises(DestinationGone, match="Key Vault reference"):
            await made(harness, there).deliver(there, harness.shipment(), CANARY)
        assert harness.sites[SITE].refreshed == 0

    async def test_what_app_service_cannot_resolve_is_said(
        self, harness: AppServiceHarness, there: Destination
    ) -> None:
        harness.sites[SITE].resolved = {}
        verdict = await made(harness, there).verify(there, harness.shipment(), CANARY)
        assert (verdict.found, "SecretNotFound" in verdict.why) == (Found.ABSENT, True)

    async def test_a_busy_app_is_asked_later(self, harness: AppServiceHarness, there: Destination) -> None:
        harness.faults.add({"part": "arm", "action": "status", "status": 409, "match": {"method": "POST"}})
        with pytest.raises(Unavailable) as failed:
            await made(harness, there).deliver(there, harness.shipment(), CANARY)
        assert failed.value.reason == "conflict"

    async def test_the_check_looks_at_the_reference(self, harness: AppServiceHarness, there: Destination) -> None:
        kind = made(harness, there)
        assert (await kind.check(there)).readiness is Readiness.READY
        harness.sites.add(SITE, {SETTING: URI.replace("/)", "/0123456789abcdef0123456789abcdef)")})
        assert "version" in (await kind.check(there)).why


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"site": "payments", "setting": "X"}, "resource id looks like"),
        ({"site": f"{SITE}/slots/staging", "setting": "X"}, "named in `slot`"),
        ({"site": SITE.replace("Microsoft.Web/sites", "Microsoft.Web/serverfarms"), "setting": "X"}, "resource id"),
        ({"site": SITE}, "preset: easy-auth"),
        ({"site": SITE, "setting": "with space"}, "pattern"),
        ({"site": SITE, "setting": "X", "slot": "a/b"}, "pattern"),
        ({"site": SITE, "setting": "X", "mode": "direct"}, "reference"),
        ({"site": SITE, "setting": "X", "create": True}, "mode: setting"),
        ({"site": SITE, "preset": "easyauth"}, "easy-auth"),
    ],
)
def test_wrong_settings_are_refused_with_the_reason(settings: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        AppServiceSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"site": SITE.upper().replace("/SUBSCRIPTIONS", "/subscriptions")}, True),
        ({"create": True, "mode": "setting"}, False),
        ({"setting": "ANOTHER"}, False),
        ({"slot": "staging"}, False),
        ({"mode": "reference"}, True),
    ],
)
def test_an_approval_is_for_app_setting_and_whether_the_value_leaves(change: dict[str, Any], same: bool) -> None:
    settings = {"site": SITE, "setting": SETTING}
    kind = KINDS["app-service"]
    assert (kind.fingerprint(settings) == kind.fingerprint(settings | change)) == same


def test_references_are_read_in_both_spellings() -> None:
    assert parts(URI) == {"vault": "home", "name": NAME, "version": ""}
    named = "@Microsoft.KeyVault(VaultName=home;SecretName=x;SecretVersion=ab)"
    assert parts(named) == {"vault": "home", "name": "x", "version": "ab"}
    assert parts("@Microsoft.KeyVault(VaultName=home;SecretName=x)") == {"vault": "home", "name": "x", "version": ""}
