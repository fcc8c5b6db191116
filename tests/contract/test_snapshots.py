"""Snapshots and the configuration's sources: in memory, and on Azurite."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from rotation.adapters.config_source import config_source
from rotation.adapters.snapshots import BLOCK_BYTES, CONTAINER, AzureSnapshots
from rotation.adapters.storage import CONNECTION, StorageAccount
from rotation.domain.errors import Misconfigured, Unavailable
from rotation.ports.snapshots import Snapshots
from tests.contract.promises_snapshots import AT, SnapshotsPromises, lines, write
from tests.fakes.snapshots import MemorySnapshots


class TestMemorySnapshots(SnapshotsPromises):
    @pytest.fixture
    def snapshots(self) -> Snapshots:
        return MemorySnapshots()

    async def test_a_read_breaks_off_where_told(self) -> None:
        snapshots = MemorySnapshots()
        await write(snapshots, "secrets", [b"1", b"2", b"3"])
        snapshots.cut_reads_after = 2
        seen: list[bytes] = []
        with pytest.raises(Unavailable):
            await _read_into(seen, snapshots)
        assert seen == [b"1", b"2"]


async def _read_into(seen: list[bytes], snapshots: Snapshots) -> None:
    async for line in snapshots.read("secrets"):
        seen.append(line)  # noqa: PERF401  # what came before the break is the point


@pytest.mark.sandbox
class TestAzureSnapshots(SnapshotsPromises):
    @pytest.fixture
    async def snapshots(self, account: StorageAccount) -> AsyncIterator[Snapshots]:
        async with AzureSnapshots(account.blobs()) as snapshots:
            yield snapshots

    async def test_it_is_one_gzip_file_in_blocks(
        self, snapshots: Snapshots, account: StorageAccount, name: str
    ) -> None:
        some = [uuid4().hex.encode() * 32 for _ in range(60_000)]
        size = await write(snapshots, name, some)
        async with account.blobs() as service:
            blob = service.get_blob_client(CONTAINER, f"{name}.jsonl.gz")
            committed, _ = await blob.get_block_list()
            raw = await (await blob.download_blob()).readall()
        assert gzip.decompress(raw).splitlines() == some
        assert len(raw) == size
        assert len(committed) >= size // (2 * BLOCK_BYTES)

    async def test_of_two_writers_one_completes(self, snapshots: Snapshots, name: str) -> None:
        async with snapshots.write(name, at=AT) as first, snapshots.write(name, at=AT) as second:
            await first.add(b"first\n")
            await second.add(b"second\n")
            await first.complete()
            await second.complete()
        assert await lines(snapshots, name) == [b"second"]

    async def test_a_file_that_was_cut_is_not_a_short_one(
        self, snapshots: Snapshots, account: StorageAccount, name: str
    ) -> None:
        await write(snapshots, name, [uuid4().hex.encode() for _ in range(1000)])
        async with account.blobs() as service:
            blob = service.get_blob_client(CONTAINER, f"{name}.jsonl.gz")
            raw = await (await blob.download_blob()).readall()
            await blob.upload_blob(raw[:-100], overwrite=True)
        with pytest.raises(Unavailable, match="middle"):
            await lines(snapshots, name)


async def test_configuration_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rotation.yaml"
    path.write_text("\ufeffpolicies: []  # grüße", encoding="utf-8")
    source = config_source(str(path), StorageAccount(connection_string="unused"))
    assert await source.read() == "policies: []  # grüße"
    await source.close()


async def test_a_file_that_is_not_there_is_misconfigured(tmp_path: Path) -> None:
    account = StorageAccount(connection_string="unused")
    with pytest.raises(Misconfigured, match=r"nowhere\.yaml"):
        await config_source(str(tmp_path / "nowhere.yaml"), account).read()
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Misconfigured, match="UTF-8"):
        await config_source(str(tmp_path / "binary.yaml"), account).read()
    with pytest.raises(Misconfigured, match="container"):
        config_source("blob:only-a-container", account)


@pytest.mark.sandbox
async def test_configuration_from_a_blob(account: StorageAccount) -> None:
    async with account.blobs() as service:
        await service.create_container("settings")
        await service.get_blob_client("settings", "rotation.yaml").upload_blob(b"policies: []")
    source = config_source("blob:settings/rotation.yaml", account)
    assert await source.read() == "policies: []"
    await source.close()
    missing = config_source("blob:settings/other.yaml", account)
    with pytest.raises(Misconfigured, match="no such blob"):
        await missing.read()
    await missing.close()


def test_an_account_without_addresses_is_misconfigured() -> None:
    with pytest.raises(Misconfigured) as caught:
        StorageAccount.read({f"{CONNECTION}__blobServiceUri": "https://b"}, credential=None)  # type: ignore[arg-type]
    assert len(caught.value.problems) == 3


def test_an_account_name_gives_three_addresses() -> None:
    account = StorageAccount.read({f"{CONNECTION}__accountName": "stx"}, credential=None)  # type: ignore[arg-type]
    assert account.addresses["table"] == "https://stx.table.core.windows.net"


def test_a_connection_string_is_in_no_repr() -> None:
    account = StorageAccount.read({CONNECTION: "AccountKey=canary"}, credential=None)  # type: ignore[arg-type]
    assert "canary" not in repr(account)
