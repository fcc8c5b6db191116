"""The directory: in memory, and the sandbox's Graph."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import aiohttp
import httpx
import pytest
from azure.identity.aio import ClientSecretCredential

from rotation.adapters.graph import credentials
from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.connection import MeasuredTransport
from rotation.adapters.graph.directory import GraphDirectory
from rotation.adapters.graph.errors import reading
from rotation.domain.errors import (
    AccessDenied,
    BrokenInvariant,
    OutcomeUnknown,
    RotationError,
    Throttled,
    Unavailable,
)
from rotation.ports.directory import Directory
from sandbox.cloud import Cloud
from tests.contract.exceptions import assert_absent, assert_speaks_our_language
from tests.contract.promises_directory import MARKER, NOWHERE, DirectoryPromises, asked
from tests.contract.worlds import CloudWorld, MemoryWorld

PRIORITY = "x-ms-throttle-priority"
LIST = {"part": "graph", "match": {"method": "GET", "path": r"/applications\?"}}


class TestMemoryDirectory(DirectoryPromises):
    @pytest.fixture
    def world(self) -> MemoryWorld:
        return MemoryWorld()

    @pytest.fixture
    def directory(self, world: MemoryWorld) -> Directory:
        return world.directory


@pytest.mark.sandbox
class TestGraphDirectory(DirectoryPromises):
    @pytest.fixture
    def world(self, cloud: Cloud) -> CloudWorld:
        return CloudWorld(cloud)

    @pytest.fixture
    def directory(self, graph_directory: GraphDirectory) -> Directory:
        return graph_directory


@pytest.mark.sandbox
class TestGraphsTroubles:
    """What only the real wire can show."""

    @pytest.fixture
    def world(self, cloud: Cloud) -> CloudWorld:
        return CloudWorld(cloud)

    @pytest.fixture
    def directory(self, graph_directory: GraphDirectory) -> GraphDirectory:
        return graph_directory

    async def test_conflicts_in_all_three_shapes(self, directory: GraphDirectory, world: CloudWorld) -> None:
        """400 and 409 say what they are; the bare 500 says nothing, so the outcome is unknown."""
        application = world.make("conflicts")
        rule = {"part": "graph", "match": {"path": "addPassword"}, "action": "conflict", "times": 3}
        world.cloud.faults.add(rule)
        failures: list[RotationError] = []
        for _ in range(3):
            with pytest.raises(RotationError) as caught:
                await directory.mint(asked(application, world))
            failures.append(caught.value)
        kinds = sorted((type(one).__name__, one.reason) for one in failures)
        unavailable = ("Unavailable", "conflict")
        assert kinds == [("OutcomeUnknown", "outcome-unknown"), unavailable, unavailable]

    @pytest.mark.parametrize("status", [503, 504])
    async def test_a_mint_is_sent_exactly_once(self, directory: GraphDirectory, world: CloudWorld, status: int) -> None:
        """The SDK would repeat it by itself, and succeed here the second time."""
        application = world.make("once")
        fault = {"part": "graph", "match": {"path": "addPassword"}, "action": "status", "status": status}
        world.cloud.faults.add({**fault, "times": 1})
        with pytest.raises(OutcomeUnknown):
            await directory.mint(asked(application, world))
        assert world.texts(application) == []

    async def test_a_write_that_takes_too_long_is_unknown(
        self, directory: GraphDirectory, world: CloudWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        application = world.make("slow")
        monkeypatch.setattr(credentials, "WITHIN", timedelta(seconds=0.3))
        slow = {"part": "graph", "match": {"path": "addPassword"}, "action": "slow", "delay_seconds": 1}
        world.cloud.faults.add(slow)
        with pytest.raises(OutcomeUnknown) as caught:
            await directory.mint(asked(application, world))
        assert_speaks_our_language(caught.value)

    async def test_scans_yield_to_what_somebody_waits_for(
        self, directory: GraphDirectory, world: CloudWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Graph refuses what is of low priority first (platform.md A6)."""
        application = world.make("priorities")
        said: dict[str, str | None] = {}
        read, write = aiohttp.ClientSession._request, MeasuredTransport.handle_async_request

        async def reading(session: aiohttp.ClientSession, method: str, url: Any, **named: Any) -> Any:
            said[str(url).partition("?")[0].rpartition("/")[2]] = named["headers"].get(PRIORITY)
            return await read(session, method, url, **named)

        async def writing(transport: MeasuredTransport, request: httpx.Request) -> httpx.Response:
            said[request.url.path.rpartition("/")[2]] = request.headers[PRIORITY]
            return await write(transport, request)

        monkeypatch.setattr(aiohttp.ClientSession, "_request", reading)
        monkeypatch.setattr(MeasuredTransport, "handle_async_request", writing)
        async for _page in directory.applications():
            pass
        await directory.application(application.object_id)
        await directory.mint(asked(application, world))
        told = [said[last] for last in ("applications", application.object_id, "addPassword")]
        assert told == ["low", "high", "high"]

    async def test_a_missing_right_is_named(self, world: CloudWorld, cloud: Cloud) -> None:
        stranger = cloud.entra.add_identity("stranger", ("Application.Read.All",))
        application = world.make("not ours")
        async with (
            ClientSecretCredential(cloud.tenant_id, *stranger, authority=cloud.urls["authority"]) as credential,
            GraphClient(credential, cloud.urls["graph"]) as client,
        ):
            directory = GraphDirectory(client)
            with pytest.raises(AccessDenied, match=r"Application\.ReadWrite\.OwnedBy"):
                await directory.mint(asked(application, world))
            with pytest.raises(AccessDenied, match=r"Policy\.Read\.All"):
                await directory.rules(application.object_id)

    async def test_an_identity_that_cannot_sign_in_is_denied(self, cloud: Cloud) -> None:
        credential = ClientSecretCredential(cloud.tenant_id, cloud.app[0], "wrong", authority=cloud.urls["authority"])
        async with credential, GraphClient(credential, cloud.urls["graph"]) as client:
            with pytest.raises(AccessDenied) as caught:
                await GraphDirectory(client).application(NOWHERE)
        assert_speaks_our_language(caught.value)

    async def test_a_graph_that_is_not_there_was_sent_nothing(self, identity: ClientSecretCredential) -> None:
        world = MemoryWorld()
        request = asked(world.make("x"), world)
        async with GraphClient(identity, "https://localhost:9", scope="https://graph.microsoft.com/.default") as client:
            with pytest.raises(Unavailable) as caught:
                await GraphDirectory(client).mint(request)
        assert_speaks_our_language(caught.value)

    async def test_no_failure_tells_the_text(self, directory: GraphDirectory, world: CloudWorld) -> None:
        """The answer was lost after the text had been made: it may be nowhere but in the directory."""
        application = world.make("canary")
        world.lose("mint", done=True)
        with pytest.raises(OutcomeUnknown) as caught:
            await directory.mint(asked(application, world))
        assert_speaks_our_language(caught.value)
        for text in world.texts(application):
            assert_absent(text.reveal(), caught.value)

    async def test_a_throttled_read_waits_as_told(self, directory: GraphDirectory, world: CloudWorld) -> None:
        application = world.make("patient")
        world.cloud.faults.add({**LIST, "match": {"method": "GET"}, "action": "throttle", "retry_after": 1})
        assert (await directory.application(application.object_id)).display_name == "patient"

    @pytest.mark.parametrize("how", ["drop-before", "drop-after"])
    async def test_a_page_that_was_cut_is_asked_for_again(
        self, directory: GraphDirectory, world: CloudWorld, how: str
    ) -> None:
        _fill(world)
        world.cloud.faults.add({"part": "graph", "match": {"path": "skiptoken"}, "action": how})
        pages: list[int] = []
        await _count(directory, pages)
        assert sum(pages) == len(world.cloud.entra.directory.applications)

    async def test_a_read_that_would_wait_too_long_tells_the_delay(
        self, directory: GraphDirectory, world: CloudWorld
    ) -> None:
        world.cloud.faults.add({"part": "graph", "action": "throttle", "retry_after": 600, "times": None})
        with pytest.raises(Throttled) as caught:
            await directory.application(NOWHERE)
        assert caught.value.retry_after == timedelta(seconds=600)

    @pytest.mark.parametrize(
        ("status", "code"),
        [(500, "InternalServerError"), (400, "Directory_ExpiredPageToken"), (404, "Request_ResourceNotFound")],
    )
    async def test_a_page_that_cannot_be_read_makes_the_pass_incomplete(
        self, directory: GraphDirectory, world: CloudWorld, status: int, code: str
    ) -> None:
        _fill(world)
        follow = {"part": "graph", "match": {"path": "skiptoken"}, "action": "status", "status": status, "code": code}
        world.cloud.faults.add({**follow, "times": None})
        pages: list[int] = []
        with pytest.raises(Unavailable):
            await _count(directory, pages)
        assert pages == [999]

    async def test_a_pass_goes_over_pages_and_may_be_left_early(
        self, directory: GraphDirectory, world: CloudWorld
    ) -> None:
        _fill(world)
        pages: list[int] = []
        await _count(directory, pages)
        assert len(pages) >= 2
        assert pages[0] == 999
        async with aclosing(aiter(directory.applications())) as left:  # type: ignore[type-var]
            await anext(left)

    async def test_the_next_page_is_asked_for_while_this_one_is_worked_on(
        self, directory: GraphDirectory, world: CloudWorld
    ) -> None:
        _fill(world)
        world.cloud.faults.add({"part": "graph", "match": {"path": "skiptoken"}, "action": "slow", "times": None})
        async with aclosing(aiter(directory.applications())) as pages:  # type: ignore[type-var]
            await anext(pages)
            for _ in range(1500):
                await asyncio.sleep(0.02)
                if world.cloud.faults.rules()[0]["hits"]:
                    break
            # What the test before this one has left early may still be on its way.
            assert world.cloud.faults.rules()[0]["hits"]

    async def test_one_malformed_application_does_not_hide_the_others(
        self, directory: GraphDirectory, world: CloudWorld
    ) -> None:
        good, bad = world.make("good"), world.make("bad")
        entry = world.cloud.entra.application(bad.client_id)
        broken: dict[str, Any] = {"keyId": "not-a-guid", "endDateTime": "yesterday", "displayName": "canary-name"}
        world.cloud.entra.directory.write(
            entry, {**entry.current, "passwordCredentials": [broken]}, by="somebody", what="break"
        )
        pages = [page async for page in directory.applications()]
        seen = {one.object_id for page in pages for one in page.applications}
        malformed = dict(entry for page in pages for entry in page.malformed)
        world.cloud.entra.directory.write(
            entry, {**entry.current, "passwordCredentials": []}, by="somebody", what="mend"
        )
        assert good.object_id in seen
        assert bad.object_id not in seen
        assert set(malformed) == {bad.object_id}
        assert "keyId" in malformed[bad.object_id]
        assert "canary-name" not in malformed[bad.object_id]

    async def test_dates_with_seven_digits_and_others(self, directory: GraphDirectory, world: CloudWorld) -> None:
        application = world.make("dates")
        entry = world.cloud.entra.application(application.client_id)
        ends = ["2027-01-01T00:00:00Z", "2027-01-01T00:00:00.1234567Z", "2299-12-31T00:00:00+00:00", None]
        secrets = [
            {"keyId": f"00000000-0000-0000-0000-00000000000{n}", "endDateTime": end, "displayName": None}
            for n, end in enumerate(ends)
        ]
        world.cloud.entra.directory.write(entry, {**entry.current, "passwordCredentials": secrets}, by="x", what="x")
        seen = await directory.application(application.object_id)
        assert [one.end_at.isoformat() for one in seen.secrets] == [
            "2027-01-01T00:00:00+00:00",
            "2027-01-01T00:00:00.123456+00:00",
            "2299-12-31T00:00:00+00:00",
            "2299-12-31T00:00:00+00:00",
        ]
        assert [one.never_ends for one in seen.secrets] == [False, False, True, True]

    async def test_who_signs_people_in(self, directory: GraphDirectory, world: CloudWorld) -> None:
        plain = world.make("plain")
        entra = world.cloud.entra
        uri = "https://app.example/back"
        documents: list[dict[str, Any]] = [{part: {"redirectUris": [uri]}} for part in ("web", "spa", "publicClient")]
        documents.append({"api": {"oauth2PermissionScopes": [{"id": MARKER.ulid, "value": "read"}]}})
        assert not (await directory.application(plain.object_id)).signs_in_people
        for document in documents:
            made = entra.add_application({"displayName": "people", **document})
            assert (await directory.application(made.current["id"])).signs_in_people

    async def test_our_token_goes_to_no_other_host(self, graph_client: GraphClient) -> None:
        with pytest.raises(BrokenInvariant, match="another host"):
            await graph_client.get("https://evil.example/v1.0/applications", reading("read", "x"))

    async def test_the_tenants_policy_holds_unless_the_application_has_its_own(
        self, directory: GraphDirectory, world: CloudWorld
    ) -> None:
        policies = world.cloud.entra.directory.policies
        usual = policies.default
        lifetime = {"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P180D"}
        later = {
            "restrictionType": "passwordAddition",
            "state": "enabled",
            "restrictForAppsCreatedAfterDateTime": "2999-01-01T00:00:00Z",
        }
        off = {"restrictionType": "passwordAddition", "state": "disabled"}
        restrictions = {"passwordCredentials": [lifetime, later, off], "keyCredentials": []}
        own, other = world.make("own policy"), world.make("tenant's policy")
        world.forbid(own, longest=timedelta(days=30))
        policies.default = {**usual, "isEnabled": True, "applicationRestrictions": restrictions}
        try:
            rules = [await directory.rules(one.object_id) for one in (own, other)]
        finally:
            policies.default = usual
        assert [one.longest for one in rules] == [timedelta(days=30), timedelta(days=180)]
        assert not any(one.addition_forbidden for one in rules)


def _fill(world: CloudWorld) -> None:
    missing = 1100 - len(world.cloud.entra.directory.applications)
    for n in range(missing):
        world.cloud.entra.add_application({"displayName": f"filler {n}"}, service_principal=False)


async def _count(directory: Directory, pages: list[int]) -> None:
    async for page in directory.applications():
        pages.append(len(page.applications))  # noqa: PERF401  # what came before a break is the point
