"""Usage: in memory, Graph's report in the sandbox, and its Log Analytics."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from azure.identity.aio import ClientSecretCredential

from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.usage import GraphUsageReport
from rotation.adapters.log_analytics import LogAnalyticsSignIns
from rotation.adapters.sign_in import EntraSignIn
from rotation.domain.errors import AccessDenied, Retryable, Unavailable
from rotation.domain.identifiers import ClientId, KeyId
from rotation.domain.secret import SecretText
from rotation.ports.sign_in import Accepted
from rotation.ports.usage import Look, UsageSource
from sandbox.cloud import Cloud
from tests.contract.promises_usage import UsagePromises, Users, sighted
from tests.fakes.clock import MovableClock
from tests.fakes.directory import MemoryDirectory
from tests.fakes.directory_state import make_application, make_key_id
from tests.fakes.mishaps import Mishap
from tests.fakes.sign_in import MemorySignIn
from tests.fakes.usage import MemoryUsage

DAY = timedelta(days=1)


class MemoryUsers:
    def __init__(self, usage: MemoryUsage) -> None:
        self._usage = usage

    async def use(self) -> tuple[ClientId, KeyId, datetime]:
        client_id, key_id = make_application(1).client_id, make_key_id(1)
        self._usage.see(client_id, key_id)
        return client_id, key_id, MovableClock().now()

    async def break_source(self) -> None:
        self._usage.mishaps.always("sightings", Mishap.UNAVAILABLE)


class TestMemoryUsage(UsagePromises):
    @pytest.fixture
    def usage(self) -> MemoryUsage:
        return MemoryUsage()

    @pytest.fixture
    def users(self, usage: MemoryUsage) -> Users:
        return MemoryUsers(usage)

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


class LogPromises(UsagePromises):
    """What a log of each sign-in promises on top."""

    async def test_an_application_that_signs_people_in_is_not_all_seen(self, usage: UsageSource) -> None:
        assert usage.sees(make_application(1))
        assert not usage.sees(replace(make_application(1), signs_in_people=True))

    async def test_each_address_and_day_is_told(self, usage: UsageSource, users: Users) -> None:
        client_id, key_id, _ = await users.use()
        (one,) = [each async for each in usage.sightings(Look(client_id=client_id))]
        assert one.key_id == key_id
        assert one.address
        assert one.first_used_at == one.last_used_at


class TestMemoryLog(LogPromises):
    @pytest.fixture
    def usage(self) -> MemoryUsage:
        return MemoryUsage(keeps_all=True)

    @pytest.fixture
    def users(self, usage: MemoryUsage) -> Users:
        return MemoryUsers(usage)

    async def test_a_sign_in_with_a_user_in_it_is_never_shown(self) -> None:
        log, report = MemoryUsage(keeps_all=True), MemoryUsage()
        for usage in (log, report):
            usage.see(make_application(1).client_id, make_key_id(1), with_user=True)
        assert await sighted(log) == {}
        assert set(await sighted(report)) == {make_key_id(1)}


class CloudUsers:
    def __init__(self, cloud: Cloud, part: str) -> None:
        self._cloud, self._part = cloud, part

    async def use(self) -> tuple[ClientId, KeyId, datetime]:
        cloud = self._cloud
        client_id = ClientId(cloud.entra.add_application().current["appId"])
        made = cloud.entra.add_secret(client_id)
        scope, authority = "https://graph.microsoft.com/.default", cloud.urls["authority"]
        sign_in = EntraSignIn(cloud.tenant_id, scope=scope, authority=authority)
        assert await sign_in.prove(client_id, SecretText(made["secretText"])) == Accepted()
        return client_id, KeyId(made["keyId"]), cloud.clock.now()

    async def break_source(self) -> None:
        fault = {"part": self._part, "match": {"path": "reports|query"}, "action": "status", "status": 500}
        self._cloud.faults.add({**fault, "times": None})


@pytest.mark.sandbox
class TestGraphUsageReport(UsagePromises):
    @pytest.fixture
    def usage(self, graph_client: GraphClient) -> UsageSource:
        return GraphUsageReport(graph_client)

    @pytest.fixture
    def users(self, cloud: Cloud) -> Users:
        return CloudUsers(cloud, "graph")

    async def test_the_report_lags(self, usage: UsageSource, users: Users, cloud: Cloud) -> None:
        cloud.entra.behaviour.update({"sign_in_report_lag_seconds": 3600})
        _, key_id, _ = await users.use()
        assert key_id not in await sighted(usage)
        cloud.clock.shift(timedelta(hours=2))
        assert key_id in await sighted(usage)

    async def test_a_sign_in_with_a_user_in_it_is_shown(self, usage: UsageSource, users: Users, cloud: Cloud) -> None:
        client_id, key_id, _ = await users.use()
        cloud.clock.shift(DAY)
        cloud.entra.note_use(client_id, key_id, with_user=True)
        assert cloud.clock.now() - (await sighted(usage))[key_id].last_used_at < timedelta(minutes=1)
        assert usage.sees(replace(make_application(1), signs_in_people=True))


@pytest.mark.sandbox
class TestLogAnalytics(LogPromises):
    @pytest.fixture
    async def usage(self, cloud: Cloud, identity: ClientSecretCredential) -> AsyncIterator[LogAnalyticsSignIns]:
        async with opened(cloud, identity) as source:
            yield source

    @pytest.fixture
    def users(self, cloud: Cloud) -> Users:
        return CloudUsers(cloud, "logs")

    async def test_the_log_lags(self, usage: UsageSource, users: Users, cloud: Cloud) -> None:
        cloud.entra.behaviour.update({"sign_in_log_lag_seconds": 3600})
        _, key_id, _ = await users.use()
        assert key_id not in await sighted(usage)
        cloud.clock.shift(timedelta(hours=2))
        assert key_id in await sighted(usage)

    async def test_days_and_addresses_are_told_one_by_one(self, usage: UsageSource, users: Users, cloud: Cloud) -> None:
        client_id, key_id, _ = await users.use()
        for address in ("203.0.113.7", "203.0.113.8", "203.0.113.8"):
            cloud.clock.shift(DAY)
            cloud.entra.note_use(client_id, key_id, address=address)
        found = [one async for one in usage.sightings(Look(client_id=client_id)) if one.address != "127.0.0.1"]
        assert sorted(one.address for one in found) == ["203.0.113.7", "203.0.113.8", "203.0.113.8"]
        assert "203.0.113.8" in max(found, key=lambda one: one.last_used_at).origin

    async def test_the_first_and_the_last_of_a_day_are_told(
        self, usage: UsageSource, users: Users, cloud: Cloud
    ) -> None:
        client_id, key_id, _ = await users.use()
        now = cloud.clock.now()
        cloud.clock.shift(now.replace(hour=6, minute=0) + DAY - now)
        cloud.entra.note_use(client_id, key_id)
        cloud.clock.shift(timedelta(hours=5))
        cloud.entra.note_use(client_id, key_id)
        look = Look(client_id=client_id, since=cloud.clock.now() - timedelta(hours=20))
        (one,) = [one async for one in usage.sightings(look) if one.address != "127.0.0.1"]
        assert one.first_used_at is not None
        assert timedelta(hours=5) <= one.last_used_at - one.first_used_at < timedelta(hours=6)

    async def test_what_is_older_than_asked_is_left_out(self, usage: UsageSource, users: Users, cloud: Cloud) -> None:
        _, key_id, _ = await users.use()
        cloud.clock.shift(10 * DAY)
        assert key_id not in await sighted(usage, Look(since=cloud.clock.now() - DAY))

    async def test_a_sign_in_with_a_user_in_it_and_a_failed_one_are_not_shown(
        self, usage: UsageSource, users: Users, cloud: Cloud
    ) -> None:
        client_id, key_id, used_at = await users.use()
        cloud.clock.shift(DAY)
        cloud.entra.note_use(client_id, key_id, with_user=True)
        scope = "https://graph.microsoft.com/.default"
        sign_in = EntraSignIn(cloud.tenant_id, scope=scope, authority=cloud.urls["authority"])
        assert await sign_in.prove(client_id, SecretText("wrong")) != Accepted()
        assert (await sighted(usage))[key_id].last_used_at <= used_at

    async def test_a_partial_answer_is_asked_for_again_in_halves(
        self, usage: UsageSource, users: Users, cloud: Cloud
    ) -> None:
        client_id, key_id, _ = await users.use()
        for day in range(6):
            cloud.clock.shift(DAY)
            cloud.entra.note_use(client_id, key_id, address=f"203.0.113.{day}")
        cloud.entra.behaviour.update({"sign_in_log_rows": 2})
        look = Look(client_id=client_id, since=cloud.clock.now() - 7 * DAY)
        found = {one.address async for one in usage.sightings(look)}
        assert found >= {f"203.0.113.{day}" for day in range(6)}

    async def test_an_answer_that_stays_partial_is_an_incomplete_look(
        self, usage: UsageSource, users: Users, cloud: Cloud
    ) -> None:
        await users.use()
        cloud.entra.behaviour.update({"sign_in_log_rows": 0})
        with pytest.raises(Unavailable, match="too much"):
            await sighted(usage)

    async def test_a_question_that_takes_too_long_is_asked_in_halves(
        self, usage: UsageSource, users: Users, cloud: Cloud
    ) -> None:
        _, key_id, _ = await users.use()
        cloud.faults.add({"part": "logs", "match": {"path": "query"}, "action": "status", "status": 504, "times": 2})
        assert key_id in await sighted(usage, Look(since=cloud.clock.now() - DAY))

    async def test_a_role_that_is_missing_is_named(self, usage: UsageSource, cloud: Cloud) -> None:
        cloud.entra.logs.refused.add(cloud.app[0])
        try:
            with pytest.raises(AccessDenied, match="Log Analytics Reader"):
                await sighted(usage)
        finally:
            cloud.entra.logs.refused.clear()

    async def test_a_workspace_that_does_not_exist_is_told(
        self, cloud: Cloud, identity: ClientSecretCredential
    ) -> None:
        async with opened(cloud, identity, str(uuid.uuid4())) as source:
            with pytest.raises(AccessDenied, match="no such workspace"):
                await sighted(source)

    async def test_several_workspaces_are_asked_together_and_an_empty_one_is_empty(
        self, users: Users, cloud: Cloud, identity: ClientSecretCredential
    ) -> None:
        _, key_id, _ = await users.use()
        empty = str(uuid.uuid4())
        cloud.entra.logs.further.add(empty)
        async with opened(cloud, identity, empty) as alone:
            assert await sighted(alone) == {}
        async with opened(cloud, identity, empty, cloud.entra.logs.workspace_id) as both:
            assert key_id in await sighted(both)

    async def test_throttling_is_an_incomplete_look(self, usage: UsageSource, cloud: Cloud) -> None:
        cloud.faults.add({"part": "logs", "action": "throttle", "retry_after": 0, "times": None})
        with pytest.raises(Retryable):
            await sighted(usage)


def opened(cloud: Cloud, identity: ClientSecretCredential, *workspaces: str) -> LogAnalyticsSignIns:
    """Wire the adapter as bootstrap does."""
    asked = workspaces or (cloud.entra.logs.workspace_id,)
    return LogAnalyticsSignIns(identity, asked, cloud.clock, url=cloud.urls["logs"])
