"""What asks nothing of anybody is told in the next digest; what is overdue is told when it is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Credential
from rotation.domain.errors import Unavailable
from rotation.domain.identifiers import AudienceName
from rotation.domain.policy import Mode
from rotation.ledger import keys
from rotation.ledger.expiries import all_expiries
from rotation.ledger.notices import NEWS_WAIT, Notice
from rotation.ports.directory import Owner, PassItem
from rotation.ports.notices import Item, Message
from rotation.workflows.digesting import _title
from rotation.workflows.reminding import digest
from rotation.workflows.scanning import begin_scan
from tests.fakes.channel import MemoryChannel
from tests.fakes.directory_state import make_key_id
from tests.fakes.mishaps import Mishap
from tests.fakes.world import PEOPLE, POLICY, World, configure, destination

DAY = timedelta(days=1)
SOON = timedelta(minutes=30)


async def news(world: World, name: str, *, owners_of: str | None = None, audience: AudienceName = PEOPLE) -> str:
    item = Item(state="done", subject=name, text="rotated")
    message = Message(title=f"{name}: rotated", summary="", items=(item,))
    notice = Notice(
        kind="rotated",
        audience=audience,
        message=message,
        created_at=world.clock.now(),
        owners_of=owners_of,
        news=True,
    )
    await world.calm().notices.put(name, notice)
    return name


async def morning(world: World) -> list[str]:
    """Give the title of each message of a morning."""
    before = len(world.channel.sent)
    await digest(world._current)
    await world.run(SOON)
    return world.titles()[before:]


async def test_a_night_s_outcomes_are_one_message_for_an_audience_with_what_needs_somebody_first() -> None:
    world = World()
    world.add_application(1, ends_in=5 * DAY)
    await world.nights(1)
    await news(world, "billing")
    await news(world, "github")
    await world.run(SOON)
    assert world.titles() == [], "news wait"
    assert await morning(world) == ["1 credential needs you, 2 were rotated"]
    (_audience, message) = world.channel.sent[-1]
    assert [item.state for item in message.items] == ["approaching", "done", "done"]
    assert world.tables.all_rows(keys.NOTICES) == []
    assert await morning(world) == []


async def test_what_was_rotated_is_told_by_the_rotation_itself_as_news() -> None:
    world = World()
    application = world.add_application(1, ends_in=20 * DAY)
    await world.enrol(application)
    while world.phases() != ["completed"]:
        await world.scan()
        await world.run(timedelta(minutes=10))
        world.clock.advance(2 * DAY)
    (told,) = [title for title in await morning(world) if "rotated" in title]
    assert told.startswith(f"{application.display_name}: rotated, good until ")


async def test_news_that_no_digest_took_is_sent_alone() -> None:
    world = World()
    await news(world, "billing")
    await world.run(NEWS_WAIT + SOON)
    assert world.titles()[-1] == "billing: rotated"
    assert world.tables.all_rows(keys.NOTICES) == []


async def test_a_digest_that_dies_over_news_tells_it_again_and_never_loses_it() -> None:
    for point in range(0, 30, 2):
        world = World()
        await news(world, "billing")
        world.crash_at(point)
        await world.invoke(digest)
        world._current = world.calm()
        await digest(world._current)
        await world.run(SOON)
        assert 1 <= len(world.titles()) <= 2, point
        assert world.tables.all_rows(keys.NOTICES) == [], point


async def test_news_of_an_audience_that_is_gone_is_heard_by_the_fallback_and_owners_hear_theirs() -> None:
    world = World()
    mail = MemoryChannel("mail")
    world._current = replace(world.calm(), channels=(mail,))
    application = world.add_application(1, ends_in=200 * DAY)
    record = world.directory._records[application.object_id]
    ada = Owner(object_id="1", display_name="Ada", mail="ada@contoso.example", kind="user")
    world.directory._records[application.object_id] = replace(record, owners=(ada,))
    await news(world, "billing", owners_of=application.object_id)
    await news(world, "github", audience=AudienceName("gone"))
    await digest(world._current)
    await world.run(SOON)
    assert [(audience.name, message.title) for audience, message in mail.sent] == [
        ("owner:ada@contoso.example", "billing: rotated"),
        (PEOPLE, "github: rotated"),
    ]


async def test_news_for_owners_that_cannot_be_read_now_waits_for_the_next_digest() -> None:
    world = World()
    mail = MemoryChannel("mail")
    world._current = replace(world.calm(), channels=(mail,))
    application = world.add_application(1, ends_in=200 * DAY)
    await news(world, "billing", owners_of=application.object_id)
    world.directory.reads.plan("owners", Mishap.UNAVAILABLE)
    with pytest.raises(Unavailable):
        await digest(world._current)
    await world.run(SOON)
    assert mail.sent == []
    await digest(world._current)
    await world.run(SOON)
    assert [message.title for _audience, message in mail.sent] == ["billing: rotated"]


async def test_news_that_is_being_sent_alone_is_not_taken_by_a_digest_too() -> None:
    world = World()
    await news(world, "billing")
    world.channel.mishaps.always("send", Mishap.DENIED)
    await world.run(NEWS_WAIT + SOON)
    world.channel.mishaps.always("send", None)
    assert await digest(world._current) == {}


@pytest.mark.parametrize(
    ("states", "title"),
    [
        (["waiting"], "1 credential needs you"),
        (["waiting", "blocked"], "2 credentials need you"),
        (["waiting", "done"], "1 credential needs you, 1 was rotated"),
        (["waiting", "done", "overlapping"], "1 credential needs you, 2 more to know"),
        (["done", "done"], "2 credentials were rotated"),
        (["done", "under-way"], "News of 2 credentials"),
        (["done"], "x: y"),
    ],
)
def test_the_title_says_how_many_need_somebody_and_what_else_is_told(states: list[str], title: str) -> None:
    assert _title([Item(state=state, subject="x", text="y") for state in states]) == title


async def test_a_hand_off_past_its_deadline_is_told_once_when_it_passes() -> None:
    world = World(configuration=configure(destination("portal", "person")))
    await world.enrol(world.add_application(1, ends_in=9 * DAY))
    await world.scan()
    await world.run(SOON)
    world.clock.advance(2 * DAY - 2 * SOON)
    await world.run(timedelta(minutes=5))
    assert not [title for title in world.titles() if "has needed you since" in title]
    for _day in range(2):
        await world.run(SOON)
        world.clock.advance(DAY)
    (overdue,) = [message for _audience, message in world.channel.sent if "has needed you since" in message.title]
    assert "nobody has confirmed it, and the old secret works until" in overdue.items[0].text


async def test_a_hand_off_whose_old_secret_has_ended_is_urgent_when_overdue() -> None:
    world = World(configuration=configure(destination("portal", "person")))
    await world.enrol(world.add_application(1, ends_in=2 * DAY))
    await world.scan()
    await world.run(SOON)
    world.clock.advance(4 * DAY)
    await world.run(SOON)
    (overdue,) = [message for _audience, message in world.channel.sent if "has needed you since" in message.title]
    assert overdue.items[0].text


def saml(world: World, *, client_id: str, name: str = "Shop") -> None:
    credential = Credential(key_id=make_key_id(77), end_at=world.clock.now() + 10 * DAY)
    item = PassItem(
        object_id="99999999-0000-4000-8000-000000000009",
        client_id=client_id,  # type: ignore[arg-type]
        display_name=name,
        kind="saml-certificate",
        credentials=(credential,),
    )
    world.directory.service_principal_items = [item]


async def weekly(world: World) -> None:
    await begin_scan(world.calm(), by="test", passes=("service-principals",))
    await world.run(timedelta(minutes=5))


async def test_what_a_weekly_pass_finds_follows_the_policy_of_its_application() -> None:
    world = World()
    world.change_policy(owners=True)
    application = world.add_application(1, ends_in=200 * DAY)
    await world.scan()
    saml(world, client_id=application.client_id)
    await weekly(world)
    (found,) = [each async for each in all_expiries(world.tables) if each.kind == "saml-certificate"]
    assert (found.policy, found.audience, found.status) == (POLICY, PEOPLE, "monitored")
    assert found.registration == application.object_id
    world.change_policy(mode=Mode.IGNORE)
    await weekly(world)
    (found,) = [each async for each in all_expiries(world.tables) if each.kind == "saml-certificate"]
    assert found.status == "ignored"


async def test_a_service_principal_of_another_tenant_s_application_goes_by_the_selectors_and_has_no_owners() -> None:
    world = World()
    world.change_policy(owners=True)
    saml(world, client_id="88888888-0000-4000-8000-000000000008")
    await weekly(world)
    (found,) = [each async for each in all_expiries(world.tables)]
    assert (found.policy, found.registration) == (POLICY, None)
    assert await morning(world) == ["1 credential needs you"]
    assert [audience.name for audience, _message in world.channel.sent] == [PEOPLE]
