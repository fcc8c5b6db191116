"""What is AWS' own: JSON secrets, names in deletion, versions, roles, and an SDK that logs what it sends."""

import json
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from rotation.domain.capability import Concurrency, Readiness
from rotation.domain.delivery import Found
from rotation.domain.errors import DestinationGone, DestinationRefused, Unavailable
from rotation.domain.secret import SecretText
from rotation.integrations.catalogue import KINDS
from tests.contract.harness_aws_secrets_manager import SECRET, SecretsManagerHarness
from tests.contract.harness_aws_ssm_parameter import PARAMETER, SsmParameterHarness
from tests.contract.harness_base import CANARY, CANARY_MARK, NEWER

MANAGER, PARAMETERS = "aws-secrets-manager", "aws-ssm-parameter"
BASE: Mapping[str, Mapping[str, Any]] = {
    MANAGER: {"region": "eu-central-1", "secret": SECRET},
    PARAMETERS: {"region": "eu-central-1", "parameter": PARAMETER},
}


@pytest.fixture
async def manager() -> AsyncIterator[SecretsManagerHarness]:
    async with SecretsManagerHarness() as started:
        yield started


@pytest.fixture
async def parameters() -> AsyncIterator[SsmParameterHarness]:
    async with SsmParameterHarness() as started:
        yield started


