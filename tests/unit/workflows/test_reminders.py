"""Digests, notices, alarms: each reminder once, each notice at least once, and nothing lost in between."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.audience import Audience
from rotation.domain.identifiers import AudienceName, RotationId
from rotation.domain.messages import UnreadableMessage, read_rotation
from rotation.ledger import keys
from rotation.ledger.notices import Notice
from rotation.ports.notices import Item, Message
from rotation.workflows.giving_up import gave_up
from rotation.workflows.notices import alarm
from rotation.workflows.recovering import recover
from rotation.workflows.reminding import digest
from rotation.workflows.repairing import write_lines_anew
from rotation.workflows.sending import send_notice
from tests.fakes.channel import MemoryChannel
from tests.fakes.crashing import Crash
from tests.fakes.mishaps import Mishap
from tests.fakes.world import PEOPLE, QUICK, World, configure, destination

DAY = timedelta(days=1)


async def morning(world: World) -> list[str]:
    """Let one night pass and give what the morning's digest says."""
    await world.nights(1)
    before = len(world.channel.sent)
    await digest(world.services())
    await world.run(timedelta(minutes=30))
    return [item.text for _audience, message in world.channel.sent[before:] for item in message.items]


def items(world: World) -> list[Item]:
    """Give everything that people were told."""
    return [item for _audience, message in world.channel.sent for item in message.items]


async def test_each_rung_is_told_once() -> None:
    world = World()
    world.add_application(ends_in=16 * DAY)
    told = [text for _day in range(25) for text in await morning(world)]
    assert len(told) == 6, "30 and 14, 7, 3, 1 days, expired"
    assert [item.state for item in items(world)] == [*["approaching"] * 5, "expired"]


async def test_one_digest_for_an_audience_and_channel_and_not_one_message_for_each_credential() -> None:
    world = World()
    for number in range(1, 40):
        world.add_application(number, ends_in=5 * DAY)
    assert len(await morning(world)) == 39
    digests = [title for title in world.titles() if "need" in title]
    assert len(digests) == 1
    assert digests[0].startswith("39 credentials need you")


async def test_what_rotation_does_by_itself_is_not_reminded_of() -> None:
    world = World()
    application = world.add_application(ends_in=20 * DAY)
    await world.enrol(application)
    assert await morning(world) == []


async def test_a_digest_that_dies_between_notice_and_claims_is_told_again_and_never_lost() -> None:
    world = World()
    world.add_application(ends_in=5 * DAY)
    await world.nights(1)
    for point in range(60):
        world.channel.sent.clear()
        for row in world.tables.all_rows(keys.REMINDERS):
            world.tables._tables[keys.REMINDERS].pop((row.partition, row.key))
        world.crash_at(point)
        try:
            await digest(world._current)
        except Crash:
            world._current = world.services()
            await digest(world.services())
        await world.run(timedelta(minutes=30))
        assert 1 <= sum("need" in title for title in world.titles()) <= 2, point


async def test_blocked_lines_approvals_and_hand_offs_are_told_each_under_a_name_of_its_own() -> None:
    portal = destination("portal", "person")
    world = World(configuration=configure(portal, replace(destination("store"), approval=True)))
    await world.enrol(world.add_application(1, ends_in=20 * DAY))
    told = await morning(world)
    assert any("Paste into portal" in text for text in told)
    assert any("waits for approval" in text for text in told)
    assert [text for text in await morning(world) if "approval" in text] == []


async def test_a_hand_off_is_told_again_as_its_deadline_comes() -> None:
    """The rungs count to the deadline of the hand-off, not to the end of the new secret."""
    world = World(configuration=configure(destination("portal", "person")))
    await world.enrol(world.add_application(1, ends_in=20 * DAY))
    told = [text for _day in range(15) for text in await morning(world) if "Paste into" in text]
    assert 4 <= len(told) <= 6


async def test_a_rotation_that_waits_for_approval_is_told() -> None:
    world = World()
    world.change_terms(replace(QUICK, approval=True))
    await world.enrol(world.add_application(1, ends_in=20 * DAY))
    assert any("waits for approval" in text for text in await morning(world))


async def test_no_complete_scan_in_26_hours_is_an_alarm_of_its_own() -> None:
    world = World()
    world.directory.unreadable_pages = {0}
    await world.scan()
    await world.run(timedelta(hours=25))
    await recover(world.services())
    assert "no-complete-scan" not in world.alarms()
    await world.run(timedelta(hours=3))
    await recover(world.services())
    assert "no-complete-scan" in world.alarms()


async def test_an_alarm_is_told_once_a_day_also_after_it_was_sent() -> None:
    world = World()
    for _time in range(3):
        await alarm(world.services(), "breaker-open", text="stop")
        await world.run(timedelta(minutes=30))
    assert world.titles() == ["Rotation: stop"]
    await world.run(DAY)
    await alarm(world.services(), "breaker-open", text="stop")
    await world.run(timedelta(minutes=5))
    assert len(world.titles()) == 2


async def put(world: World, *, kind: str = "x", audience: AudienceName | None = PEOPLE) -> None:
    notice = Notice(
        kind=kind, audience=audience, message=Message(title="hello", summary=""), created_at=world.clock.now()
    )
    await world.services().notices.put("n1", notice)


