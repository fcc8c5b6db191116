from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rotation.domain.delivery import HandOff, Shipment
from rotation.domain.errors import DestinationRefused
from rotation.domain.policy import Destination
from rotation.integrations.catalogue import KINDS, Catalogue
from rotation.integrations.kinds.hand_off.vault_link import vault_link
from tests.contract.harness_base import CANARY, CLIENT, TENANT
from tests.contract.harness_hand_off import HandOffHarness

WOLF = {"preset": "arctic-wolf-ma"}
FISH = {"preset": "syncfish-azure-source-onprem", "application_id": CLIENT, "server": "SRV-CISYNC-01"}
FISH_OTHER = FISH | {"preset": "syncfish-other-source-onprem", "source_system": "Intune"}
FISH_SELF = FISH | {"preset": "syncfish-agent-self"}
FISH_SAAS = {
    "preset": "syncfish-azure-source-saas",
    "application_id": CLIENT,
    "address": "https://contoso.syncfish.app",
}
SENSOR = {"preset": "arctic-wolf-cloud-sensor", "account": "Contoso M365"}
RESPONSE = {"preset": "arctic-wolf-m365-active-response"}
FEDERATED = {"preset": "arctic-wolf-federated-sign-in"}
AURORA = {"preset": "arctic-wolf-aurora-directory"}
CUSTOM = {
    "preset": "custom",
    "product": "Legacy ERP",
    "where": "https://erp.example > Settings",
    "fields": [
        {"label": "Client secret", "value": "$secret_link"},
        {"label": "Costs", "value": "$$5, until $expires_on"},
    ],
    "checklist": ["Click Save."],
    "questions": ["Was it saved?"],
    "warnings": ["It signs everybody out."],
}
EVERY = (WOLF, FISH, FISH_OTHER, FISH_SELF, FISH_SAAS, SENSOR, RESPONSE, FEDERATED, AURORA, CUSTOM)


@pytest.fixture
def harness() -> HandOffHarness:
    return HandOffHarness()


async def hand_off(harness: HandOffHarness, settings: dict[str, Any], **changes: Any) -> HandOff:
    to = Destination(name=harness.destination.name, kind="hand-off", settings=settings, fingerprint="")
    plan = await Catalogue(harness.services).of(to).plan(to, replace(harness.shipment(), **changes), CANARY)
    assert plan.hand_off is not None
    return plan.hand_off


def fields(handed: HandOff) -> dict[str, str]:
    return {field.label: field.value for field in handed.fields}


def everything(handed: HandOff) -> str:
    shown = [text for field in handed.fields for text in (field.label, field.value, field.note)]
    return "\n".join([handed.title, handed.where, *shown, *handed.checklist, *handed.questions, *handed.warnings])


async def test_arctic_wolf_gets_all_six_fields_of_new_integration(harness: HandOffHarness) -> None:
    shipment = harness.shipment()
    handed = await hand_off(
        harness, WOLF | {"ad_group": "Awareness learners"}, end_at=datetime(2028, 5, 20, 13, 0, tzinfo=UTC)
    )
    assert fields(handed) == {
        "AD Group": "Awareness learners",
        "Integration Type": "Microsoft Entra ID",
        "Integration Nickname": shipment.description,
        "Application ID": CLIENT,
        "Directory ID": TENANT,
        "Client Secret Value": shipment.secret_id,
        "Client Secret Value Expiration Date": "2028-05-19",
    }
    assert "Friday, 19 May 2028" in everything(handed)
    assert [field.label for field in handed.fields if field.link] == ["Client Secret Value"]


async def test_arctic_wolf_is_told_in_the_portal_s_order_and_asked_about_the_group(harness: HandOffHarness) -> None:
    handed = await hand_off(harness, WOLF)
    said = "\n".join(handed.checklist)
    order = [
        "Do not delete the old secret: Rotation removes it",
        "not the Secret ID, without spaces",
        "Write down the AD Group",
        "Reset Integration, then Yes",
        "Test Connection, then Acknowledge",
        "Save Credentials",
        "select the AD Group that you wrote down, and synchronise it",
    ]
    places = [said.index(step) for step in order]
    assert places == sorted(places)
    assert [record.partition(" ")[0] for record in handed.records] == ["AD", "Number"]
    assert any("selected and synchronised again" in question for question in handed.questions)
    assert "before Reset Integration" in fields(handed)["AD Group"]
    assert any("discards" in warning for warning in handed.warnings)


