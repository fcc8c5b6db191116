"""Variable groups and service connections: nothing is lost, and what needs no secret gets none."""

import copy
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from rotation.domain.capability import Readiness
from rotation.domain.delivery import Found
from rotation.domain.errors import AccessDenied, DestinationGone, DestinationRefused, Unavailable
from rotation.domain.identifiers import ClientId
from rotation.integrations.catalogue import KINDS, Catalogue
from rotation.integrations.outbound.azure_devops import SCOPE
from tests.contract.azure_devops import PAT, AzureDevOpsHarness
from tests.contract.harness_azure_devops_service_connection import (
    AUTHORIZATION,
    CONNECTION,
    ServiceConnectionHarness,
)
from tests.contract.harness_azure_devops_variable_group import GROUP, OTHERS, VARIABLE, VariableGroupHarness
from tests.contract.harness_base import CANARY


@pytest.fixture
async def group() -> AsyncIterator[VariableGroupHarness]:
    async with VariableGroupHarness() as started:
        yield started


@pytest.fixture
async def connection() -> AsyncIterator[ServiceConnectionHarness]:
    async with ServiceConnectionHarness() as started:
        yield started


async def send(harness: AzureDevOpsHarness, **settings: object) -> None:
    await harness.integration.deliver(harness.with_settings(**settings), harness.shipment(), CANARY)


class TestTheVariableGroup:
    async def test_every_other_variable_stays_the_secret_ones_too(self, group: VariableGroupHarness) -> None:
        before = copy.deepcopy(group.devops.groups[GROUP])
        await send(group)
        after = group.devops.groups[GROUP]
        assert after["variables"] == {**OTHERS, VARIABLE: {"value": CANARY.reveal(), "isSecret": True}}
        for kept in ("name", "description", "type", "variableGroupProjectReferences"):
            assert after[kept] == before[kept]

    async def test_what_is_known_of_the_variable_stays(self, group: VariableGroupHarness) -> None:
        variables = group.devops.groups[GROUP]["variables"]
        variables[VARIABLE] = {"value": "by hand", "isSecret": True, "isReadOnly": True}
        await send(group, create=False)
        held = group.devops.groups[GROUP]["variables"][VARIABLE]
        assert held == {"value": CANARY.reveal(), "isSecret": True, "isReadOnly": True}

    async def test_a_name_that_is_not_there_may_be_a_misspelt_one(self, group: VariableGroupHarness) -> None:
        strict = group.with_settings(create=False)
        assert (await group.integration.check(strict)).readiness is Readiness.MISCONFIGURED
        with pytest.raises(DestinationGone, match="create: true"):
            await send(group, create=False)
        verdict = await group.integration.verify(strict, group.shipment(), CANARY)
        assert verdict.found is Found.ABSENT

    async def test_a_variable_that_everybody_sees_gets_no_secret(self, group: VariableGroupHarness) -> None:
        with pytest.raises(DestinationRefused, match="lock") as refused:
            await send(group, variable="COLOUR")
        assert refused.value.reason == "not-kept-secret"
        assert group.devops.groups[GROUP]["variables"] == OTHERS

    async def test_a_group_that_is_linked_to_a_vault_gets_none(self, group: VariableGroupHarness) -> None:
        group.devops.add_group(GROUP, {VARIABLE: {"value": None, "isSecret": True}}, type="AzureKeyVault")
        assert (await group.integration.check(group.destination)).readiness is Readiness.MISCONFIGURED
        with pytest.raises(DestinationRefused, match="remove this destination") as refused:
            await send(group)
        assert refused.value.reason == "takes-no-secret"

    async def test_a_group_that_does_not_name_its_projects_is_left_alone(self, group: VariableGroupHarness) -> None:
        group.devops.add_group(GROUP, OTHERS, variableGroupProjectReferences=None)
        with pytest.raises(DestinationRefused) as refused:
            await send(group)
        assert refused.value.reason == "unexpected-shape"

    async def test_a_service_that_forgets_the_others_is_found_out(self, group: VariableGroupHarness) -> None:
        """Were null not kept as it is documented, this is how it would show."""
        put = group.devops.put_group

        def forgets(number: int, sent: Mapping[str, Any]) -> None:
            put(number, {**sent, "variables": {VARIABLE: sent["variables"][VARIABLE]}})

        group.devops.put_group = forgets  # type: ignore[method-assign]
        with pytest.raises(DestinationRefused, match=r"variables\.COLOUR") as refused:
            await send(group)
        assert refused.value.reason == "other-change"

    async def test_a_lost_race_is_read_and_done_again(self, group: VariableGroupHarness) -> None:
        busy = {"part": "azure-devops", "action": "status", "status": 409, "match": {"method": "PUT"}}
        group.faults.add({**busy, "times": 1})
        await send(group)
        assert await group.taken() == 1
        group.faults.add({**busy, "times": 9})
        with pytest.raises(Unavailable) as failed:
            await send(group)
        assert failed.value.reason == "conflict"


