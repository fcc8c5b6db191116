"""What is GitHub's own: places, organisations, Apps, limits."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rotation.domain.capability import Readiness
from rotation.domain.delivery import Found
from rotation.domain.errors import AccessDenied, DestinationRefused, Throttled
from rotation.integrations.catalogue import KINDS, Catalogue
from tests.contract.harness_base import CANARY, NEWER
from tests.contract.harness_github_secret import APP_PEM, OLD, GitHubSecretHarness, Kept

BASE = {"owner": "contoso", "repository": "erp", "name": "AZURE_CLIENT_SECRET"}


@pytest.fixture
async def harness() -> AsyncIterator[GitHubSecretHarness]:
    async with GitHubSecretHarness() as started:
        yield started


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "GITHUB_TOKEN"}, "to itself"),
        ({"name": "azure-client-secret"}, "pattern"),
        ({"owner": "con/toso"}, "pattern"),
        ({"repository": None, "environment": "prod"}, "name it"),
        ({"environment": "prod", "store": "dependabot"}, "Actions only"),
        ({"store": "packages"}, "actions"),
        ({"api_url": "http://github.contoso.example/api/v3"}, "only https"),
        ({"api_url": "https://api.github.com?x=1"}, "no \\?query"),
    ],
)
def test_wrong_settings_are_refused_with_the_reason(changes: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        KINDS["github-secret"].settings_model.model_validate({**BASE, **changes})


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({}, "/repos/contoso/erp/actions/secrets/AZURE_CLIENT_SECRET"),
        ({"store": "dependabot"}, "/repos/contoso/erp/dependabot/secrets/AZURE_CLIENT_SECRET"),
        ({"environment": "prod eu"}, "/repos/contoso/erp/environments/prod eu/secrets/AZURE_CLIENT_SECRET"),
    ],
)
async def test_each_place_has_a_secret_of_its_own(
    harness: GitHubSecretHarness, changes: dict[str, Any], path: str
) -> None:
    await harness.integration.deliver(harness.with_settings(**changes), harness.shipment(), CANARY)
    assert any(call.endswith(path) for call in harness.calls)
    assert [kept.value for kept in harness.github.secrets.values()] == [CANARY.reveal()]


class TestOrganisations:
    PATH: ClassVar[str] = "/orgs/contoso/actions/secrets/AZURE_CLIENT_SECRET"

    @pytest.mark.parametrize(
        ("visibility", "selected"), [("private", ()), ("all", ()), ("selected", tuple(range(230)))]
    )
    async def test_who_may_use_it_stays(
        self, harness: GitHubSecretHarness, visibility: str, selected: tuple[int, ...]
    ) -> None:
        harness.github.secrets[self.PATH] = Kept("old", OLD, visibility, selected)
        await harness.integration.deliver(harness.with_settings(repository=None), harness.shipment(), NEWER)
        kept = harness.github.secrets[self.PATH]
        assert (kept.value, kept.visibility, kept.selected) == (NEWER.reveal(), visibility, selected)

    async def test_one_that_is_not_there_is_not_made_for_we_do_not_know_for_whom(
        self, harness: GitHubSecretHarness
    ) -> None:
        to = harness.with_settings(repository=None)
        check = await harness.integration.check(to)
        assert (check.readiness, "create it once" in check.why) == (Readiness.MISCONFIGURED, True)
        with pytest.raises(DestinationRefused) as refused:
            await harness.integration.deliver(to, harness.shipment(), CANARY)
        assert refused.value.reason == "visibility-unknown"
        assert not harness.github.secrets


class AsApp(GitHubSecretHarness):
    connection: ClassVar[Mapping[str, object] | None] = {
        "type": "github-app",
        "app_id": 42,
        "installation_id": 7,
        "secret": "connection",
    }
    connection_text = APP_PEM


async def test_an_app_signs_in_for_its_installation() -> None:
    async with AsApp() as harness:
        harness.github.token = "ghs_installation"
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
        assert await harness.taken() == 1


async def test_a_wrong_key_of_an_app_is_told_without_showing_it() -> None:
    class Wrong(AsApp):
        connection_text = "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----"

    async with Wrong() as harness:
        with pytest.raises(AccessDenied) as refused:
            await harness.integration.check(harness.destination)
    assert refused.value.reason == "connection-secret-wrong"
    assert "nonsense" not in repr(refused.value)


async def test_it_is_honest_about_what_nobody_can_see(harness: GitHubSecretHarness) -> None:
    assert (await harness.integration.verify(harness.destination, harness.shipment(), CANARY)).found is Found.ABSENT
    await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
    assert verdict.found is Found.UNKNOWABLE
    assert "2026-01-02 03:04" in verdict.why


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "31"}, timedelta(seconds=31)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}, timedelta(hours=1)),
    ],
)
async def test_limits_come_as_403_and_are_waited_for(headers: dict[str, str], wait: timedelta) -> None:
    class Limited(GitHubSecretHarness):
        def product(self) -> Starlette:
            async def limited(_request: Request) -> Response:
                return JSONResponse({"message": "API rate limit exceeded"}, status_code=403, headers=headers)

            return Starlette(routes=[Route("/{path:path}", limited, methods=["GET", "PUT", "POST"])])

    async with Limited() as harness:
        with pytest.raises(Throttled) as throttled:
            await Catalogue(harness.services).of(harness.destination).check(harness.destination)
    assert throttled.value.retry_after == wait


def test_a_workflow_could_do_without() -> None:
    told = KINDS["github-secret"].read(BASE).describe()
    assert "OpenID Connect" in told.secretless
    assert "repo:contoso/erp" in told.secretless
