"""The clock and ULIDs, fake and real, and our identity."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from rotation.adapters.clock import RandomUlids, SystemClock
from rotation.adapters.identity import hosted_identity
from rotation.ports.clock import Clock, Ulids
from sandbox.cloud import Cloud
from tests.contract.promises_clock import ClockPromises, GoBack
from tests.fakes.clock import MovableClock, SequentialUlids


class TestFakeClock(ClockPromises):
    @pytest.fixture
    def clock(self) -> MovableClock:
        return MovableClock()

    @pytest.fixture
    def ulids(self, clock: MovableClock) -> Ulids:
        return SequentialUlids(clock)

    @pytest.fixture
    def go_back(self, clock: MovableClock) -> GoBack:
        def go(span: timedelta) -> None:
            clock.set(clock.now() - span)

        return go


class TestRealClock(ClockPromises):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()

    @pytest.fixture
    def ulids(self) -> Ulids:
        return RandomUlids()

    @pytest.fixture
    def go_back(self) -> Iterator[GoBack]:
        travels: list[time_machine.travel] = []

        def go(span: timedelta) -> None:
            travels.append(time_machine.travel(datetime.now(UTC) - span))
            travels[-1].start()

        yield go
        for travel in travels:
            travel.stop()

    def test_it_tells_the_machines_time(self, clock: Clock) -> None:
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.sandbox
async def test_the_managed_identity_signs_us_in(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = cloud.environment()
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.setenv(name, environment[name])
    async with hosted_identity(environment["AZURE_CLIENT_ID"]) as credential:
        token = await credential.get_token("https://graph.microsoft.com/.default")
    assert cloud.entra.tokens.validate(token.token, "https://graph.microsoft.com").app_id == cloud.app[0]