async def test_a_failing_channel_is_tried_again_and_the_other_does_not_hear_twice() -> None:
    world = World()
    mail = MemoryChannel("mail")
    services = replace(world.services(), channels=(world.channel, mail))
    world._current = services
    mail.mishaps.plan("send", *[Mishap.UNAVAILABLE] * 3)
    await put(world)
    await world.run(timedelta(hours=3))
    assert len(world.channel.sent) == 1
    assert len(mail.sent) == 1
    assert world.tables.all_rows(keys.NOTICES) == []


async def test_a_channel_that_is_given_up_shows_and_the_other_is_told() -> None:
    world = World()
    mail = MemoryChannel("mail")
    world._current = replace(world.services(), channels=(world.channel, mail))
    mail.mishaps.always("send", Mishap.DENIED)
    await put(world)
    await world.run(10 * DAY)
    kept = [row for row in world.tables.all_rows(keys.NOTICES) if row.key == "n1"]
    assert "mail:" in str(kept[0].values["state"])
    assert any("channel mail takes no messages" in title for title in world.titles())


async def test_an_answer_of_a_channel_that_is_lost_tells_twice_and_never_not_at_all() -> None:
    world = World()
    world.channel.mishaps.plan("send", Mishap.LOST_AFTER)
    await put(world)
    await world.run(timedelta(hours=1))
    assert world.titles() == ["hello", "hello"]


async def test_an_audience_that_is_gone_is_heard_for_by_the_fallback() -> None:
    world = World()
    await put(world, audience=AudienceName("gone"))
    await world.run(timedelta(minutes=5))
    assert [audience.name for audience, _message in world.channel.sent] == [PEOPLE]


async def test_a_message_of_an_unknown_version_keeps_its_reason_in_notices() -> None:
    world = World()
    text = '{"v":0,"rotation":"x"}'
    with pytest.raises(UnreadableMessage):
        read_rotation(text)
    await gave_up(world.services(), keys.QUEUE_ROTATIONS, text)
    kept = world.tables.all_rows(keys.NOTICES)
    assert len(kept) == 1
    assert "version 0 is not 1" in str(kept[0].values["state"])
    await gave_up(world.services(), keys.QUEUE_ROTATIONS, text)
    assert len(world.tables.all_rows(keys.NOTICES)) == 1


async def test_a_rotation_whose_message_was_given_up_is_blocked_and_told_of() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    rotation = world.rotations()[0].id
    await gave_up(world.services(), keys.QUEUE_ROTATIONS, f'{{"v":1,"rotation":"{rotation}"}}')
    assert world.phases() == ["blocked"]
    assert getattr(world.rotations()[0].phase, "reason", "") == "gave-up"


async def test_the_index_of_lines_is_written_anew_from_the_truth_once_a_week() -> None:
    world = World()
    applications = [world.add_application(number, ends_in=20 * DAY) for number in (1, 2, 3)]
    for application in applications:
        await world.enrol(application)
    await world.open(applications[0])
    lines = world.services().lines
    good = {row.key: row.values["state"] for row in world.tables.all_rows(keys.LINES)}
    first = (await world.line(applications[0])).id
    second = (await world.line(applications[1])).id
    stale = await lines.get(first)
    assert stale is not None
    await lines.put(replace(stale, open=None, phase="", current=None))
    await lines.drop(second)
    world.tables._tables[keys.WAKES].clear()
    counts = await write_lines_anew(world.services())
    assert {row.key: row.values["state"] for row in world.tables.all_rows(keys.LINES)} == good
    assert counts == {"lines_written": 2, "lines_woken": 1, "lines_dropped": 0, "lines_newer": 0}
    world.queues.waiting.clear()
    await world.run(timedelta(hours=1))
    assert world.phases() == ["overlapping"], "a wake that was lost is set again"


async def test_an_index_entry_without_truth_goes_when_a_day_old() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    line = (await world.line(application)).id
    world.tables._tables[keys.ROTATIONS].pop((application.object_id, f"a|line|{line.name}"))
    assert (await write_lines_anew(world.services()))["lines_dropped"] == 0, "its truth may be on the way"
    await world.run(DAY + timedelta(hours=1))
    assert (await write_lines_anew(world.services()))["lines_dropped"] == 1
    assert world.tables.all_rows(keys.LINES) == []


async def test_a_message_for_a_rotation_that_is_not_there_is_nothing() -> None:
    world = World()
    application = world.add_application()
    lost = RotationId(application.object_id, world.ulids.make())
    await world.queues.send(keys.QUEUE_ROTATIONS, f'{{"v":1,"rotation":"{lost}"}}')
    await world.run(timedelta(minutes=10))
    assert world.rotations() == []


async def test_audiences_without_any_address_do_not_stop_the_others() -> None:
    world = World()
    silent = Audience(name=AudienceName("silent"))
    world.settings.now = replace(world.settings.now, audiences={**world.settings.now.audiences, silent.name: silent})
    world.channel._audiences = {PEOPLE}
    world.add_application(ends_in=5 * DAY)
    assert len(await morning(world)) == 1


async def test_a_notice_that_was_given_up_is_not_sent_when_its_message_comes_once_more() -> None:
    world = World()
    mail = MemoryChannel("mail")
    world._current = replace(world.services(), channels=(mail,))
    mail.mishaps.always("send", Mishap.DENIED)
    await put(world)
    await world.run(10 * DAY)
    mail.mishaps.always("send", None)
    await send_notice(world.services(), "n1")
    assert mail.sent == []