async def test_syncfish_is_told_server_program_tab_and_to_save(harness: HandOffHarness) -> None:
    handed = await hand_off(harness, FISH)
    assert handed.where == "SRV-CISYNC-01 > CISynchronizerAgent Config Utility > Source Systems > Azure"
    said = "\n".join(handed.checklist)
    places = [
        said.index(step)
        for step in ("Source Systems", "Replace the client secret", "Setup & Test, then Yes", "Click Save")
    ]
    assert places == sorted(places)
    assert handed.questions[-1] == "Was Save clicked afterwards?"


@pytest.mark.parametrize("settings", [FISH, FISH_OTHER, FISH_SELF, FISH_SAAS, CUSTOM | {"application_id": CLIENT}])
async def test_another_application_s_secret_is_refused_before_anybody_is_bothered(
    harness: HandOffHarness, settings: dict[str, Any]
) -> None:
    with pytest.raises(DestinationRefused) as refused:
        await hand_off(harness, settings, client_id="99999999-aaaa-4bbb-8ccc-0123456789ab")
    assert refused.value.reason == "another-application"
    assert CLIENT in refused.value.message


async def test_ids_are_compared_without_regard_to_case(harness: HandOffHarness) -> None:
    assert fields(await hand_off(harness, FISH, client_id=CLIENT.upper()))["Application ID"] == CLIENT.upper()


async def test_a_custom_form_is_filled_in(harness: HandOffHarness) -> None:
    handed = await hand_off(harness, CUSTOM, end_at=datetime(2028, 5, 20, tzinfo=UTC))
    assert fields(handed)["Costs"] == "$5, until 2028-05-19"
    assert handed.title == "Legacy ERP: give it the new client secret of payments <b>&"
    assert handed.checklist[-1] == "Click Save."
    assert "Do not delete the old secret" in handed.checklist[0]


@pytest.mark.parametrize("settings", EVERY)
async def test_names_with_gaps_in_them_stay_as_they_are(harness: HandOffHarness, settings: dict[str, Any]) -> None:
    handed = await hand_off(harness, settings, application_name="$secret_id ${x} $$ %s {0}")
    assert "$secret_id ${x} $$ %s {0}" in handed.title


@pytest.mark.parametrize("settings", EVERY)
async def test_an_unknown_hint_leaves_no_gap(harness: HandOffHarness, settings: dict[str, Any]) -> None:
    said = everything(await hand_off(harness, settings, hint=None, previous_end_at=None))
    assert "None" not in said
    assert "$" not in said.replace("$5", "")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"end_at": datetime(2026, 3, 3, 23, 0, tzinfo=UTC)}, "ends-too-soon"),
        ({"end_at": datetime(2025, 3, 2, tzinfo=UTC)}, "ends-too-soon"),
        ({"tenant_id": "contoso.example"}, "not-a-guid"),
        ({"client_id": "payments"}, "not-a-guid"),
    ],
)
async def test_what_the_form_would_refuse_is_found_before(
    harness: HandOffHarness, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DestinationRefused) as refused:
        await hand_off(harness, WOLF, **changes)
    assert refused.value.reason == reason


async def test_the_day_after_tomorrow_is_soon_enough(harness: HandOffHarness) -> None:
    ends = harness.clock.now() + timedelta(days=2)
    assert fields(await hand_off(harness, WOLF, end_at=ends))["Client Secret Value Expiration Date"] == "2026-03-03"


@pytest.mark.parametrize(
    ("vault", "link"),
    [
        ("https://kv.vault.azure.net/", "https://portal.azure.com/#@{t}/asset/Microsoft_Azure_KeyVault/Secret/{s}"),
        ("https://kv.vault.azure.cn", "https://portal.azure.cn/#@{t}/asset/Microsoft_Azure_KeyVault/Secret/{s}"),
        ("https://localhost:9443", "{s}"),
        ("https://vault.azure.net.evil.example", "{s}"),
    ],
)
async def test_the_link_leads_to_the_version_in_the_cloud_s_portal(
    harness: HandOffHarness, vault: str, link: str
) -> None:
    shipment: Shipment = replace(harness.shipment(), vault_url=vault)
    assert vault_link(shipment) == link.format(t=TENANT, s=shipment.secret_id)


async def test_every_preset_of_the_catalogue_is_tried_here() -> None:
    schema = KINDS["hand-off"].settings_model.model_json_schema()
    known = {
        definition["properties"]["preset"]["const"]
        for definition in schema["$defs"].values()
        if "preset" in definition.get("properties", {})
    }
    assert known == {settings["preset"] for settings in EVERY}
