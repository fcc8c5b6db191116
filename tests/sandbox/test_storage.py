"""Storage of the sandbox: the real SDKs against Azurite over HTTPS, with an identity and with a key."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import trustme
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from sandbox import storage
from sandbox.storage import Azurite, StorageUnavailable

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).parents[2]


class Bearer(AsyncTokenCredential):
    """An identity as platform.md L describes it: Azurite checks audience, issuer and times, not the signature."""

    def __init__(self, audience: str = "https://storage.azure.com") -> None:
        now = int(time.time())
        tenant = uuid.uuid4()
        claims: dict[str, Any] = {"aud": audience, "iss": f"https://sts.windows.net/{tenant}/", "nbf": now - 60}
        # Azurite refuses a token without iat, though it never looks at it.
        claims |= {"iat": now - 60, "exp": now + 3600}
        self._token = AccessToken(jwt.encode(claims, "k" * 32, algorithm="HS256"), now + 3600)

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return self._token

    async def close(self) -> None:
        """Nothing is held open."""

    async def __aexit__(self, *args: object) -> None:
        """Nothing is held open."""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    paths = {name: folder / f"{name}.pem" for name in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(paths["ca"])
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(paths["cert"], append=number > 0)
    issued.private_key_pem.write_to_path(paths["key"])
    return paths


@pytest.fixture(scope="module")
def azurite(certificates: dict[str, Path]) -> Iterator[Azurite]:
    with Azurite(cert_file=certificates["cert"], key_file=certificates["key"], host="localhost") as running:
        yield running


async def test_an_identity_makes_a_table_a_queue_and_a_container(
    azurite: Azurite, certificates: dict[str, Path]
) -> None:
    credential, ca = Bearer(), str(certificates["ca"])
    async with TableServiceClient(azurite.table_url, credential=credential, connection_verify=ca) as tables:
        table = await tables.create_table("byidentity")
        await table.create_entity({"PartitionKey": "p", "RowKey": "r", "phase": "Planned"})
        assert (await table.get_entity("p", "r"))["phase"] == "Planned"
    async with QueueServiceClient(azurite.queue_url, credential=credential, connection_verify=ca) as queues:
        queue = await queues.create_queue("byidentity")
        await queue.send_message("bmV4dA==")
        assert (await queue.get_queue_properties()).approximate_message_count == 1
    async with BlobServiceClient(azurite.blob_url, credential=credential, connection_verify=ca) as blobs:
        container = await blobs.create_container("byidentity")
        await container.upload_blob("night", b"snapshot")
        assert await (await container.download_blob("night")).readall() == b"snapshot"


async def test_the_connection_string_makes_a_table_a_queue_and_a_container(
    azurite: Azurite, certificates: dict[str, Path]
) -> None:
    said, ca = azurite.connection_string, str(certificates["ca"])
    async with TableServiceClient.from_connection_string(said, connection_verify=ca) as tables:
        await tables.create_table("bystring")
        assert [table.name async for table in tables.query_tables("TableName eq 'bystring'")] == ["bystring"]
    async with QueueServiceClient.from_connection_string(said, connection_verify=ca) as queues:
        await queues.create_queue("bystring")
        assert [q.name async for q in queues.list_queues(name_starts_with="bystring")] == ["bystring"]
    async with BlobServiceClient.from_connection_string(said, connection_verify=ca) as blobs:
        await blobs.create_container("bystring")
        assert [c.name async for c in blobs.list_containers(name_starts_with="bystring")] == ["bystring"]


async def test_a_token_for_another_audience_is_refused(azurite: Azurite, certificates: dict[str, Path]) -> None:
    wrong = Bearer(audience="https://graph.microsoft.com")
    ca = str(certificates["ca"])
    async with QueueServiceClient(azurite.queue_url, credential=wrong, connection_verify=ca) as queues:
        with pytest.raises(ClientAuthenticationError):
            await queues.create_queue("refused")


async def test_what_was_kept_at_a_location_is_there_after_a_restart(tmp_path: Path) -> None:
    with Azurite(location=tmp_path / "kept") as first:
        assert first.blob_url.startswith("http://127.0.0.1:")
        async with TableServiceClient.from_connection_string(first.connection_string) as tables:
            await tables.create_table("kept")
    with Azurite(location=tmp_path / "kept") as second:
        async with TableServiceClient.from_connection_string(second.connection_string) as tables:
            assert [table.name async for table in tables.list_tables()] == ["kept"]


def test_it_ends_when_told_and_may_be_told_twice() -> None:
    running = Azurite().start()
    process_id = running.process_id
    assert process_id is not None
    assert _alive(process_id)
    running.stop()
    running.stop()
    assert not _alive(process_id)


def test_it_ends_with_a_parent_that_was_killed() -> None:
    program = "from sandbox.storage import Azurite; import time; print(Azurite().start().process_id, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        process_id = int(parent.stdout.readline())
        assert _alive(process_id)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _alive(process_id) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(process_id)


def test_a_start_that_fails_says_what_azurite_said_and_leaves_nothing(tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    running = Azurite(cert_file=missing, key_file=missing)
    with pytest.raises(StorageUnavailable, match="did not start"):
        running.start()
    assert running.process_id is None


def test_a_missing_node_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StorageUnavailable, match=r"node was not found.*install Node.js 20") as refusal:
        storage.ensure_installed()
    assert "\n" not in str(refusal.value)


def test_an_old_node_is_told_with_its_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _program(tmp_path / "node", "echo v18.19.1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(StorageUnavailable, match=r"node is v18\.19\.1, too old"):
        storage.ensure_installed()


def test_npm_runs_only_when_the_pinned_version_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An npm that installs nothing but fails proves when it is asked."""
    _program(tmp_path / "npm", "echo no registry >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (tmp_path / "package.json").write_text('{"dependencies": {"azurite": "3.37.0"}}')
    storage.ensure_installed()
    with pytest.raises(StorageUnavailable, match=r"npm ci failed.*no registry"):
        storage.ensure_installed(home=tmp_path)


def _program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def _alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return (
        "Z"
        not in subprocess.run(
            ["ps", "-o", "stat=", "-p", str(process_id)], capture_output=True, text=True, check=False
        ).stdout
    )
