from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from rotation.config import load
from rotation.config.problem import ConfigurationRefused
from rotation.domain.delivery import DeliveryMode, Level
from rotation.domain.identifiers import DestinationName
from rotation.integrations.catalogue import KINDS

VAULT = {"vault": "https://Other.vault.azure.net/", "secret": "payments"}
HOOK = {"url": "https://erp.example/hook", "signing_secret": "erp-signing"}
WOLF = {"preset": "arctic-wolf-ma"}
FISH = {
    "preset": "syncfish-azure-source-onprem",
    "application_id": "5D1F3A52-aaaa-4bbb-8ccc-0123456789ab",
    "server": "SRV-01",
}
CUSTOM = {
    "preset": "custom",
    "product": "Legacy ERP",
    "where": "Settings > Sign-in",
    "fields": [{"label": "Client secret", "value": "$secret_link"}],
    "checklist": ["Click Save."],
    "questions": ["Was it saved?"],
}


@pytest.mark.parametrize(
    ("kind", "settings", "problem"),
    [
        ("key-vault", VAULT | {"vault": "http://other.vault.azure.net"}, "https"),
        ("key-vault", VAULT | {"vault": "https://other.vault.azure.net/secrets/x"}, "https"),
        ("key-vault", VAULT | {"secret": "under_score"}, "pattern"),
        ("webhook", HOOK | {"url": "http://erp.example/hook"}, "only https"),
        ("webhook", HOOK | {"url": "https://me:pw@erp.example/hook"}, "no user"),
        ("webhook", HOOK | {"url": "https:///hook"}, "only https"),
        ("webhook", HOOK | {"url": "https://erp.example/#x"}, "no #fragment"),
        ("webhook", HOOK | {"url": "https://erp..example/hook"}, "'erp..example' is no host name"),
        ("vault-kv", {"address": f"https://{'a' * 64}.example"}, "is no host name"),
        ("webhook", HOOK | {"verify_url": "https://other.example/state"}, "allowed_hosts"),
        ("webhook", HOOK | {"allowed_hosts": ["other.example"]}, "allowed_hosts"),
        ("webhook", HOOK | {"timeout_seconds": 0}, "greater than 0"),
        ("hand-off", {"preset": "unknown"}, "preset"),
        ("hand-off", {}, "preset"),
        ("hand-off", FISH | {"application_id": "not-a-guid"}, "GUID"),
        ("hand-off", {k: v for k, v in FISH.items() if k != "application_id"}, "application_id"),
        ("hand-off", WOLF | {"server": "SRV-01"}, "server"),
        ("hand-off", WOLF | {"portal_url": "javascript:alert(1)"}, "https"),
        ("hand-off", CUSTOM | {"checklist": ["Pay $5"]}, "lone \\$"),
        ("hand-off", CUSTOM | {"where": "$secret_text"}, "no gap \\$secret_text; there are"),
        ("hand-off", CUSTOM | {"fields": [{"label": "Name", "value": "x"}]}, "secret_link"),
        ("hand-off", CUSTOM | {"questions": []}, "questions"),
    ],
)
def test_wrong_settings_are_refused_with_the_reason(kind: str, settings: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        KINDS[kind].settings_model.model_validate(settings)


@pytest.mark.parametrize(
    ("kind", "settings", "change"),
    [
        ("key-vault", VAULT, {"vault": "https://third.vault.azure.net"}),
        ("key-vault", VAULT, {"secret": "billing"}),
        ("webhook", HOOK, {"url": "https://erp.example/other"}),
        ("webhook", HOOK, {"verify_url": "https://erp.example/state"}),
        ("webhook", HOOK, {"signing_secret": "another"}),
        ("webhook", HOOK, {"send_value": True}),
        ("webhook", HOOK, {"private_network": True}),
        ("hand-off", WOLF, {"portal_url": "https://contoso.arcticwolf.example"}),
        ("hand-off", FISH, {"server": "SRV-02"}),
        ("hand-off", FISH, {"application_id": "5d1f3a52-aaaa-4bbb-8ccc-0123456789ac"}),
        ("hand-off", CUSTOM, {"where": "elsewhere"}),
    ],
)
def test_what_leads_elsewhere_needs_a_new_approval(kind: str, settings: dict[str, Any], change: dict[str, Any]) -> None:
    assert KINDS[kind].fingerprint(settings) != KINDS[kind].fingerprint(settings | change)


@pytest.mark.parametrize(
    ("kind", "settings", "change"),
    [
        ("key-vault", VAULT, {"vault": "https://other.vault.azure.net"}),
        ("key-vault", VAULT, {"adopt": True, "content_type": "application/json"}),
        ("webhook", HOOK, {"timeout_seconds": 30, "allowed_hosts": ["erp.example"]}),
        ("hand-off", WOLF, {"ad_group": "Learners"}),
        ("hand-off", FISH, {"application_id": "5d1f3a52-aaaa-4bbb-8ccc-0123456789ab"}),
        ("hand-off", CUSTOM, {"checklist": ["Click Save twice."]}),
    ],
)
def test_wording_and_patience_need_none(kind: str, settings: dict[str, Any], change: dict[str, Any]) -> None:
    assert KINDS[kind].fingerprint(settings) == KINDS[kind].fingerprint(settings | change)


def test_kinds_with_the_same_settings_have_other_fingerprints() -> None:
    settings = ({"preset": "custom"} | CUSTOM, WOLF, FISH)
    assert len({KINDS["hand-off"].fingerprint(each) for each in settings}) == len(settings)


@pytest.mark.parametrize(
    ("kind", "settings", "mode", "level"),
    [
        ("key-vault", VAULT, DeliveryMode.AUTOMATIC, Level.STORED),
        ("webhook", HOOK, DeliveryMode.AUTOMATIC, Level.ACCEPTED),
        ("webhook", HOOK | {"verify_url": "https://erp.example/s"}, DeliveryMode.AUTOMATIC, Level.AUTHENTICATES),
        ("hand-off", WOLF, DeliveryMode.ASSISTED, Level.ACCEPTED),
    ],
)
def test_what_a_destination_can_do_follows_from_its_settings(
    kind: str, settings: dict[str, Any], mode: DeliveryMode, level: Level
) -> None:
    able = KINDS[kind].capabilities(settings)
    assert (able.mode, able.level) == (mode, level)


def test_only_what_destroys_waits_for_an_approval_by_itself() -> None:
    assert KINDS["hand-off"].default_approval(WOLF)
    assert not KINDS["hand-off"].default_approval(FISH)
    assert not KINDS["hand-off"].default_approval(CUSTOM)
    assert KINDS["hand-off"].default_approval(CUSTOM | {"destructive": True})
    assert not KINDS["key-vault"].default_approval(VAULT)


def test_a_configuration_file_names_every_kind() -> None:
    text = """
    destinations:
      erp-vault:
        kind: key-vault
        vault: https://erp.vault.azure.net
        secret: payments
      erp-hook:
        kind: webhook
        url: https://erp.example/hook
        signing_secret: erp-signing
        allowed_hosts: [erp.example]
      awareness:
        kind: hand-off
        preset: arctic-wolf-ma
    """
    found = load(text, name="rotation.yaml", kinds=KINDS).configuration.destinations
    assert set(found) == {"erp-vault", "erp-hook", "awareness"}
    wolf = found[DestinationName("awareness")]
    assert wolf.approval
    assert wolf.fingerprint == KINDS["hand-off"].fingerprint(WOLF)


def test_a_host_that_is_none_is_told_with_its_file_line_and_field() -> None:
    text = """
destinations:
  hook: {kind: webhook, url: "https://a..b.example/hook", signing_secret: s}
  base: {kind: postgresql, host: db..example}
  file: {kind: agent, storage: dotenv, host: srv..example}
"""
    with pytest.raises(ConfigurationRefused) as refused:
        load(text, name="rotation.yaml", kinds=KINDS)
    told = "\n".join(refused.value.problems)
    assert "rotation.yaml:3:25  destinations.hook.url: 'a..b.example' is no host name" in told
    assert "rotation.yaml:4:28  destinations.base.host: 'db..example' is no host name" in told
    assert "rotation.yaml:5:40  destinations.file.host: 'srv..example' is no host name" in told
