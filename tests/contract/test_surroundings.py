"""What a deployment stands on: as a test says, and as Azurite and the sandbox's Graph do."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import jwt
import pytest
from azure.core.exceptions import ResourceExistsError
from azure.identity.aio import ClientSecretCredential

from rotation.adapters.graph.client import GraphClient
from rotation.adapters.snapshots import CONTAINER
from rotation.adapters.storage import StorageAccount
from rotation.adapters.surroundings import AzureSurroundings, identity_of
from rotation.bootstrap.clients import open_client
from rotation.domain.errors import AccessDenied, Unavailable
from rotation.domain.identifiers import ClientId
from rotation.ledger import keys
from rotation.ports.surroundings import Place, Surroundings
from sandbox.cloud import Cloud
from tests.contract.promises_surroundings import Around, SurroundingsPromises
from tests.fakes.clock import MovableClock
from tests.fakes.surroundings import OUR_OBJECT, OURS, MemorySurroundings


class _MemoryAround:
    def __init__(self, surroundings: MemorySurroundings) -> None:
        self._of = surroundings

    async def make_tables(self) -> None:
        self._of.tables = set(keys.TABLES)

    async def make_queue(self, name: str) -> None:
        self._of.queues[name] = 0

    async def fill(self, queue: str, count: int) -> None:
        self._of.queues[queue] += count

    async def make_container(self) -> None:
        self._of.container = True

    def someone(self) -> tuple[ClientId, str]:
        self._of.principals[OURS] = OUR_OBJECT
        return OURS, OUR_OBJECT

    def move_clock(self, by: timedelta) -> None:
        self._of.ahead += by


class TestMemorySurroundings(SurroundingsPromises):
    @pytest.fixture
    def surroundings(self) -> Surroundings:
        return MemorySurroundings(MovableClock())

    @pytest.fixture
    def around(self, surroundings: MemorySurroundings) -> Around:
        return _MemoryAround(surroundings)


class _AzureAround:
    def __init__(self, cloud: Cloud, account: StorageAccount) -> None:
        self._cloud, self._account = cloud, account

    async def make_tables(self) -> None:
        async with self._account.tables() as tables:
            for name in keys.TABLES:
                await tables.create_table_if_not_exists(name)

    async def make_queue(self, name: str) -> None:
        async with self._account.queues() as queues:
            with suppress(ResourceExistsError):
                await queues.create_queue(name)
            await queues.get_queue_client(name).clear_messages()

    async def fill(self, queue: str, count: int) -> None:
        async with self._account.queues() as queues:
            for number in range(count):
                await queues.get_queue_client(queue).send_message(str(number))

    async def make_container(self) -> None:
        async with self._account.blobs() as blobs:
            with suppress(ResourceExistsError):
                await blobs.create_container(CONTAINER)

    def someone(self) -> tuple[ClientId, str]:
        return ClientId(self._cloud.app[0]), self._cloud.entra.principal_of(self._cloud.app[0]).id

    def move_clock(self, by: timedelta) -> None:
        self._cloud.clock.shift(by)


@pytest.mark.sandbox
class TestAzureSurroundings(SurroundingsPromises):
    @pytest.fixture
    async def surroundings(
        self, account: StorageAccount, identity: ClientSecretCredential, graph_client: GraphClient
    ) -> AsyncIterator[Surroundings]:
        async with AzureSurroundings(
            identity=identity,
            graph=graph_client,
            account=account,
            open_client=open_client,
            place=Place(storage_account="devstoreaccount1"),
        ) as made:
            assert made.place.storage_account == "devstoreaccount1"
            yield made

    @pytest.fixture
    def around(self, cloud: Cloud, account: StorageAccount) -> Around:
        return _AzureAround(cloud, account)

    async def test_an_identity_that_cannot_sign_in_is_denied(
        self, cloud: Cloud, account: StorageAccount, graph_client: GraphClient
    ) -> None:
        wrong = ClientSecretCredential(
            cloud.tenant_id, cloud.app[0], "not-the-secret", authority=cloud.urls["authority"]
        )
        async with wrong:
            made = AzureSurroundings(
                identity=wrong,
                graph=graph_client,
                account=account,
                open_client=open_client,
                place=Place(storage_account=""),
            )
            with pytest.raises(AccessDenied):
                await made.identity()

    async def test_a_graph_that_does_not_answer_tells_no_time(
        self, account: StorageAccount, identity: ClientSecretCredential
    ) -> None:
        async with GraphClient(identity, "https://127.0.0.1:1") as nowhere:
            made = AzureSurroundings(
                identity=identity,
                graph=nowhere,
                account=account,
                open_client=open_client,
                place=Place(storage_account=""),
            )
            with pytest.raises(Unavailable):
                await made.service_time()


def test_a_person_is_told_from_an_application_by_the_token() -> None:
    """As Microsoft documents the claims: `scp` and `upn` for a person, `roles` for an application."""
    claims = {"appid": "04B07795-8DDB-461A-BBEE-02F9E1BF7B46", "oid": "o", "upn": "ada@contoso.example", "scp": "A B"}
    seen = identity_of(jwt.encode(claims, "x" * 32, algorithm="HS256"))
    assert (seen.name, seen.person, seen.permissions) == ("ada@contoso.example", True, frozenset({"A", "B"}))
    assert seen.client_id == "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    seen = identity_of(
        jwt.encode({"appid": "x", "oid": "o", "idtyp": "app", "roles": ["R"]}, "x" * 32, algorithm="HS256")
    )
    assert (seen.name, seen.person, seen.permissions) == ("x", False, frozenset({"R"}))
