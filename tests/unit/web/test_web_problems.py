"""What each error means to a caller."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from rotation.domain.errors import (
    AccessDenied,
    ApplicationGone,
    BrokenInvariant,
    LeaseHeld,
    Misconfigured,
    Misread,
    NotFound,
    OutcomeUnknown,
    PolicyForbids,
    Refused,
    RotationError,
    StaleRecord,
    Throttled,
    VaultRefused,
)
from rotation.web.exchange import Request, Response
from rotation.web.principal import Role
from rotation.web.problems import answer
from rotation.web.refusals import ForeignForm, NoSuchMethod, SignInNeeded, lacks

LATER = datetime(2026, 3, 2, tzinfo=UTC)


async def answered(error: Exception) -> Response:
    async def asked() -> Response:
        raise error

    return await answer(Request(method="GET", path="/api/x"), asked)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Misread("rotation", "x", "y"), 400),
        (SignInNeeded(), 401),
        (lacks(Role.READER), 403),
        (ForeignForm(), 403),
        (NoSuchMethod(["GET"]), 405),
        (Refused("no", reason="enrol-at-terminal", remedy="rotation enrol x"), 403),
        (NotFound("no"), 404),
        (ApplicationGone("no"), 404),
        (Refused("no", reason="already-open", remedy="wait"), 409),
        (PolicyForbids("no"), 409),
        (StaleRecord("no"), 409),
        (Misconfigured(["no"]), 500),
        (BrokenInvariant("no"), 500),
        (RotationError("no"), 500),
        (KeyError("no"), 500),
        (AccessDenied("no"), 502),
        (VaultRefused("no"), 502),
        (Throttled("no"), 503),
        (LeaseHeld("no", until=LATER), 503),
        (OutcomeUnknown("no"), 503),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_each_error_has_its_status_and_a_whole_problem(error: Exception, status: int) -> None:
    response = await answered(error)
    body = json.loads(response.text())
    assert (response.status, body["status"]) == (status, status)
    assert response.media_type == "application/problem+json"
    assert set(body) == {"type", "title", "status", "detail", "instance", "facts", "remedy"}
    assert body["remedy"]
    assert body["instance"] == "/api/x"


async def test_a_services_own_delay_is_handed_on() -> None:
    assert (await answered(Throttled("no", retry_after=timedelta(seconds=7.2)))).headers == {"Retry-After": "8"}


async def test_all_problems_of_a_configuration_are_facts() -> None:
    body = json.loads((await answered(Misconfigured(["one", "two"]))).text())
    assert body["facts"]["problems"] == ["one", "two"]
    assert body["remedy"] == "rotation config check"


@pytest.mark.parametrize("path", ["/snooze/abc.TOKEN", "/Snooze/abc.TOKEN/more", "//snooze/abc.TOKEN"])
@pytest.mark.parametrize("error", [NotFound("no"), KeyError("no")])
async def test_no_log_keeps_the_token_of_a_signed_link(
    path: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def asked() -> Response:
        raise error

    await answer(Request(method="GET", path=path), asked)
    (record,) = caplog.records
    assert vars(record)["path"] == "/snooze/{token}"
    await answer(Request(method="GET", path="/applications/7/snooze/x"), asked)
    assert vars(caplog.records[-1])["path"] == "/applications/7/snooze/x"


async def test_a_bug_tells_nothing_of_its_inside(caplog: pytest.LogCaptureFixture) -> None:
    text = (await answered(ValueError("Canary~secret.text"))).text()
    assert "Canary" not in text
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == ["http.bug"]
