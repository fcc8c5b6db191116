"""The configuration in force: read again, recorded once, and never an older one."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from rotation.config import ConfigurationRefused
from rotation.configurations import LoadedConfigurations
from rotation.domain.errors import Unavailable
from rotation.ledger import keys
from rotation.ledger.control import Control
from rotation.ports.tables import prefix
from tests.fakes.clock import MovableClock
from tests.fakes.tables import MemoryTables

ONE = "policies: [{name: one, select: {everything: true}}]"
TWO = "policies: [{name: two, select: {everything: true}}]"
WRONG = "policies: [{name: one, select: {everything: true}, lifetime: 30, modus: x}]"
MINUTE = timedelta(minutes=1)


@dataclass
class Source:
    """A text that a test changes; counts how often it is read."""

    text: str
    reads: int = 0
    down: bool = False

    async def read(self) -> str:
        self.reads += 1
        if self.down:
            raise Unavailable("the blob does not answer")
        return self.text

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Set:
    source: Source
    clock: MovableClock
    tables: MemoryTables
    configurations: LoadedConfigurations

    async def policy(self) -> str:
        return (await self.configurations.current()).policies[0].name

    async def recorded(self) -> int:
        return len([row async for row in self.tables.query(keys.CONTROL, prefix("control", "config|"))])


@pytest.fixture
def made() -> Set:
    source, clock, tables = Source(ONE), MovableClock(), MemoryTables()
    configurations = LoadedConfigurations(source, Control(tables), clock, name="rotation.yaml")
    return Set(source, clock, tables, configurations)


async def test_the_source_is_read_at_most_once_a_minute(made: Set) -> None:
    for _time in range(5):
        assert await made.policy() == "one"
    assert made.source.reads == 1
    made.source.text = TWO
    assert await made.policy() == "one"
    made.clock.advance(MINUTE)
    assert await made.policy() == "two"


async def test_a_clock_that_goes_back_reads_again(made: Set) -> None:
    await made.policy()
    made.source.text = TWO
    made.clock.advance(-MINUTE)
    assert await made.policy() == "two"


async def test_each_digest_is_recorded_once(made: Set) -> None:
    for text in (ONE, ONE, TWO, ONE):
        made.source.text = text
        made.clock.advance(MINUTE)
        await made.policy()
    assert await made.recorded() == 2


async def test_a_broken_text_is_refused_with_all_problems_and_nothing_older_is_used(made: Set) -> None:
    await made.policy()
    made.source.text = WRONG
    made.clock.advance(MINUTE)
    for _time in range(2):
        with pytest.raises(ConfigurationRefused) as refused:
            await made.policy()
        assert len(refused.value.problems) == 2
    made.source.text = ONE
    assert await made.policy() == "one"


async def test_a_source_that_does_not_answer_is_no_configuration(made: Set) -> None:
    await made.policy()
    made.source.down = True
    made.clock.advance(MINUTE)
    with pytest.raises(Unavailable):
        await made.policy()
