"""Key Vault of the sandbox, held to platform.md C by Microsoft's own clients, sync and async."""

import asyncio
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.secrets import SecretClient as SyncSecretClient
from azure.keyvault.secrets.aio import SecretClient

from sandbox.keyvault.alone import Alone, vault_alone
from sandbox.keyvault.app import API_VERSIONS

pytestmark = pytest.mark.sandbox
EXPIRES = datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)


class Identity(AsyncTokenCredential):
    """An application's identity whose tokens the sandbox issued."""

    def __init__(self, ground: Alone, app_id: str) -> None:
        self._token = AccessToken(ground.token(app_id), int(time.time()) + 3000)

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return self._token

    async def close(self) -> None:
        """Nothing is held open."""

    async def __aexit__(self, *args: object) -> None:
        """Nothing is held open."""


class SyncIdentity:
    def __init__(self, ground: Alone) -> None:
        self._token = AccessToken(ground.token(), int(time.time()) + 3000)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return self._token


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    with vault_alone(tmp_path_factory.mktemp("ca")) as alone:
        yield alone


@pytest.fixture
def fresh(ground: Alone) -> Iterator[Alone]:
    """The same vault, with its switches put back afterwards."""
    yield ground
    ground.vault.behave({"firewall": False, "closed": False, "refuse_sets": None, "quota": None})
    ground.vault.behave({"purge_protection": False, "transition_lag_seconds": 0})
    ground.faults.clear()
    ground.clock.set_offset(timedelta())


@pytest.fixture
async def client(fresh: Alone) -> AsyncIterator[SecretClient]:
    async with _client(fresh) as opened:
        yield opened


@pytest.fixture
def name() -> str:
    return f"app-{uuid.uuid4().hex[:12]}"


async def test_a_version_comes_back_as_it_was_set(client: SecretClient, name: str) -> None:
    made = await client.set_secret(
        name, "text-1", tags={"key-id": "k1"}, content_type="text/plain", expires_on=EXPIRES, not_before=EXPIRES
    )
    found = await client.get_secret(name, made.properties.version)
    assert (found.value, found.properties.content_type, found.properties.tags) == (
        "text-1",
        "text/plain",
        {"key-id": "k1"},
    )
    assert found.properties.expires_on == EXPIRES
    assert found.properties.enabled is True
    assert (found.properties.recovery_level, found.properties.recoverable_days) == ("Recoverable+Purgeable", 90)
    assert len(found.properties.version or "") == 32


async def test_every_set_is_a_new_version_that_inherits_nothing(client: SecretClient, name: str) -> None:
    first = await client.set_secret(name, "same", tags={"a": "b"}, content_type="x", expires_on=EXPIRES)
    second = await client.set_secret(name, "same")
    latest = await client.get_secret(name)
    assert latest.properties.version == second.properties.version != first.properties.version
    assert (latest.properties.tags, latest.properties.content_type, latest.properties.expires_on) == (None, None, None)


async def test_what_is_missing_is_told_as_the_service_tells_it(client: SecretClient, name: str) -> None:
    with pytest.raises(ResourceNotFoundError) as missing:
        await client.get_secret(name)
    assert missing.value.error is not None
    assert missing.value.error.code == "SecretNotFound"
    await client.set_secret(name, "x")
    with pytest.raises(ResourceNotFoundError, match="SecretNotFound"):
        await client.get_secret(name, uuid.uuid4().hex)


async def test_a_disabled_latest_version_cannot_be_read_and_older_ones_can(client: SecretClient, name: str) -> None:
    first = await client.set_secret(name, "first")
    second = await client.set_secret(name, "second", enabled=False)
    for version in (None, second.properties.version):
        with pytest.raises(HttpResponseError) as refused:
            await client.get_secret(name, version)
        assert (refused.value.status_code, _inner(refused.value)) == (403, "SecretDisabled")
    assert (await client.get_secret(name, first.properties.version)).value == "first"


