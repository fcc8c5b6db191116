"""Who hears of what, and when: owners first, then the team, then the fallback; quiet hours; escalation."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta

import pytest

from rotation.domain.audience import Audience, QuietHours
from rotation.domain.errors import Unavailable
from rotation.domain.identifiers import AudienceName, ObjectId
from rotation.ledger import keys
from rotation.ledger.notices import Notice
from rotation.ports.directory import Owner
from rotation.ports.notices import Item, Message
from rotation.workflows.reminding import digest, send_notice
from tests.fakes.channel import MemoryChannel
from tests.fakes.mishaps import Mishap
from tests.fakes.world import PEOPLE, VAULT, World, configure, destination

DAY = timedelta(days=1)
BOSS = AudienceName("boss")
ADA = Owner(object_id="1", display_name="Ada", mail="Ada@contoso.example", kind="user")
GRACE = Owner(object_id="2", display_name="Grace", mail="grace@contoso.example", kind="user")
ROBOT = Owner(object_id="3", display_name="Robot", mail="robot@contoso.example", kind="service-principal")
POSTLESS = Owner(object_id="4", display_name="Postless", mail=None, kind="user")


class ByAddress(MemoryChannel):
    """Mail: reaches whoever has an address."""

    def reaches(self, audience: Audience) -> bool:
        return bool(audience.mail)


class Town:
    """A world with mail, Teams for the team alone, and applications with owners."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.world.change_policy(owners=True)
        self.mail, self.teams = ByAddress("mail"), MemoryChannel("teams", audiences={PEOPLE})
        self.world._current = replace(self.world.services(), channels=(self.teams, self.mail))
        self.asked: list[Sequence[ObjectId]] = []

    def owned(self, number: int, *owners: Owner, ends_in: timedelta = 5 * DAY) -> ObjectId:
        application = self.world.add_application(number, ends_in=ends_in)
        record = self.world.directory._records[application.object_id]
        self.world.directory._records[application.object_id] = replace(record, owners=owners)
        return application.object_id

    async def morning(self) -> dict[str, list[str]]:
        """Give what each address, or the team in Teams, was told of."""
        before = len(self.mail.sent), len(self.teams.sent)
        await self.world.scan()
        await digest(self.world._current)
        await self.world.run(timedelta(minutes=30))
        told: dict[str, list[str]] = {}
        for audience, message in self.mail.sent[before[0] :]:
            told.setdefault(",".join(audience.mail), []).extend(item.subject for item in message.items)
        for _audience, message in self.teams.sent[before[1] :]:
            told.setdefault("teams", []).extend(item.subject for item in message.items)
        await self.world.run(DAY - timedelta(minutes=32))
        return told


async def test_owners_hear_first_each_in_one_digest_and_the_team_of_what_nobody_owns() -> None:
    town = Town()
    town.owned(1, ADA, GRACE)
    town.owned(2, ADA, ROBOT)
    town.owned(3)
    town.owned(4, ROBOT, POSTLESS)
    told = await town.morning()
    assert {who: len(what) for who, what in told.items()} == {
        "ada@contoso.example": 2,
        "grace@contoso.example": 1,
        "teams": 2,
        "people@contoso.example": 2,
    }
    assert [len(message.items) for _audience, message in town.mail.sent] == [2, 1, 2]


async def test_each_rung_is_told_to_owners_once_and_they_are_read_for_nothing_else() -> None:
    town = Town()
    town.owned(1, ADA)
    town.owned(2)
    town.owned(3, GRACE, ends_in=100 * DAY)
    read: list[int] = []
    town.world.watch = lambda call, arguments: read.append(len(arguments[0])) if call.endswith(".owners") else None
    town.world._current = replace(town.world.services(), channels=(town.teams, town.mail))
    assert set(await town.morning()) == {"ada@contoso.example", "teams", "people@contoso.example"}
    assert read == [2]
    assert await town.morning() == {}
    assert read == [2], "nobody has anything new to hear"
    assert set(await town.morning()) == {"ada@contoso.example", "teams", "people@contoso.example"}, "3 days"


