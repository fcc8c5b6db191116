"""What is Kubernetes' own: other keys, immutable Secrets, rollouts, races."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from rotation.domain.capability import Activation, Readiness
from rotation.domain.delivery import Found
from rotation.domain.errors import DestinationGone, DestinationRefused, NotYetVisible
from rotation.integrations.catalogue import KINDS
from tests.contract.harness_base import CANARY, NEWER
from tests.contract.harness_kubernetes_secret import KubernetesSecretHarness

BASE = {"server": "https://aks.example:443", "namespace": "erp", "secret": "payments"}
WEB = "/apis/apps/v1/namespaces/erp/deployments/web"


@pytest.fixture
async def harness() -> AsyncIterator[KubernetesSecretHarness]:
    async with KubernetesSecretHarness() as started:
        yield started


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"server": "http://aks.example"}, "only https"),
        ({"namespace": "ERP"}, "pattern"),
        ({"secret": "a/b"}, "pattern"),
        ({"key": "no spaces"}, "pattern"),
        ({"ca_certificate": "nonsense"}, "PEM"),
        ({"workloads": [{"kind": "job", "name": "x"}]}, "deployment"),
    ],
)
def test_wrong_settings_are_refused_with_the_reason(changes: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        KINDS["kubernetes-secret"].settings_model.model_validate({**BASE, **changes})


def test_only_workloads_make_it_restart_anything() -> None:
    kind = KINDS["kubernetes-secret"]
    assert kind.capabilities(BASE).activation is Activation.NONE
    able = kind.capabilities({**BASE, "workloads": [{"kind": "deployment", "name": "web"}]})
    assert (able.activation, able.restarts) == (Activation.EXPLICIT, True)


async def test_other_keys_and_annotations_stay(harness: KubernetesSecretHarness) -> None:
    harness.cluster.add_secret(harness.place, data={"user": "cGF5bWVudHM="}, annotations={"team": "erp"})
    await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    held = harness.cluster.objects[harness.place]
    assert held["data"] == {"user": "cGF5bWVudHM=", "client-secret": b64encode(CANARY.reveal().encode()).decode()}
    assert held["metadata"]["annotations"].pop("team") == "erp"
    mark = json.loads(held["metadata"]["annotations"]["rotation.entra/client-secret"])
    assert mark["key-id"] == harness.shipment().key_id


async def test_two_lines_live_in_one_secret(harness: KubernetesSecretHarness) -> None:
    second = harness.with_settings(key="second")
    await harness.integration.deliver(harness.destination, harness.shipment(1), NEWER)
    await harness.integration.deliver(second, harness.shipment(0), CANARY)
    for place, to, text in ((1, harness.destination, NEWER), (0, second, CANARY)):
        assert (await harness.integration.verify(to, harness.shipment(place), text)).found is Found.CURRENT


async def test_a_stranger_s_value_is_left_alone_unless_it_may_be_adopted(harness: KubernetesSecretHarness) -> None:
    harness.cluster.add_secret(harness.place, data={"client-secret": "c3RyYW5nZXI="})
    check = await harness.integration.check(harness.destination)
    assert (check.readiness, "adopt" in check.why) == (Readiness.MISCONFIGURED, True)
    with pytest.raises(DestinationRefused) as refused:
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    assert refused.value.reason == "destination-name-taken"
    await harness.integration.deliver(harness.with_settings(adopt=True), harness.shipment(), CANARY)
    assert await harness.taken() == 1


async def test_an_immutable_secret_is_told_before_it_is_tried(harness: KubernetesSecretHarness) -> None:
    harness.cluster.add_secret(harness.place, immutable=True)
    assert "immutable" in (await harness.integration.check(harness.destination)).why
    with pytest.raises(DestinationRefused) as refused:
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    assert refused.value.reason == "immutable"


async def test_a_secret_is_made_only_where_that_is_wanted(harness: KubernetesSecretHarness) -> None:
    del harness.cluster.objects[harness.place]
    with pytest.raises(DestinationGone):
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    wanted = harness.with_settings(create=True)
    await harness.integration.deliver(wanted, harness.shipment(), CANARY)
    assert harness.cluster.objects[harness.place]["type"] == "Opaque"


async def test_a_rollout_is_waited_for_and_made_once(harness: KubernetesSecretHarness) -> None:
    harness.cluster.rolls_for = 2
    receipt = await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    for _ in range(2):
        with pytest.raises(NotYetVisible):
            await harness.integration.activate(harness.destination, harness.shipment(), receipt)
    await harness.integration.activate(harness.destination, harness.shipment(), receipt)
    assert harness.cluster.rollouts == 1
    assert harness.shipment().version in json.dumps(harness.cluster.objects[WEB])


@pytest.mark.parametrize("kind", ["statefulset", "daemonset"])
async def test_each_kind_of_workload_is_restarted(harness: KubernetesSecretHarness, kind: str) -> None:
    harness.cluster.add_workload(f"/apis/apps/v1/namespaces/erp/{kind}s/db")
    to = harness.with_settings(workloads=[{"kind": kind, "name": "db"}])
    receipt = await harness.integration.deliver(to, harness.shipment(), CANARY)
    await harness.integration.activate(to, harness.shipment(), receipt)
    assert harness.cluster.rollouts == 1