async def test_an_update_changes_what_it_names_and_keeps_the_rest(
    fresh: Alone, client: SecretClient, name: str
) -> None:
    made = await client.set_secret(name, "text", tags={"a": "1", "b": "2"}, content_type="x")
    fresh.clock.shift(timedelta(hours=1))
    changed = await client.update_secret_properties(name, made.properties.version, enabled=False)
    assert (changed.enabled, changed.tags, changed.content_type) == (False, {"a": "1", "b": "2"}, "x")
    assert changed.updated_on is not None
    assert made.properties.created_on is not None
    assert changed.updated_on - made.properties.created_on >= timedelta(hours=1)
    retagged = await client.update_secret_properties(name, made.properties.version, tags={"c": "3"}, enabled=True)
    assert (retagged.enabled, retagged.tags) == (True, {"c": "3"})


async def test_an_update_without_a_version_is_of_the_latest(fresh: Alone, client: SecretClient, name: str) -> None:
    """`az keyvault secret set-attributes` sends PATCH with a trailing slash."""
    await client.set_secret(name, "first")
    second = await client.set_secret(name, "second")
    async with httpx.AsyncClient(base_url=fresh.url, verify=ssl.create_default_context(cafile=fresh.ca_file)) as http:
        answer = await http.patch(
            f"/secrets/{name}/?api-version=7.4",
            json={"contentType": "changed"},
            headers={"Authorization": f"Bearer {fresh.token()}"},
        )
    assert answer.json()["id"] == second.id
    assert "value" not in answer.json()
    assert (await client.get_secret(name)).properties.content_type == "changed"


async def test_expired_and_not_yet_valid_versions_are_readable(client: SecretClient, name: str) -> None:
    past, future = datetime(2001, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)
    await client.set_secret(name, "text", expires_on=past, not_before=future)
    assert (await client.get_secret(name)).value == "text"


async def test_secrets_are_listed_in_pages_without_values(client: SecretClient, name: str) -> None:
    names = sorted(f"{name}-{number:02}" for number in range(30))
    for each in names:
        await client.set_secret(each, "never listed")
    listed = [p async for p in client.list_properties_of_secrets(max_page_size=7) if (p.name or "").startswith(name)]
    assert [p.name for p in listed] == names
    assert {p.version for p in listed} == {None}
    pages = [len([p async for p in page]) async for page in client.list_properties_of_secrets().by_page()]
    assert pages[0] == 25
    with pytest.raises(HttpResponseError, match="BadParameter"):
        [p async for p in client.list_properties_of_secrets(max_page_size=26)]


async def test_versions_are_listed_in_pages_and_in_no_order_of_time(client: SecretClient, name: str) -> None:
    made = [(await client.set_secret(name, str(number))).properties.version for number in range(12)]
    listed = [p.version async for p in client.list_properties_of_secret_versions(name, max_page_size=5)]
    assert listed == sorted(str(version) for version in made)


async def test_delete_recover_and_purge(client: SecretClient, name: str) -> None:
    made = await client.set_secret(name, "text", tags={"a": "b"})
    gone = await client.delete_secret(name)
    assert gone.scheduled_purge_date is not None
    assert gone.deleted_date is not None
    assert gone.scheduled_purge_date - gone.deleted_date == timedelta(days=90)
    assert gone.recovery_id == made.id.rpartition("/secrets/")[0] + f"/deletedsecrets/{name}"  # type: ignore[union-attr]
    with pytest.raises(ResourceNotFoundError):
        await client.get_secret(name)
    assert name in [d.name async for d in client.list_deleted_secrets()]
    await client.recover_deleted_secret(name)
    assert (await client.get_secret(name)).properties.version == made.properties.version
    await client.delete_secret(name)
    await client.purge_deleted_secret(name)
    with pytest.raises(ResourceNotFoundError):
        await client.get_deleted_secret(name)
    assert (await client.set_secret(name, "again")).value == "again"


async def test_a_deleted_name_cannot_be_set(fresh: Alone, client: SecretClient, name: str) -> None:
    await client.set_secret(name, "text")
    await client.delete_secret(name)
    with pytest.raises(ResourceExistsError) as taken:
        await client.set_secret(name, "other")
    assert _inner(taken.value) == "ObjectIsDeletedButRecoverable"
    fresh.clock.shift(timedelta(days=91))
    await client.set_secret(name, "the retention is over")


async def _refusal(client: SecretClient, name: str) -> ResourceExistsError:
    """Write until the deletion that is on its way has arrived."""
    while True:
        try:
            await client.set_secret(name, "other")
        except ResourceExistsError as error:
            return error