async def test_owners_that_may_not_be_read_leave_it_to_the_team_and_somebody_hears_why() -> None:
    town = Town()
    town.owned(1, ADA)
    town.world.directory.reads.always("owners", Mishap.DENIED)
    told = await town.morning()
    assert "ada@contoso.example" not in told
    assert len(told["people@contoso.example"]) == 2, "the reminder and the alarm"
    assert "owners-unreadable" in town.world.alarms()


async def test_a_directory_that_is_away_costs_owners_a_day_and_nobody_else_anything() -> None:
    town = Town()
    town.owned(1, ADA)
    town.world.change_policy(owners=False)
    await town.world.scan()
    town.world.change_policy(owners=True)
    town.world.directory.reads.plan("owners", Mishap.UNAVAILABLE)
    with pytest.raises(Unavailable):
        await digest(town.world._current)
    assert (await town.morning()).keys() == {"ada@contoso.example"}


async def test_without_mail_owners_cannot_be_told_so_the_team_is() -> None:
    town = Town()
    town.owned(1, ADA)
    town.world._current = replace(town.world.services(), channels=(town.teams,))
    assert (await town.morning()).keys() == {"teams"}


async def test_a_digest_for_owners_that_dies_is_told_again_and_never_lost() -> None:
    for point in range(0, 30, 2):
        town = Town()
        town.owned(1, ADA)
        town.owned(2)
        await town.world.scan()
        town.world.crash_at(point)
        town.world._current = replace(town.world._current, channels=(town.teams, town.mail))
        await town.world.invoke(digest)
        town.world._current = replace(town.world.calm(), channels=(town.teams, town.mail))
        await digest(town.world._current)
        await town.world.run(timedelta(minutes=30))
        to_ada = [message for audience, message in town.mail.sent if audience.mail == ("ada@contoso.example",)]
        assert 1 <= len(to_ada) <= 2, point


async def test_what_waits_for_a_person_goes_to_the_owners_too_and_one_notice_to_all_of_them() -> None:
    portal = destination("portal", "person")
    town = Town(World(configuration=configure(portal)))
    application = town.world.add_application(1, ends_in=20 * DAY)
    record = town.world.directory._records[application.object_id]
    town.world.directory._records[application.object_id] = replace(record, owners=(ADA, GRACE))
    await town.world.enrol(application)
    town.world._current = replace(town.world.services(), channels=(town.teams, town.mail))
    await town.world.scan()
    await town.world.run(timedelta(minutes=30))
    opened = [(audience, message) for audience, message in town.mail.sent if "needs you by" in message.title]
    assert [audience.mail for audience, _message in opened] == [("ada@contoso.example", "grace@contoso.example")]
    assert opened[0][1].said_at is not None


async def test_a_notice_waits_while_owners_cannot_be_read() -> None:
    town = Town()
    application = town.owned(1, ADA)
    message = Message(title="hello", summary="")
    notice = Notice(
        kind="x", audience=PEOPLE, message=message, created_at=town.world.clock.now(), owners_of=application
    )
    await town.world._current.notices.put("n1", notice)
    town.world.directory.reads.plan("owners", Mishap.UNAVAILABLE)
    await town.world.run(timedelta(hours=1))
    assert [audience.mail for audience, _message in town.mail.sent] == [("ada@contoso.example",)]


async def test_a_destination_s_own_people_hear_of_it() -> None:
    servers = AudienceName("servers")
    portal = replace(destination("portal", "person"), audience=servers)
    world = World(configuration=configure(portal))
    known = {**world.settings.now.audiences, servers: Audience(name=servers)}
    world.settings.now = replace(world.settings.now, audiences=known)
    await world.enrol(world.add_application(1, ends_in=20 * DAY))
    await world.nights(1)
    await digest(world.services())
    await world.run(timedelta(minutes=30))
    assert {audience.name for audience, _message in world.channel.sent} == {servers}


def quiet_world() -> World:
    world = World()
    asleep = QuietHours(begins=time(0), ends=time(23))
    people = replace(world.settings.now.audiences[PEOPLE], quiet=asleep)
    world.settings.now = replace(world.settings.now, audiences={PEOPLE: people})
    world.clock.set(world.clock.now().replace(hour=6, minute=0))
    return world


async def put(world: World, *, urgent: bool) -> None:
    message = Message(
        title="urgent" if urgent else "calm", summary="", items=(Item(state="done", subject="s", text="t"),)
    )
    notice = Notice(kind="x", audience=PEOPLE, message=message, created_at=world.clock.now(), urgent=urgent)
    await world.services().notices.put(message.title, notice)


