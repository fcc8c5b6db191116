"""Usage: in memory, and the sandbox's report."""

from datetime import datetime, timedelta

import pytest

from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.usage import GraphUsageReport
from rotation.adapters.sign_in import EntraSignIn
from rotation.domain.errors import Retryable
from rotation.domain.identifiers import ClientId, KeyId
from rotation.domain.secret import SecretText
from rotation.ports.sign_in import Accepted
from rotation.ports.usage import UsageSource
from sandbox.cloud import Cloud
from tests.contract.promises_usage import UsagePromises, Users, sighted
from tests.fakes.clock import MovableClock
from tests.fakes.directory import MemoryDirectory
from tests.fakes.directory_state import make_application, make_key_id
from tests.fakes.sign_in import MemorySignIn
from tests.fakes.usage import MemoryUsage


class TestMemoryUsage(UsagePromises):
    @pytest.fixture
    def usage(self) -> MemoryUsage:
        return MemoryUsage()

    @pytest.fixture
    def users(self, usage: MemoryUsage) -> Users:
        class Somebody:
            async def use(self) -> tuple[ClientId, KeyId, datetime]:
                client_id, key_id = make_application(1).client_id, make_key_id(1)
                usage.see(client_id, key_id)
                return client_id, key_id, MovableClock().now()

        return Somebody()

    async def test_it_lags_sleeps_and_is_blind_where_told(self) -> None:
        clock = MovableClock()
        usage = MemoryUsage(clock, lag=timedelta(hours=3))
        usage.see(make_application(1).client_id, make_key_id(1))
        assert await sighted(usage) == {}
        clock.advance(timedelta(hours=3))
        assert set(await sighted(usage)) == {make_key_id(1)}
        usage.alive = False
        assert await sighted(usage) == {}
        usage.blind_for = lambda application: application.signs_in_people
        assert usage.sees(make_application(1))

    async def test_our_own_proofs_are_seen_too(self) -> None:
        clock = MovableClock()
        directory = MemoryDirectory(clock)
        application = make_application(1)
        directory.add(application)
        made = directory.add_secret(application.object_id, end_at=clock.now() + timedelta(days=9))
        sign_in = MemorySignIn(directory, clock)
        usage = MemoryUsage(clock, sign_in=sign_in)
        assert await sign_in.prove(application.client_id, made.text) == Accepted()
        assert set(await sighted(usage)) == {made.credential.key_id}


@pytest.mark.sandbox
class TestGraphUsageReport(UsagePromises):
    @pytest.fixture
    def usage(self, graph_client: GraphClient) -> UsageSource:
        return GraphUsageReport(graph_client)

    @pytest.fixture
    def users(self, cloud: Cloud) -> Users:
        class Somebody:
            async def use(self) -> tuple[ClientId, KeyId, datetime]:
                client_id = ClientId(cloud.entra.add_application().current["appId"])
                made = cloud.entra.add_secret(client_id)
                scope, authority = "https://graph.microsoft.com/.default", cloud.urls["authority"]
                sign_in = EntraSignIn(cloud.tenant_id, scope=scope, authority=authority)
                assert await sign_in.prove(client_id, SecretText(made["secretText"])) == Accepted()
                return client_id, KeyId(made["keyId"]), cloud.clock.now()

        return Somebody()

    async def test_the_report_lags(self, usage: UsageSource, users: Users, cloud: Cloud) -> None:
        cloud.entra.behaviour.update({"sign_in_report_lag_seconds": 3600})
        _, key_id, _ = await users.use()
        assert key_id not in await sighted(usage)
        cloud.clock.shift(timedelta(hours=2))
        assert key_id in await sighted(usage)

    async def test_a_report_that_cannot_be_read_is_not_an_empty_one(self, usage: UsageSource, cloud: Cloud) -> None:
        cloud.faults.add({"part": "graph", "match": {"path": "reports"}, "action": "status", "status": 500})
        with pytest.raises(Retryable):
            await sighted(usage)