class TestTheServiceConnection:
    async def test_everything_but_the_key_stays(self, connection: ServiceConnectionHarness) -> None:
        before = copy.deepcopy(connection.devops.connections[CONNECTION])
        await send(connection)
        after = connection.devops.connections[CONNECTION]
        assert after["authorization"].pop("parameters") == {
            **before["authorization"].pop("parameters"),
            "serviceprincipalkey": CANARY.reveal(),
        }
        told = {"modifiedBy", "modificationDate", "operationStatus"}
        assert {key: value for key, value in after.items() if key not in told} == before

    @pytest.mark.parametrize(
        ("authorization", "more", "why"),
        [
            ({"scheme": "WorkloadIdentityFederation"}, {}, "federation"),
            ({"scheme": "ManagedServiceIdentity"}, {}, "ManagedServiceIdentity"),
            ({"parameters": {"authenticationType": "spnCertificate"}}, {}, "certificate"),
            ({}, {"data": {"creationMode": "Automatic"}}, "Automatic"),
            ({}, {"type": "dockerregistry"}, "dockerregistry"),
        ],
    )
    async def test_what_needs_no_secret_gets_none_and_is_told_what_to_do(
        self, connection: ServiceConnectionHarness, authorization: dict[str, Any], more: dict[str, Any], why: str
    ) -> None:
        parameters = {**AUTHORIZATION["parameters"], **authorization.get("parameters", {})}  # type: ignore[dict-item]
        connection.devops.add_connection(
            CONNECTION, {**AUTHORIZATION, **authorization, "parameters": parameters}, **more
        )
        check = await connection.integration.check(connection.destination)
        assert (check.readiness, why in check.why) == (Readiness.MISCONFIGURED, True)
        with pytest.raises(DestinationRefused, match=why) as refused:
            await send(connection)
        assert refused.value.reason == "takes-no-secret"
        verdict = await connection.integration.verify(connection.destination, connection.shipment(), CANARY)
        assert verdict.found is Found.ABSENT
        assert connection.held == "CANARY~by hand"

    async def test_another_applications_secret_is_not_put_there(self, connection: ServiceConnectionHarness) -> None:
        other = replace(connection.shipment(), client_id=ClientId("5d1f3a52-aaaa-4bbb-8ccc-ffffffffffff"))
        with pytest.raises(DestinationRefused, match="signs in as") as refused:
            await connection.integration.deliver(connection.destination, other, CANARY)
        assert refused.value.reason == "another-application"
        assert connection.held == "CANARY~by hand"

    async def test_one_that_is_not_there_is_gone_though_the_answer_is_200(
        self, connection: ServiceConnectionHarness
    ) -> None:
        with pytest.raises(DestinationGone, match="no such object"):
            await send(connection, service_connection=CONNECTION.replace("1", "2"))

    async def test_one_that_is_not_ready_is_looked_at_again(self, connection: ServiceConnectionHarness) -> None:
        connection.devops.connections[CONNECTION]["isReady"] = False
        verdict = await connection.integration.verify(connection.destination, connection.shipment(), CANARY)
        assert (verdict.found, "not ready" in verdict.why) == (Found.ABSENT, True)


