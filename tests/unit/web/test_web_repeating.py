"""Idempotency-Key: the first answer comes again, and it is done once."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.errors import StaleRecord, Superseded, Unavailable
from rotation.ledger import keys
from rotation.ledger.once import Once, Taken
from rotation.web.exchange import Request, Response
from rotation.web.principal import KEY
from rotation.web.problems import answer
from rotation.web.repeating import AT_WORK, KIND, once
from tests.fakes.mishaps import Mishap
from tests.fakes.world import VAULT, World
from tests.unit.web.caller import come


@pytest.fixture
def world() -> World:
    return World()


async def test_a_request_that_is_sent_again_gets_the_first_answer_and_is_done_once(world: World) -> None:
    first = await come(world, "POST", "scans", {"dryRun": True}, idempotency_key="a")
    again = await come(world, "POST", "scans", {"dryRun": True}, idempotency_key="a")
    assert (again.status, again.body, again.headers["Location"]) == (
        first.status,
        first.body,
        first.headers["Location"],
    )
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(world.queues.texts(keys.QUEUE_SCANS)) == 1
    other = await come(world, "POST", "scans", {"dryRun": True}, idempotency_key="b")
    assert other.body["scan"] != first.body["scan"]


async def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    await come(world, "POST", "scans", {"dryRun": True}, idempotency_key="a")
    answer = await come(world, "POST", "scans", {"dryRun": False}, idempotency_key="a")
    assert (answer.status, answer.slug) == (422, "idempotency-key-reused")
    elsewhere = await come(world, "POST", "pause", {"reason": "x"}, idempotency_key="a")
    assert elsewhere.status == 200


async def test_what_was_no_request_or_could_not_be_done_may_be_sent_again(world: World) -> None:
    assert (await come(world, "POST", "scans", {"dryrun": True}, idempotency_key="a")).status == 400
    assert (await come(world, "POST", "scans", {"dryRun": True}, idempotency_key="a")).status == 202
    application = world.add_application()
    world.vaults.memory(VAULT).mishaps.plan("versions", Mishap.UNAVAILABLE)
    asked = {"application": application.object_id, "preview": True}
    assert (await come(world, "POST", "lines", asked, idempotency_key="b")).status == 503
    assert (await come(world, "POST", "lines", asked, idempotency_key="b")).status == 200


async def test_that_it_may_not_be_done_is_an_answer_too(world: World) -> None:
    application = world.add_application()
    asked = {"application": application.object_id}
    first = await come(world, "POST", "rotations", asked, idempotency_key="a")
    assert (first.status, first.slug) == (409, "not-enrolled")
    await world.enrol(application)
    assert (await come(world, "POST", "rotations", asked, idempotency_key="a")).body == first.body


@pytest.mark.parametrize("error", [Superseded("somebody was faster"), StaleRecord("somebody was faster")])
async def test_that_somebody_was_faster_may_be_asked_again_with_the_same_key(world: World, error: Superseded) -> None:
    async def loses() -> Response:
        raise error

    services = world.services()
    lost = await once(services, request(), lambda: answer(request(), loses))
    assert (lost.status, json.loads(lost.text())["remedy"]) == (409, "ask again in a moment")
    assert (await once(services, request(), works)).status == 200
    assert (await once(services, request(), loses)).headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["k" * 201, "a\nb"])
async def test_a_key_that_is_none_is_told_so(world: World, key: str) -> None:
    assert (await come(world, "POST", "scans", {}, idempotency_key=key)).status == 400


async def test_an_answer_ends_after_a_day(world: World) -> None:
    first = await come(world, "POST", "scans", {}, idempotency_key="a")
    world.clock.advance(timedelta(days=1, seconds=1))
    assert (await come(world, "POST", "scans", {}, idempotency_key="a")).body["scan"] != first.body["scan"]


def request() -> Request:
    return Request(method="POST", path="/api/x", headers={"idempotency-key": "a"}, body=b"{}", principal=KEY)


class Killed(BaseException):
    """The process dies."""


async def test_who_dies_in_between_is_followed_once_nobody_can_be_at_work(world: World) -> None:
    services = world.services()

    async def dies() -> Response:
        raise Killed

    with pytest.raises(Killed):
        await once(services, request(), dies)
    early = await come_again(world)
    assert early == "idempotency-key-in-use"
    world.clock.advance(AT_WORK + timedelta(seconds=1))
    assert (await once(services, request(), works)).status == 200
    assert (await once(services, request(), dies)).headers["Idempotency-Replayed"] == "true"


async def come_again(world: World) -> str:
    async def never() -> Response:
        raise AssertionError("it is done once")

    try:
        await once(world.services(), request(), never)
    except Exception as error:  # noqa: BLE001 - the reason is what is looked at
        return str(getattr(error, "reason", error))
    return "done"


async def works() -> Response:
    return Response(status=200, body={"done": True})


async def test_a_doubtful_answer_of_the_table_is_looked_after(world: World) -> None:
    """The row was written although no answer came, or the SDK asked twice: it is ours all the same."""
    for mishap in (Mishap.LOST_AFTER, Mishap.REPEATED):
        fresh = World()
        fresh.tables.mishaps.plan("commit", mishap)
        assert (await once(fresh.services(), request(), works)).status == 200
        fresh.tables.mishaps.plan("commit", None)
        assert (await once(fresh.services(), request(), works)).headers["Idempotency-Replayed"] == "true"
    world.tables.mishaps.plan("commit", Mishap.UNAVAILABLE)
    with pytest.raises(Unavailable):
        await once(world.services(), request(), works)
    assert (await once(world.services(), request(), works)).status == 200


async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(world: World) -> None:
    world.tables.mishaps.plan("commit", None, Mishap.UNAVAILABLE)
    assert (await once(world.services(), request(), works)).body == {"done": True}
    assert await come_again(world) == "idempotency-key-in-use"


async def test_that_it_cannot_be_kept_is_logged_without_the_token_of_a_signed_link(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.tables.mishaps.plan("commit", None, Mishap.UNAVAILABLE)
    await once(world.services(), replace(request(), path="/snooze/abc.TOKEN"), works)
    told = [vars(record)["path"] for record in caplog.records if record.message == "http.answer-not-kept"]
    assert told == ["/snooze/{token}"]


async def test_of_two_that_follow_one_acts(world: World) -> None:
    name, now = f"{KEY.subject}|POST /api/x|a", world.clock.now()
    rows = Once(world.tables)
    old = Taken(kind=KIND, owner="gone", began_at=now - 2 * AT_WORK, expires_at=now + timedelta(hours=1))
    await rows.take(name, old)
    found = await rows.find(KIND, name)
    assert found is not None
    await rows.put(name, replace(old, owner="first"), etag=found[1])
    with pytest.raises(StaleRecord):
        await rows.put(name, replace(old, owner="second"), etag=found[1])
    assert await rows.find(KIND, "another") is None
