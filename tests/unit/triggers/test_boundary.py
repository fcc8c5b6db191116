"""What each error means to a message, to a timer and to a caller."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from rotation.domain.errors import (
    AccessDenied,
    BrokenInvariant,
    LeaseHeld,
    Misconfigured,
    NeedsPerson,
    NotFound,
    NotYetVisible,
    OutcomeUnknown,
    StaleRecord,
    Throttled,
    Unavailable,
)
from rotation.domain.identifiers import ObjectId, RotationId
from rotation.domain.messages import RotationMessage, UnreadableMessage, read_rotation, write
from rotation.domain.rotation import Blocked
from rotation.ledger import keys
from rotation.triggers import boundary
from rotation.workflows.services import Services
from tests.fakes.world import World

LATER = datetime(2026, 3, 2, tzinfo=UTC)
COMPLETED = [
    Throttled("wait", retry_after=timedelta(seconds=3)),
    Unavailable("down"),
    NotYetVisible("not yet"),
    LeaseHeld("held", until=LATER),
    OutcomeUnknown("no answer"),
    StaleRecord("faster"),
    Misconfigured(["policies: none"]),
]
RAISED = [
    AccessDenied("no right"),
    BrokenInvariant("cannot be"),
    NotFound("nothing"),
    NeedsPerson("a person"),
    KeyError("a bug"),
]


def raising(error: Exception) -> boundary.Work:
    async def work(_services: Services, _text: str) -> None:
        raise error

    return work


@pytest.mark.parametrize("error", COMPLETED, ids=lambda error: type(error).__name__)
async def test_a_message_is_completed_where_a_wake_stands(error: Exception) -> None:
    world = World()
    await boundary.message(world.services, keys.QUEUE_ROTATIONS, "{}", work=raising(error))
    assert world.queues.sent == []


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
async def test_anything_else_is_counted_by_the_host(error: Exception) -> None:
    with pytest.raises(type(error)):
        await boundary.message(World().services, keys.QUEUE_ROTATIONS, "{}", work=raising(error))


async def test_an_environment_that_cannot_be_used_poisons_nothing() -> None:
    def services() -> Services:
        raise Misconfigured(["ROTATION_TENANT_ID: is not set"])

    await boundary.message(services, keys.QUEUE_ROTATIONS, "{}", work=raising(KeyError("never reached")))


async def test_a_broken_configuration_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        await boundary.message(World().services, keys.QUEUE_SCANS, "{}", work=raising(Misconfigured(["line 3"])))
    assert [record.__dict__["problems"] for record in caplog.records] == [["line 3"]]


async def test_an_unreadable_message_goes_to_poison_with_its_reason_kept_once() -> None:
    world = World()

    async def work(_services: Services, text: str) -> None:
        read_rotation(text)

    for _try in range(5):
        with pytest.raises(UnreadableMessage):
            await boundary.message(world.services, keys.QUEUE_ROTATIONS, '{"v":0}', work=work)
    kept = world.tables.all_rows(keys.NOTICES)
    assert len(kept) == 1
    assert "version 0 is not 1" in str(kept[0].values)


async def test_a_poisoned_rotation_is_blocked_and_a_person_is_told() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    await world.scan()
    rotation = world.rotations()[-1]
    await boundary.poison(world.services, keys.QUEUE_ROTATIONS, write(RotationMessage(rotation=str(rotation.id))))
    phase = world.rotations()[-1].phase
    assert isinstance(phase, Blocked)
    assert phase.reason == "gave-up"


async def test_poison_of_what_is_no_more_is_forgotten() -> None:
    gone = RotationId(ObjectId("a" * 8 + "-0000-4000-8000-" + "0" * 12), "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    world = World()
    await boundary.poison(world.services, keys.QUEUE_ROTATIONS, write(RotationMessage(rotation=str(gone))))
    assert world.rotations() == []


async def test_poison_that_cannot_be_read_is_kept_for_a_person() -> None:
    world = World()
    await boundary.poison(world.services, keys.QUEUE_DELIVERIES, "\ufffd\ufffd")
    assert "deliveries" in str(world.tables.all_rows(keys.NOTICES)[0].values)


async def test_a_timer_comes_back_by_itself_but_a_bug_is_counted() -> None:
    async def later(_services: Services) -> None:
        raise Unavailable("down")

    async def bug(_services: Services) -> None:
        raise KeyError("bug")

    await boundary.tick(World().services, "recover", later)
    with pytest.raises(KeyError):
        await boundary.tick(World().services, "recover", bug)
