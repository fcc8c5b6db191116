"""The real clock, real ULIDs, and our identity."""

from datetime import UTC, datetime, timedelta

import pytest
from ulid import ULID

from rotation.adapters.clock import RandomUlids, SystemClock
from rotation.adapters.identity import hosted_identity
from sandbox.cloud import Cloud


def test_the_clock_tells_utc() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_ulids_are_valid_distinct_and_sorted() -> None:
    ulids = RandomUlids()
    made = [ulids.make() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == 5000
    assert abs(ULID.from_str(made[0]).datetime - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.sandbox
async def test_the_managed_identity_signs_us_in(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = cloud.environment()
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.setenv(name, environment[name])
    async with hosted_identity(environment["AZURE_CLIENT_ID"]) as credential:
        token = await credential.get_token("https://graph.microsoft.com/.default")
    assert cloud.entra.tokens.validate(token.token, "https://graph.microsoft.com").app_id == cloud.app[0]
