"""What Snapshots promises."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from rotation.domain.errors import NotFound
from rotation.ports.snapshots import Snapshots

AT = datetime(2026, 3, 2, 2, 0, 1, 250000, tzinfo=UTC)


async def lines(snapshots: Snapshots, name: str) -> list[bytes]:
    return [line async for line in snapshots.read(name)]


async def write(snapshots: Snapshots, name: str, some: Iterable[bytes]) -> int:
    async with snapshots.write(name, at=AT) as writer:
        for line in some:
            await writer.add(line + b"\n")
        return await writer.complete()


class SnapshotsPromises:
    @pytest.fixture
    def name(self) -> str:
        """A pass that was never made."""
        return f"pass-{uuid4().hex}"

    async def test_a_pass_that_was_never_complete_is_not_found(self, snapshots: Snapshots, name: str) -> None:
        with pytest.raises(NotFound):
            await lines(snapshots, name)

    async def test_lines_come_back_in_order(self, snapshots: Snapshots, name: str) -> None:
        some = [b'{"name": "gr\xc3\xbc\xc3\x9fe"}', b"", b'{"n": 2}']
        assert await write(snapshots, name, some) > 0
        assert await lines(snapshots, name) == some

    async def test_an_empty_pass_is_complete_too(self, snapshots: Snapshots, name: str) -> None:
        await write(snapshots, name, [])
        assert await lines(snapshots, name) == []

    async def test_many_lines(self, snapshots: Snapshots, name: str) -> None:
        some = [hashlib.shake_128(str(n).encode()).hexdigest(500).encode() for n in range(4000)]
        await write(snapshots, name, some)
        assert await lines(snapshots, name) == some

    async def test_what_is_not_complete_is_never_seen(self, snapshots: Snapshots, name: str) -> None:
        async with snapshots.write(name, at=AT) as writer:
            await writer.add(b"half\n")
        with pytest.raises(NotFound):
            await lines(snapshots, name)

    async def test_the_last_complete_one_stays_until_the_next_is(self, snapshots: Snapshots, name: str) -> None:
        await write(snapshots, name, [b"old"])
        with pytest.raises(RuntimeError, match="died"):
            await _die(snapshots, name)
        async with snapshots.write(name, at=AT) as writer:
            await writer.add(b"new\n")
            assert await lines(snapshots, name) == [b"old"]
            await writer.complete()
        assert await lines(snapshots, name) == [b"new"]

    async def test_lines_may_come_together(self, snapshots: Snapshots, name: str) -> None:
        async with snapshots.write(name, at=AT) as writer:
            await writer.add(b"one\ntwo\n")
            await writer.add(b"")
            await writer.complete()
        assert await lines(snapshots, name) == [b"one", b"two"]

    async def test_a_line_comes_with_its_break(self, snapshots: Snapshots, name: str) -> None:
        async with snapshots.write(name, at=AT) as writer:
            with pytest.raises(ValueError, match="break"):
                await writer.add(b"a\nb")


async def _die(snapshots: Snapshots, name: str) -> None:
    async with snapshots.write(name, at=AT) as writer:
        await writer.add(b"half\n")
        raise RuntimeError("died")
