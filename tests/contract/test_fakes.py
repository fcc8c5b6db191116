"""What only fakes can do: the worst, at a chosen moment."""

import asyncio
import contextlib
from datetime import timedelta
from itertools import pairwise

import pytest

from rotation.domain.audience import Audience
from rotation.domain.credential import Credential
from rotation.domain.errors import Unavailable
from rotation.domain.identifiers import ObjectId
from rotation.domain.secret import SecretText
from rotation.ports.directory import MintRequest
from rotation.ports.notices import Message
from rotation.ports.tables import Insert, Query
from rotation.ports.vault import NewVersion
from tests.fakes.channel import MemoryChannel
from tests.fakes.clock import START, MovableClock, SequentialUlids
from tests.fakes.crashing import Crash, CrashPlan, crashing
from tests.fakes.directory import MemoryDirectory
from tests.fakes.directory_state import make_application, make_key_id
from tests.fakes.mishaps import Mishap
from tests.fakes.snapshots import MemorySnapshots
from tests.fakes.tables import MemoryTables
from tests.fakes.vault import MemoryVaults

MINUTE = timedelta(minutes=1)


def request(clock: MovableClock, application: ObjectId) -> MintRequest:
    now = clock.now()
    return MintRequest(application=application, display_name="x", start_at=now, end_at=now + 200 * 24 * 60 * MINUTE)


class TestLag:
    async def test_reads_go_back_and_forth_within_the_lag_and_settle_after(self) -> None:
        clock = MovableClock()
        directory = MemoryDirectory(clock, read_lag=MINUTE)
        application = make_application(1)
        directory.add(application)
        clock.advance(MINUTE)
        await directory.mint(request(clock, application.object_id))
        clock.advance(MINUTE / 2)
        counts = [len((await directory.application(application.object_id)).secrets) for _ in range(40)]
        assert any(before > after for before, after in pairwise(counts))
        assert set(counts) == {0, 1}
        clock.advance(MINUTE)
        assert {len((await directory.application(application.object_id)).secrets) for _ in range(40)} == {1}

    async def test_a_test_may_choose_each_read(self) -> None:
        clock = MovableClock()
        directory = MemoryDirectory(clock, read_lag=MINUTE)
        application = make_application(1)
        directory.add(application)
        clock.advance(MINUTE)
        await directory.mint(request(clock, application.object_id))
        choices = iter([0.0, 1.0, 0.0])
        directory.staleness = lambda: next(choices)
        counts = [len((await directory.application(application.object_id)).secrets) for _ in range(3)]
        assert counts == [1, 0, 1]

    async def test_a_removal_works_at_once_and_shows_later(self) -> None:
        clock = MovableClock()
        directory = MemoryDirectory(clock)
        key_id = make_key_id(77)
        application = make_application(1, Credential(key_id=key_id, end_at=clock.now() + 9999 * MINUTE))
        record = directory.add(application)
        record.remove_ignored = 1
        directory.removal_shows_after = MINUTE
        await directory.remove(application.object_id, key_id)
        assert directory.removed == []
        await directory.remove(application.object_id, key_id)
        assert (await directory.application(application.object_id)).holds(key_id)
        assert [text.removed_at for text in record.texts] == [clock.now()]
        clock.advance(MINUTE)
        assert not (await directory.application(application.object_id)).holds(key_id)

    async def test_two_writes_at_one_application_conflict(self) -> None:
        clock = MovableClock()
        directory = MemoryDirectory(clock)
        application = make_application(1)
        directory.add(application)
        both = [directory.mint(request(clock, application.object_id)) for _ in range(2)]
        outcomes = await asyncio.gather(*both, return_exceptions=True)
        assert [type(one) for one in outcomes].count(Unavailable) == 1
        assert directory.conflicts == [application.object_id]

    async def test_a_page_that_cannot_be_read(self) -> None:
        directory = MemoryDirectory(page_size=2)
        for number in range(5):
            directory.add(make_application(number))
        directory.unreadable_pages = {1}
        directory.malformed = [("x", "why")]
        seen: list[int] = []
        with pytest.raises(Unavailable):
            await _read(directory, seen)
        assert seen == [2]


async def _read(directory: MemoryDirectory, seen: list[int]) -> None:
    async for page in directory.applications():
        seen.append(len(page.applications))  # noqa: PERF401  # what came before the break is the point


class TestCrashing:
    async def test_it_counts_calls_over_all_ports_and_dies_once_a_point(self) -> None:
        tables = MemoryTables()

        async def step(plan: CrashPlan) -> None:
            port = crashing(tables, plan)
            await port.get("t", "p", "k")
            await port.commit("t", "p", [Insert(key="k", values={})])
            assert [row.key async for row in port.query("t", Query())] == ["k"]

        counting = CrashPlan()
        await step(counting)
        assert counting.trace == ["MemoryTables.get", "MemoryTables.commit", "MemoryTables.query"]
        assert counting.points == 6
        rows_after_death = {}
        for point in range(counting.points):
            tables = MemoryTables()
            with pytest.raises(Crash):
                await step(CrashPlan(point))
            rows_after_death[point] = len(tables.all_rows("t"))
        assert rows_after_death == {0: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 1}

    async def test_counts_go_on_over_restarts(self) -> None:
        plan = CrashPlan(0, 3)
        tables = crashing(MemoryTables(), plan)
        with pytest.raises(Crash):
            await tables.get("t", "p", "k")
        with pytest.raises(Crash):
            await tables.get("t", "p", "k")
        await tables.get("t", "p", "k")
        assert plan.points == 6

    async def test_it_reaches_what_ports_hand_out(self) -> None:
        plan = CrashPlan()
        vault = crashing(MemoryVaults(), plan).at("https://a.example")
        assert vault.url == "https://a.example"
        await vault.write("name", NewVersion(text=SecretText("x"), tags={}))
        async with crashing(MemorySnapshots(), plan).write("secrets", at=START) as writer:
            await writer.add(b"line\n")
            await writer.complete()
        assert plan.trace == ["MemoryVault.write", "MemorySnapshots.write", "_Writer.add", "_Writer.complete"]

    async def test_no_handler_of_exceptions_hides_it(self) -> None:
        port = crashing(MemoryTables(), CrashPlan(0))
        with pytest.raises(Crash):
            await _swallow_everything(port)


async def _swallow_everything(port: MemoryTables) -> None:
    # The careless code that a crash must pass through.
    with contextlib.suppress(Exception):
        await port.get("t", "p", "k")


class TestSmallFakes:
    def test_ulids_sort_though_the_clock_goes_back(self) -> None:
        clock = MovableClock()
        ulids = SequentialUlids(clock)
        made = [ulids.make()]
        for span in (MINUTE, -3 * MINUTE, MINUTE):
            clock.advance(span)
            made.append(ulids.make())
        assert made == sorted(made)
        assert len({one for one in made if len(one) == 26}) == 4

    async def test_a_channel_may_send_and_fail(self) -> None:
        channel = MemoryChannel()
        channel.mishaps.plan("send", Mishap.LOST_AFTER)
        audience = Audience(name="team")  # type: ignore[arg-type]
        with pytest.raises(Unavailable):
            await channel.send(audience, Message(title="t", summary="s"))
        assert [message.title for _, message in channel.sent] == ["t"]
        assert MemoryChannel(audiences=()).reaches(audience) is False