@pytest.mark.parametrize(
    ("kind", "changes", "problem"),
    [
        (MANAGER, {"region": "Frankfurt"}, "region"),
        (MANAGER, {"region": "eu-central-1.evil.example/"}, "region"),
        (MANAGER, {"secret": "erp payments"}, "secret"),
        (MANAGER, {"field": "two words"}, "field"),
        (MANAGER, {"endpoint_url": "http://localhost:5000"}, "only https"),
        (MANAGER, {"sts_endpoint_url": "https://me:secret@sts.example"}, "no password"),
        (PARAMETERS, {"parameter": "/erp/${x}"}, "parameter"),
        (PARAMETERS, {"tier": "Gold"}, "tier"),
        (PARAMETERS, {"kms_key": "my key"}, "kms_key"),
        (PARAMETERS, {"type": "String"}, "type"),
    ],
)
def test_wrong_settings_are_refused_with_the_reason(kind: str, changes: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        KINDS[kind].settings_model.model_validate({**BASE[kind], **changes})


@pytest.mark.parametrize("kind", [MANAGER, PARAMETERS])
def test_another_place_is_another_destination(kind: str) -> None:
    one = KINDS[kind].fingerprint(BASE[kind])
    for changes in (
        {"region": "us-east-1"},
        {"endpoint_url": "https://vpce.example"},
        {"sts_endpoint_url": "https://s.example"},
    ):
        assert KINDS[kind].fingerprint({**BASE[kind], **changes}) != one
    assert KINDS[kind].fingerprint({**BASE[kind], "timeout_seconds": 5}) == one


class TestSecretsManager:
    async def value(self, manager: SecretsManagerHarness) -> Any:
        return (await manager.administrate("get_secret_value", SecretId=SECRET))["SecretString"]

    async def test_one_key_of_a_json_secret_is_written_and_the_others_stay(
        self, manager: SecretsManagerHarness
    ) -> None:
        theirs = {"user": "erp", "port": 5432, "nested": {"a": [1]}}
        await manager.administrate("put_secret_value", SecretId=SECRET, SecretString=json.dumps(theirs))
        to = manager.with_settings(field="client_secret")
        for place, text in ((0, CANARY), (1, NEWER)):
            await manager.integration.deliver(to, manager.shipment(place), text)
            assert json.loads(await self.value(manager)) == {**theirs, "client_secret": text.reveal()}

    def test_a_json_secret_is_written_by_one_delivery_at_a_time(self) -> None:
        kind, settings = KINDS[MANAGER], {**BASE[MANAGER], "field": "client_secret"}
        assert kind.resource(settings) == f"aws:secretsmanager:eu-central-1:{SECRET}"
        assert kind.capabilities(settings).concurrency is Concurrency.LEASE
        assert kind.resource(BASE[MANAGER]) is None

    @pytest.mark.parametrize("text", [f"{CANARY_MARK}no json", '["CANARY~a list"]'])
    async def test_a_secret_that_is_no_object_has_no_keys(self, manager: SecretsManagerHarness, text: str) -> None:
        await manager.administrate("put_secret_value", SecretId=SECRET, SecretString=text)
        with pytest.raises(DestinationRefused) as refused:
            await manager.integration.deliver(manager.with_settings(field="client_secret"), manager.shipment(), CANARY)
        assert refused.value.reason == "unexpected-shape"
        assert CANARY_MARK not in repr(refused.value)

    async def test_a_secret_that_is_being_deleted_is_not_written(self, manager: SecretsManagerHarness) -> None:
        await manager.administrate("delete_secret", SecretId=SECRET, RecoveryWindowInDays=7)
        with pytest.raises(DestinationGone, match="scheduled for deletion"):
            await manager.integration.deliver(manager.destination, manager.shipment(), CANARY)
        with pytest.raises(DestinationGone):
            await manager.integration.check(manager.destination)

    async def test_a_strangers_value_is_covered_only_when_it_may_be_adopted(
        self, manager: SecretsManagerHarness
    ) -> None:
        await manager.administrate("put_secret_value", SecretId=SECRET, SecretString="theirs")
        assert (await manager.integration.check(manager.destination)).readiness is Readiness.MISCONFIGURED
        with pytest.raises(DestinationRefused) as refused:
            await manager.integration.deliver(manager.destination, manager.shipment(), CANARY)
        assert (refused.value.reason, await self.value(manager)) == ("destination-name-taken", "theirs")
        await manager.integration.deliver(manager.with_settings(adopt=True), manager.shipment(), CANARY)
        assert await self.value(manager) == CANARY.reveal()

    async def test_a_strangers_version_after_ours_is_not_ours(self, manager: SecretsManagerHarness) -> None:
        await manager.integration.deliver(manager.destination, manager.shipment(), CANARY)
        await manager.administrate("put_secret_value", SecretId=SECRET, SecretString="theirs")
        verdict = await manager.integration.verify(manager.destination, manager.shipment(), CANARY)
        assert (verdict.found, verdict.foreign) == (Found.ABSENT, True)

    async def test_a_missing_secret_is_made_only_when_asked(self, manager: SecretsManagerHarness) -> None:
        missing = manager.with_settings(secret="erp/new")
        assert (await manager.integration.check(missing)).readiness is Readiness.MISCONFIGURED
        with pytest.raises(DestinationGone, match="create: true"):
            await manager.integration.deliver(missing, manager.shipment(), CANARY)
        to = manager.with_settings(secret="erp/new", create=True)
        first = await manager.integration.deliver(to, manager.shipment(), CANARY)
        assert (await manager.integration.deliver(to, manager.shipment(), CANARY)).reference == first.reference
        told = await manager.administrate("describe_secret", SecretId="erp/new")
        assert {tag["Key"] for tag in told["Tags"]} >= {"managed-by", "rotation", "line", "key-id", "secret-version"}
        assert (await manager.integration.verify(to, manager.shipment(), CANARY)).found is Found.CURRENT


class TestParameters:
    async def test_it_is_always_a_secure_string(self, parameters: SsmParameterHarness) -> None:
        to = parameters.with_settings(tier="Advanced", kms_key="alias/erp")
        await parameters.integration.deliver(to, parameters.shipment(), CANARY)
        (told,) = (await parameters.administrate("describe_parameters"))["Parameters"]
        assert (told["Type"], told["Tier"], told["KeyId"]) == ("SecureString", "Advanced", "alias/erp")
        assert json.loads(told["Description"])["managed-by"] == "Rotation"
        assert CANARY_MARK not in told["Description"]

    async def test_a_strangers_value_is_covered_only_when_it_may_be_adopted(
        self, parameters: SsmParameterHarness
    ) -> None:
        await parameters.administrate("put_parameter", Name=PARAMETER, Value="theirs", Type="SecureString")
        assert (await parameters.integration.check(parameters.destination)).readiness is Readiness.MISCONFIGURED
        with pytest.raises(DestinationRefused) as refused:
            await parameters.integration.deliver(parameters.destination, parameters.shipment(), CANARY)
        assert refused.value.reason == "destination-name-taken"
        await parameters.integration.deliver(parameters.with_settings(adopt=True), parameters.shipment(), CANARY)
        assert await parameters.taken() == 2

    async def test_the_newest_of_many_versions_counts(self, parameters: SsmParameterHarness) -> None:
        """The history comes in pages, oldest first."""
        for _each in range(60):
            await parameters.administrate(
                "put_parameter", Name=PARAMETER, Value="theirs", Type="SecureString", Overwrite=True
            )
        to = parameters.with_settings(adopt=True)
        await parameters.integration.deliver(to, parameters.shipment(1), NEWER)
        with pytest.raises(DestinationRefused) as refused:
            await parameters.integration.deliver(to, parameters.shipment(0), CANARY)
        assert refused.value.reason == "newer-is-there"


class AsRole(SecretsManagerHarness):
    """Signs in with our identity's token, at the emulator's STS."""

    connection: ClassVar[Mapping[str, object] | None] = {
        "type": "aws-role",
        "role_arn": "arn:aws:iam::123456789012:role/rotation",
        "audience": "api://aws-rotation",
    }

    def __init__(self) -> None:
        super().__init__()
        self.scopes: list[str] = []

    @property
    def settings(self) -> Mapping[str, object]:
        return {**super().settings, "sts_endpoint_url": self.url}

    async def token(self, scope: str) -> SecretText:
        self.scopes.append(scope)
        return await super().token(scope)


async def test_a_role_is_assumed_with_our_identitys_token_and_logs_show_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with AsRole() as harness:
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
        verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
    assert verdict.found is Found.CURRENT
    assert set(harness.scopes) == {"api://aws-rotation/.default"}
    assert not [text for text in (caplog.text, *harness.calls) if CANARY_MARK in text]
    assert logging.getLogger("botocore.endpoint").getEffectiveLevel() >= logging.INFO


async def test_an_answer_that_is_not_of_aws_is_told_without_the_token() -> None:
    """STS speaks XML; something between answers in JSON."""
    async with AsRole() as harness:
        harness.fail("denied")
        with pytest.raises(Unavailable, match="ResponseParserError") as refused:
            await harness.integration.check(harness.destination)
    assert CANARY_MARK not in repr(refused.value)


@pytest.mark.parametrize("setting", ["endpoint_url", "sts_endpoint_url"])
async def test_private_addresses_need_permission(manager: SecretsManagerHarness, setting: str) -> None:
    to = manager.with_settings(**{"endpoint_url": None, setting: manager.url, "private_network": False})
    with pytest.raises(DestinationRefused) as refused:
        await manager.integration.check(to)
    assert refused.value.reason == "address-not-allowed"