async def test_a_deletion_may_take_its_time(fresh: Alone, client: SecretClient, name: str) -> None:
    await client.set_secret(name, "text")
    fresh.vault.behave({"transition_lag_seconds": 3600})
    deleting = asyncio.ensure_future(client.delete_secret(name))
    async with asyncio.timeout(30):
        early = await _refusal(client, name)
    assert _inner(early) == "ObjectIsBeingDeleted"
    assert not deleting.done()
    fresh.clock.shift(timedelta(seconds=3601))
    assert (await deleting).name == name


async def test_purge_protection_keeps_what_was_deleted(fresh: Alone, client: SecretClient, name: str) -> None:
    await client.set_secret(name, "text")
    fresh.vault.behave({"purge_protection": True})
    gone = await client.delete_secret(name)
    assert gone.properties.recovery_level == "Recoverable"
    with pytest.raises(HttpResponseError, match="purge protection") as refused:
        await client.purge_deleted_secret(name)
    assert refused.value.status_code == 403


@pytest.mark.parametrize(
    "said",
    [
        {"tags": {f"t{number}": "x" for number in range(16)}},
        {"tags": {"t": "x" * 257}},
        {"tags": {"t" * 257: "x"}},
        {"content_type": "x" * 256},
    ],
    ids=["16 tags", "long value", "long name", "long content type"],
)
async def test_limits_are_refused(client: SecretClient, name: str, said: dict[str, Any]) -> None:
    with pytest.raises(HttpResponseError, match="BadParameter") as refused:
        await client.set_secret(name, "text", **said)
    assert refused.value.status_code == 400


async def test_the_largest_of_everything_is_taken(client: SecretClient, name: str) -> None:
    tags = {f"{number:02}" + "t" * 254: "x" * 256 for number in range(15)}
    made = await client.set_secret(name.ljust(127, "x"), "v" * 25 * 1024, tags=tags)
    assert made.properties.tags == tags
    with pytest.raises(HttpResponseError, match="BadParameter"):
        await client.set_secret(name, "v" * (25 * 1024 + 1))


@pytest.mark.parametrize("wrong", ["under_score", "x" * 128, "dot.ted"])
async def test_a_name_outside_the_rule_is_refused(client: SecretClient, wrong: str) -> None:
    with pytest.raises(HttpResponseError, match="invalid name"):
        await client.set_secret(wrong, "text")


async def test_names_are_the_same_in_any_case(client: SecretClient, name: str) -> None:
    await client.set_secret(name.upper(), "text")
    assert (await client.get_secret(name)).value == "text"


@pytest.mark.parametrize("api_version", sorted(API_VERSIONS))
async def test_every_api_version_of_the_clients_is_spoken(fresh: Alone, name: str, api_version: str) -> None:
    async with _client(fresh, api_version=api_version) as client:
        await client.set_secret(name, "text")
        found = await client.get_secret(name)
        assert found.value == "text"
        assert found.properties.recoverable_days == (None if api_version in ("2016-10-01", "7.0") else 90)


@pytest.mark.parametrize("options", [{}, {"api_version": "7.4"}], ids=["default", "7.4"])
async def test_the_sync_client_works_as_well(fresh: Alone, name: str, options: dict[str, str]) -> None:
    def story() -> list[str | None]:
        with SyncSecretClient(
            fresh.url,
            SyncIdentity(fresh),
            verify_challenge_resource=False,
            connection_verify=fresh.ca_file,
            **options,
        ) as client:
            client.set_secret(name, "text")
            client.begin_delete_secret(name).wait()
            client.begin_recover_deleted_secret(name).wait()
            return [client.get_secret(name).value, *(p.name for p in client.list_properties_of_secret_versions(name))]

    assert await asyncio.to_thread(story) == ["text", name]


def _client(alone: Alone, **options: Any) -> SecretClient:
    options = {"retry_total": 0, "connection_verify": alone.ca_file} | options
    return SecretClient(alone.url, Identity(alone, "app-1"), verify_challenge_resource=False, **options)


def _inner(error: HttpResponseError) -> str:
    assert error.error is not None
    return str(error.error.innererror["code"])
