"""`github-secret` and its simulator, held to the description that GitHub publishes (@octokit/openapi)."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

import httpx
import pytest

from rotation.domain.delivery import Found
from rotation.domain.errors import AccessDenied
from tests.contract.harness_base import CANARY, NEWER
from tests.contract.harness_github_secret import APP_PEM, OLD, GitHubSecretHarness, Kept
from tests.real.conftest import TOOLS
from tests.real.prism import Judge, prism, subset

pytestmark = pytest.mark.real

PUBLISHED = TOOLS / "node" / "node_modules" / "@octokit" / "openapi" / "generated" / "api.github.com.json"
REPOSITORY = ["/repos/{owner}/{repo}/" + place for place in ("actions", "dependabot", "codespaces")]
ENVIRONMENT = "/repos/{owner}/{repo}/environments/{environment_name}"
ORGANISATION = ["/orgs/{org}/actions", "/orgs/{org}/dependabot"]
PATHS = [
    *(
        f"{place}/secrets/{end}"
        for place in (*REPOSITORY, ENVIRONMENT, *ORGANISATION)
        for end in ("public-key", "{secret_name}")
    ),
    *(f"{place}/secrets/{{secret_name}}/repositories" for place in ORGANISATION),
    "/app/installations/{installation_id}/access_tokens",
]


@cache
def published() -> dict[str, Any]:
    """Read the description; its webhooks refer to what is not there, and Prism dies of that."""
    assert PUBLISHED.exists(), "GitHub's description is missing: `make test-real` installs it"
    whole: dict[str, Any] = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    whole.pop("x-webhooks", None)
    return whole


def repository() -> dict[str, Any]:
    """Give GitHub's own example of a repository."""
    (example,) = published()["components"]["examples"]["public-repository-paginated"]["value"]["repositories"]
    return dict(example)


class Judged(GitHubSecretHarness):
    """The harness, with Prism between integration and simulator; as an App, whose sign-in is described too."""

    connection: ClassVar[Mapping[str, object] | None] = {
        "type": "github-app",
        "app_id": 42,
        "installation_id": 7,
        "secret": "connection",
    }
    connection_text = APP_PEM
    judge: Judge | None = None

    def __init__(self) -> None:
        super().__init__()
        self.github.token = "ghs_installation"
        self.github.repository = repository()

    @property
    def inner(self) -> Any:
        return self._https

    @property
    def url(self) -> str:
        return self.judge.url if self.judge else super().url

    def open_client(self) -> httpx.AsyncClient:
        assert self.judge is not None
        return self.judge.open_client()

    @property
    def found(self) -> list[dict[str, Any]]:
        assert self.judge is not None
        return self.judge.found


@pytest.fixture(scope="module")
async def judged() -> AsyncIterator[Judged]:
    """One Prism for all tests of this file: it takes its time to start."""
    async with Judged() as started:
        inner = started.inner
        described = subset(published(), dict(zip(PATHS, PATHS, strict=True)))
        async with prism(described, inner.url, authority=inner.authority) as judge:
            started.judge = judge
            yield started


@pytest.fixture
def harness(judged: Judged) -> Judged:
    """A GitHub without secrets."""
    judged.github.secrets.clear()
    judged.faults.clear()
    judged.found.clear()
    return judged


async def test_the_judge_can_refuse_both_sides(harness: Judged) -> None:
    """A validator that lets everything pass would prove nothing."""
    place = f"{harness.url}/repos/contoso/erp/actions/secrets"
    headers = {"authorization": "Bearer ghs_installation"}
    async with harness.open_client() as http:
        bare = await http.put(f"{place}/A", headers=headers, json={"encrypted_value": "not base64!", "key_id": "1"})
        wrong = await http.put(f"{place}/A", headers=headers, json={"encrypted_value": 5, "key_id": "1"})
        nowhere = await http.get(f"{place}-of-mine/A", headers=headers)
        harness.github.secrets["/repos/contoso/erp/actions/secrets/A"] = Kept("x", OLD)
        harness.github.secrets["/repos/contoso/erp/actions/secrets/A"].visibility = "all"
        harness.faults.add({"part": "product", "action": "status", "status": 200, "match": {"path": "secrets/A"}})
        lied = await http.get(f"{place}/A", headers=headers)
    assert [each.status_code for each in (bare, wrong, nowhere, lied)] == [422, 422, 404, 500]
    assert len(harness.found) == 4


@pytest.mark.parametrize(
    "changes",
    [{}, {"store": "dependabot"}, {"store": "codespaces"}, {"environment": "production"}],
    ids=["repository", "dependabot", "codespaces", "environment"],
)
async def test_each_place_is_written_as_it_is_described(harness: Judged, changes: dict[str, Any]) -> None:
    to, kind = harness.with_settings(**changes), harness.integration
    await kind.check(to)
    assert (await kind.verify(to, harness.shipment(), CANARY)).found is Found.ABSENT
    for text in (CANARY, NEWER):
        await kind.deliver(to, harness.shipment(), text)
    assert (await kind.verify(to, harness.shipment(), NEWER)).found is Found.UNKNOWABLE
    assert [kept.value for kept in harness.github.secrets.values()] == [NEWER.reveal()]
    assert harness.found == []


@pytest.mark.parametrize("store", ["actions", "dependabot"])
@pytest.mark.parametrize("visibility", ["all", "private", "selected"])
async def test_an_organisations_secret_too(harness: Judged, store: str, visibility: str) -> None:
    path = f"/orgs/contoso/{store}/secrets/AZURE_CLIENT_SECRET"
    harness.github.secrets[path] = Kept("old", OLD, visibility, (7, 8) if visibility == "selected" else ())
    before = replace(harness.github.secrets[path])
    to = harness.with_settings(repository=None, store=store)
    await harness.integration.deliver(to, harness.shipment(), CANARY)
    kept = harness.github.secrets[path]
    assert (kept.value, kept.visibility, kept.selected) == (CANARY.reveal(), before.visibility, before.selected)
    assert harness.found == []


async def test_a_refusal_has_the_described_form(harness: Judged) -> None:
    harness.faults.add({"part": "product", "action": "status", "status": 403, "match": {"path": "public-key"}})
    with pytest.raises(AccessDenied):
        await harness.integration.check(harness.destination)
    assert harness.found == []