class TestSigningIn:
    async def test_the_sign_in_page_is_no_answer(self, group: VariableGroupHarness) -> None:
        group.devops.tokens.clear()
        with pytest.raises(AccessDenied, match="expired, revoked"):
            await send(group)

    async def test_our_identitys_token_goes_to_microsoft_only(self, group: VariableGroupHarness) -> None:
        ours = replace(group.destination, connection=None)
        with pytest.raises(DestinationRefused, match=r"dev\.azure\.com") as refused:
            await Catalogue(group.services).of(ours).check(ours)
        assert refused.value.reason == "address-not-allowed"
        assert group.devops.seen == []

    async def test_our_identity_asks_for_a_token_of_azure_devops(
        self, group: VariableGroupHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rotation.integrations.outbound.azure_devops._MICROSOFTS", _Anything())
        group.devops.tokens.add((await group.token(SCOPE)).reveal())
        group.devops.tokens.discard(PAT)
        ours = replace(group.destination, connection=None)
        assert (await Catalogue(group.services).of(ours).check(ours)).readiness is Readiness.READY


class _Anything:
    """Matches every address: the sandbox is not at dev.azure.com."""

    def match(self, _text: str) -> bool:
        return True


HOME = {"organization": "https://dev.azure.com/contoso/", "project": "Payments"}
VARIABLES = {**HOME, "group": GROUP, "variable": VARIABLE}
ENDPOINT = {**HOME, "service_connection": CONNECTION}


@pytest.mark.parametrize(
    ("kind", "settings", "problem"),
    [
        ("azure-devops-variable-group", VARIABLES | {"organization": "contoso"}, "https://dev.azure.com/contoso"),
        ("azure-devops-variable-group", VARIABLES | {"organization": "http://dev.azure.com/x"}, "looks like"),
        ("azure-devops-variable-group", VARIABLES | {"organization": "https://pat@dev.azure.com/x"}, "looks like"),
        ("azure-devops-variable-group", VARIABLES | {"project": "a/b"}, "pattern"),
        ("azure-devops-variable-group", VARIABLES | {"group": 0}, "greater than 0"),
        ("azure-devops-variable-group", VARIABLES | {"group": "prod"}, "integer"),
        ("azure-devops-variable-group", VARIABLES | {"variable": ""}, "pattern"),
        ("azure-devops-service-connection", ENDPOINT | {"service_connection": "azure-production"}, "resourceId"),
        ("azure-devops-service-connection", HOME, "service_connection"),
    ],
)
def test_wrong_settings_are_refused_with_the_reason(kind: str, settings: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        KINDS[kind].settings_model.model_validate(settings)


def test_two_spellings_of_one_group_are_one_resource() -> None:
    kind = KINDS["azure-devops-variable-group"]
    shouted = VARIABLES | {"organization": "https://dev.azure.com/CONTOSO"}
    assert kind.resource(VARIABLES) == kind.resource(shouted)
    assert kind.fingerprint(VARIABLES) == kind.fingerprint(shouted)
    assert kind.fingerprint(VARIABLES) != kind.fingerprint(VARIABLES | {"variable": "ANOTHER"})
    assert kind.fingerprint(VARIABLES) != kind.fingerprint(VARIABLES | {"group": 8})


def test_each_says_how_to_do_without_a_secret() -> None:
    for kind, settings in (("azure-devops-variable-group", VARIABLES), ("azure-devops-service-connection", ENDPOINT)):
        assert "workload identity federation" in KINDS[kind].read(settings).describe().secretless
