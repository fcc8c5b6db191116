"""Each attempt at a service is a span of the step that made it, with the host and the answer and nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress

import pytest
from azure.identity.aio import ClientSecretCredential

from rotation.adapters.graph.directory import GraphDirectory
from rotation.adapters.key_vault import KeyVault
from rotation.adapters.queues import AzureQueues
from rotation.adapters.sign_in import EntraSignIn
from rotation.adapters.snapshots import AzureSnapshots
from rotation.adapters.storage import StorageAccount
from rotation.adapters.tables import AzureTables
from rotation.bootstrap.clients import open_client
from rotation.domain.errors import NotFound, Unavailable
from rotation.domain.identifiers import ClientId
from rotation.domain.secret import SecretText
from rotation.integrations.outbound.wire import Call, send
from rotation.ports.tables import Insert
from rotation.ports.vault import NewVersion
from rotation.telemetry import invocation
from sandbox.cloud import Cloud
from tests.contract.promises_directory import asked
from tests.contract.worlds import CloudWorld
from tests.unit.telemetry.sent import Sent, listening

pytestmark = pytest.mark.sandbox


@pytest.fixture
def sent() -> Iterator[Sent]:
    with listening() as sent:
        yield sent


type Acts = Callable[[ClientId, SecretText], Mapping[str, Awaitable[object]]]


@pytest.fixture
async def acts(cloud: Cloud, account: StorageAccount, identity: ClientSecretCredential) -> AsyncIterator[Acts]:
    """One call to each service that a rotation needs, besides Graph."""
    scope, authority = "https://graph.microsoft.com/.default", cloud.urls["authority"]
    sign_in = EntraSignIn(cloud.tenant_id, scope=scope, authority=authority)
    async with (
        AzureTables(account.tables()) as tables,
        AzureQueues(account.queues) as queues,
        AzureSnapshots(account.blobs()) as snapshots,
        KeyVault(cloud.urls["vault"], identity, verify_challenge_resource=False) as vault,
    ):
        yield lambda client_id, text: {
            "prove": sign_in.prove(client_id, text),
            "stage": vault.write("a-name-of-a-secret", NewVersion(text=text, tags={"tag": "a-tag"})),
            "table": tables.commit("spans", "a-partition", [Insert(key="a-row", values={"value": "a-value"})]),
            "queue": queues.send("spans", "a-message"),
            "blob": snapshots.stamp("a-blob"),
        }


async def test_a_step_tells_of_graph_sign_in_vault_table_queue_and_blob(
    sent: Sent, cloud: Cloud, graph_directory: GraphDirectory, acts: Acts
) -> None:
    world = CloudWorld(cloud)
    application = world.make("spans")
    cloud.faults.add({"part": "vault", "action": "throttle", "retry_after": 0, "times": 1})
    with invocation("queue", "mint"):
        minted = await graph_directory.mint(asked(application, world))
    for name, act in acts(application.client_id, minted.text).items():
        with invocation("queue", name), suppress(NotFound):
            await act
    everything = sent.everything()
    told = _calls_by_step(sent)
    assert {name: calls[-1] for name, calls in told.items()} == {
        "queue mint": ("POST", 200),
        "queue prove": ("POST", 200),
        "queue stage": ("PUT", 200),
        "queue table": ("POST", 202),
        "queue queue": ("POST", 201),
        "queue blob": ("HEAD", 404),
    }
    assert ("PUT", 429) in told["queue stage"], "every attempt is told, not the last alone"
    hidden = (minted.text.reveal(), "a-name", "a-tag", "a-partition", "a-row", "a-value", "a-message", "a-blob")
    assert [each for each in hidden if each in everything] == []


def _calls_by_step(sent: Sent) -> dict[str, list[tuple[object, object]]]:
    spans = sent.spans.get_finished_spans()
    steps = {each.context.span_id: each for each in spans if each.parent is None}
    told: dict[str, list[tuple[object, object]]] = {each.name: [] for each in steps.values()}
    for each in spans:
        if each.parent is not None:
            facts = dict(each.attributes or {})
            assert set(facts) == {
                "url.scheme",
                "server.address",
                "server.port",
                "http.request.method",
                "http.response.status_code",
            }
            told[steps[each.parent.span_id].name].append(
                (facts["http.request.method"], facts["http.response.status_code"])
            )
    assert {step.name: (step.attributes or {})["calls"] for step in steps.values()} == {
        name: len(calls) for name, calls in told.items()
    }
    return told


async def test_a_destination_is_told_by_name_also_when_it_does_not_answer(sent: Sent, cloud: Cloud) -> None:
    nobody = Call(method="GET", url="https://localhost:9/x?token=y", headers={}, private_network=True)
    with invocation("queue", "deliveries"), pytest.raises(Unavailable):
        await send(nobody, open_client, now=cloud.clock.now())
    sent.providers.flush()
    call, *_others = sent.spans.get_finished_spans()
    assert dict(call.attributes or {}) == {
        "url.scheme": "https",
        "server.address": "localhost",
        "server.port": 9,
        "http.request.method": "GET",
        "http.response.status_code": 0,
    }