async def test_what_can_wait_waits_for_quiet_hours_to_end_and_what_is_urgent_does_not() -> None:
    world = quiet_world()
    await put(world, urgent=False)
    await put(world, urgent=True)
    await world.run(timedelta(hours=16, minutes=59))
    assert world.titles() == ["urgent"]
    await world.run(timedelta(minutes=5))
    assert world.titles() == ["urgent", "calm"]
    assert world.tables.all_rows(keys.NOTICES) == []


async def test_a_notice_that_somebody_else_has_taken_meanwhile_is_left_to_them() -> None:
    world = quiet_world()
    await put(world, urgent=False)

    def taken(call: str, _arguments: Sequence[object]) -> None:
        if call == "Settings.current":
            notices = world.tables._tables[keys.NOTICES]
            notices.update({place: replace(row, etag="theirs") for place, row in notices.items()})

    world.watch = taken
    before = world.tables.all_rows(keys.NOTICES)[0].values["look_at"]
    await send_notice(world.services(), "calm")
    assert world.tables.all_rows(keys.NOTICES)[0].values["look_at"] == before


def with_boss(world: World) -> World:
    known = {**world.settings.now.audiences, BOSS: Audience(name=BOSS, mail=("boss@contoso.example",))}
    world.settings.now = replace(world.settings.now, audiences=known, escalate_to=BOSS)
    return world


async def days(world: World, count: int) -> list[str]:
    """Let days pass, each with its digest, and give what the boss heard."""
    for _day in range(count):
        await world.nights(1)
        await digest(world.services())
        await world.run(timedelta(minutes=30))
    heard = [message for audience, message in world.channel.sent if audience.name == BOSS]
    return [item.text for message in heard for item in message.items]


async def test_a_hand_off_past_its_deadline_escalates_and_again_each_week() -> None:
    world = with_boss(World(configuration=configure(destination("portal", "person"))))
    await world.enrol(world.add_application(1, ends_in=20 * DAY))
    assert await days(world, 10) == []
    heard = await days(world, 14)
    assert 2 <= len(heard) <= 3
    assert all("Paste into portal" in text and "Nobody took care of it since" in text for text in heard)
    assert f"told before: {PEOPLE}" in heard[0]


async def test_what_stands_blocked_escalates_after_a_while() -> None:
    world = with_boss(World())
    await world.enrol(world.add_application(1, ends_in=20 * DAY))
    world.vaults.memory(VAULT).refusing = "vault-refused"
    assert await days(world, 2) == []
    assert len(await days(world, 3)) == 1


async def test_what_has_expired_escalates_unless_they_hear_of_it_already() -> None:
    world = with_boss(World())
    world.add_application(1, ends_in=2 * DAY)
    assert await days(world, 4) == []
    heard = await days(world, 3)
    assert len(heard) == 1
    assert "nobody rotates its secret" in heard[0]
    same = World()
    same.add_application(1, ends_in=2 * DAY)
    await days(same, 8)
    texts = [item.text for _audience, message in same.channel.sent for item in message.items]
    assert not any("Nobody took care" in text for text in texts)


async def test_what_was_meant_for_owners_says_so_when_it_escalates() -> None:
    world = with_boss(World())
    world.change_policy(owners=True)
    world.add_application(1, ends_in=DAY)
    assert "told before: its owners" in (await days(world, 6))[0]


async def test_where_nobody_is_there_to_hear_nothing_is_claimed() -> None:
    world = World()
    world.add_application(1, ends_in=5 * DAY)
    world.settings.now = replace(world.settings.now, fallback_audience=None)
    await world.scan()
    assert await digest(world.services()) == {}
    world.change_policy(audience=AudienceName("gone"))
    assert await digest(world.services()) == {}
    assert world.tables.all_rows(keys.REMINDERS) == []


async def test_a_channel_that_does_not_reach_an_audience_is_left_out() -> None:
    world = World()
    world.add_application(1, ends_in=5 * DAY)
    world._current = replace(world.services(), channels=(world.channel, MemoryChannel("mail", audiences={BOSS})))
    await world.scan()
    assert await digest(world._current) == {PEOPLE: 1}
