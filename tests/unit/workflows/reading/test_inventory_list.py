"""The list of applications: what is found, in which order, page by page, and what is read for it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotation.domain.errors import BrokenInvariant, Misread, NotFound
from rotation.domain.identifiers import PolicyName
from rotation.domain.policy import Mode
from rotation.ports.directory import Owner
from rotation.workflows.inventory import OWNERS, SNAPSHOT, InventoryLine, InventorySecret, OwnersLine, text_of
from rotation.workflows.reading.inventory.columns import MOST, Columns
from rotation.workflows.reading.inventory.listing import Listing, Trait, Wanted, applications
from rotation.workflows.reading.inventory.order import Order
from rotation.workflows.reading.inventory.runs import Guids, Texts
from rotation.workflows.reading.inventory.shelf import LOOK_EVERY, SELECTIONS_KEPT
from rotation.workflows.scanning import WEEKLY, begin_scan
from rotation.workflows.services import Services
from rotation.workflows.weekly_passes import owner_name
from tests.fakes.clock import START
from tests.fakes.world import World

DAY = timedelta(days=1)
NEVER = datetime(2299, 12, 31, tzinfo=UTC)


def guid(number: int) -> str:
    return str(UUID(int=number << 96))


def secret(number: int, ends_in: timedelta | None, status: str = "monitored") -> InventorySecret:
    end = NEVER if ends_in is None else START + ends_in
    return InventorySecret(key_id=guid(number), name=None, end=end, status=status)


def entry(number: int, name: str, *secrets: InventorySecret, **told: object) -> InventoryLine:
    usual: dict[str, object] = {"policy": None, "mode": Mode.MONITOR, "enrolled": [], "disabled": False}
    ids = {"object_id": guid(number), "client_id": guid(number + 0x1000)}
    return InventoryLine(name=name, secrets=list(secrets), **{**usual, **ids, **told})  # type: ignore[arg-type]


ALL = (
    entry(1, "Äpfel", secret(11, 20 * DAY), enrolled=["default"], policy="fruit", mode=Mode.ROTATE),
    entry(2, "banana", secret(12, 5 * DAY), secret(13, 200 * DAY), secret(14, 90 * DAY), policy="fruit"),
    entry(3, "Cherry", secret(15, -5 * DAY), disabled=True),
    entry(4, "banana", secret(16, None, "foreign")),
    entry(5, "elder", secret(17, -DAY), secret(18, 3 * DAY, "stray")),
    entry(6, "fig"),
)


def put(world: World, lines: Iterable[InventoryLine] = ALL, at: datetime = START) -> Services:
    world.snapshots.put(SNAPSHOT, tuple(text_of([line])[:-1] for line in lines), at)
    return world.calm()


def put_owners(world: World, owners: dict[int, list[str]]) -> None:
    lines = [OwnersLine(object_id=guid(number), owners=names) for number, names in owners.items()]
    world.snapshots.put(OWNERS, tuple(text_of([line])[:-1] for line in lines), START - DAY)


def names(found: Listing) -> list[str]:
    return [row.name for row in found.rows]


def numbers(found: Listing) -> list[int]:
    return [UUID(row.object_id).int >> 96 for row in found.rows]


async def test_without_a_complete_scan_there_is_no_list_and_it_says_so() -> None:
    with pytest.raises(NotFound) as caught:
        await applications(World().calm())
    assert caught.value.reason == "no-inventory"
    assert caught.value.message.endswith(": rotation scan")


async def test_a_row_says_what_the_pass_saw() -> None:
    world = World()
    services = put(world)
    world.clock.advance(2 * DAY)
    found = await applications(services)
    assert (found.at, found.age, found.owners_at) == (START, 2 * DAY, None)
    assert (found.applications, found.found, found.following) == (6, 6, None)
    assert numbers(found) == [2, 4, 3, 5, 6, 1]
    banana, other = found.rows[:2]
    assert (banana.secrets, banana.live, banana.ends_at) == (3, 3, START + 5 * DAY)
    assert (banana.policy, banana.mode, banana.lines, banana.owners) == ("fruit", "monitor", (), None)
    assert (other.ends_at, other.never_ends, banana.never_ends) == (None, True, False)
    assert found.rows[5].lines == ("default",)
    assert found.rows[0].link == f"/applications/{guid(2)}"


@pytest.mark.parametrize(
    ("traits", "found"),
    [
        ({Trait.ENROLLED}, {1}),
        ({Trait.NOT_ENROLLED}, {2, 3, 4, 5, 6}),
        ({Trait.DISABLED}, {3}),
        ({Trait.ENABLED, Trait.NOT_ENROLLED}, {2, 4, 5, 6}),
        ({Trait.NEVER_ENDS}, {4}),
        ({Trait.ENDED}, {3, 5}),
        ({Trait.ALL_ENDED}, {3}),
        ({Trait.SECRETLESS}, {6}),
        ({Trait.MANY_SECRETS}, {2}),
        ({Trait.STRAY}, {5}),
        ({Trait.FOREIGN}, {4}),
        ({Trait.OWNER_LESS}, {3}),
        ({Trait.ENROLLED, Trait.NOT_ENROLLED}, set()),
    ],
)
async def test_traits_all_hold(traits: set[Trait], found: set[int]) -> None:
    world = World()
    put_owners(world, {1: ["Anna Kim <anna@contoso.example>"], 2: ["Bo", "Cy <cy@contoso.example>"], 3: [], 99: ["Z"]})
    listing = await applications(put(world), Wanted(traits=frozenset(traits)))
    assert set(numbers(listing)) == found
    assert listing.owners_at == START - DAY


async def test_policy_mode_and_end_narrow_the_list() -> None:
    services = put(World())
    assert numbers(await applications(services, Wanted(policy=PolicyName("fruit")))) == [2, 1]
    assert numbers(await applications(services, Wanted(policy=PolicyName("unknown")))) == []
    assert numbers(await applications(services, Wanted(mode=Mode.ROTATE))) == [1]
    assert numbers(await applications(services, Wanted(mode=Mode.IGNORE))) == []
    soon = Wanted(ends_before=START + 10 * DAY, order=Order.ENDS)
    assert numbers(await applications(services, soon)) == [5, 2]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BANANA", {2, 4}),
        (" äPFEL ", {1}),
        ("el", {1, 5}),
        ("nothing", set()),
        ("anna", {1}),
        ("CONTOSO", {1, 2}),
        (guid(3), {3}),
        (guid(3)[:8], {3}),
        (guid(0x1003)[:7], {1, 2, 3, 4, 5, 6}),
        (guid(0x1004), {4}),
        (guid(18), {5}),
        ("0000", {1, 2, 3, 4, 5, 6}),
        ("fig", {6}),
        ("\0", set()),
    ],
)
async def test_a_text_is_looked_for_in_names_owners_and_ids(text: str, found: set[int]) -> None:
    world = World()
    put_owners(world, {1: ["Anna Kim <anna@contoso.example>"], 2: ["Bo <bo@contoso.example>"]})
    assert set(numbers(await applications(put(world), Wanted(text=text)))) == found


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        (Order.NAME, [2, 4, 3, 5, 6, 1]),
        (Order.NAME_DOWN, [1, 6, 5, 3, 4, 2]),
        (Order.ENDS, [5, 2, 1, 3, 4, 6]),
        (Order.ENDS_DOWN, [6, 4, 3, 1, 2, 5]),
        (Order.SECRETS, [2, 1, 4, 5, 3, 6]),
        (Order.SECRETS_DOWN, [6, 3, 5, 4, 1, 2]),
    ],
)
async def test_pages_of_every_size_make_the_whole_list(order: Order, wanted: list[int]) -> None:
    services = put(World())
    assert numbers(await applications(services, Wanted(order=order))) == wanted
    for limit in (1, 2, 4):
        seen: list[int] = []
        page = await applications(services, Wanted(order=order), limit=limit)
        seen += numbers(page)
        while page.following:
            page = await applications(services, Wanted(order=order), limit=limit, cursor=page.following)
            seen += numbers(page)
        assert seen == wanted


async def test_a_cursor_goes_on_in_a_newer_snapshot() -> None:
    world = World()
    services = put(world)
    first = await applications(services, limit=2)
    put(world, [each for each in ALL if each.name != "banana"] + [entry(7, "apple"), entry(8, "date")], START + DAY)
    world.clock.advance(LOOK_EVERY)
    second = await applications(services, limit=9, cursor=first.following)
    assert second.at == START + DAY
    assert names(second) == ["Cherry", "date", "elder", "fig", "Äpfel"]


@pytest.mark.parametrize("cursor", ["x", "bm8", "W10", "WzEsMl0", "é", "A" * 5000])
async def test_a_cursor_that_is_none_is_misread(cursor: str) -> None:
    with pytest.raises(Misread):
        await applications(put(World()), cursor=cursor)


async def test_a_cursor_of_another_order_is_misread() -> None:
    services = put(World())
    found = await applications(services, limit=1)
    for order in (Order.ENDS, Order.NAME_DOWN):
        with pytest.raises(Misread):
            await applications(services, Wanted(order=order), cursor=found.following)


async def test_it_is_read_once_and_again_when_a_newer_file_is_there() -> None:
    world = World()
    put_owners(world, {1: []})
    services = put(world)
    calls: list[str] = []
    world.watch = lambda call, _arguments: calls.append(call.removeprefix("MemorySnapshots."))
    await applications(services)
    assert calls == ["stamp", "stamp", "read", "read"]
    await applications(services)
    assert len(calls) == 4, "it was looked at just now"
    world.clock.advance(LOOK_EVERY)
    await applications(services)
    assert calls[4:] == ["stamp", "stamp"]
    put_owners(world, {6: []})
    world.clock.advance(LOOK_EVERY)
    assert (await applications(services)).applications == 6
    assert calls[6:] == ["stamp", "stamp", "read"], "owners only"
    world.clock.set(START - DAY)
    await applications(services)
    assert calls[9:] == ["stamp", "stamp"], "a clock that went back says nothing"


async def test_searches_are_kept_for_their_next_pages_and_the_oldest_forgotten() -> None:
    services = put(World())
    inventory = await services.shelf.inventory(services.snapshots, services.clock)
    await applications(services)
    for number in range(SELECTIONS_KEPT - 1):
        await applications(services, Wanted(text=f"{number}"))
    await applications(services)
    await applications(services, Wanted(text="one more"))
    assert Wanted() in inventory.selections
    assert Wanted(text="0") not in inventory.selections
    assert len(inventory.selections) == SELECTIONS_KEPT


async def test_a_file_that_is_not_ours_is_told_and_not_guessed() -> None:
    world = World()
    world.snapshots.put(SNAPSHOT, (b'{"id": "x"}',), START)
    with pytest.raises(BrokenInvariant) as caught:
        await applications(world.calm())
    assert caught.value.reason == "unreadable-row"


async def test_the_limit_of_a_page_is_kept_within_reason() -> None:
    services = put(World(), [entry(number, f"{number:04}") for number in range(1, 700)])
    assert len((await applications(services, limit=0)).rows) == 1
    assert len((await applications(services, limit=9999)).rows) == 500


async def test_what_a_night_and_the_weekly_pass_write_is_what_is_listed() -> None:
    world = World()
    owned, nobodys = world.add_application(1, secrets=2), world.add_application(2)
    world.directory.record(owned.object_id).owners = (
        Owner(object_id=guid(1), display_name="Anna", mail="anna@contoso.example", kind="user"),
        Owner(object_id=guid(2), display_name="Pipeline", mail=None, kind="service-principal"),
    )
    await world.enrol(owned)
    for name in WEEKLY:
        await begin_scan(world.services(), by="timer", passes=(name,))
    await world.scan()
    found = await applications(world.calm())
    told = {row.object_id: row for row in found.rows}
    assert told[owned.object_id].owners == ("Anna <anna@contoso.example>", "Pipeline (application)")
    assert (told[owned.object_id].lines, told[owned.object_id].live) == (("default",), 2)
    assert told[nobodys.object_id].owners == ()
    inventory = await world.calm().shelf.inventory(world.snapshots, world.clock)
    whole = [inventory.columns.application(place) for place in range(len(inventory.columns))]
    statuses = {each.name: [secret.status for secret in each.secrets] for each in whole}
    assert sorted(statuses[owned.display_name]) == ["current", "predecessor"]
    assert {each.name: each.enrolled for each in whole}[nobodys.display_name] == ()


def test_an_owner_without_an_address_is_named() -> None:
    assert owner_name(Owner(object_id=guid(1), display_name="Bo", mail=None, kind="user")) == "Bo"


def test_more_secrets_than_a_byte_counts_are_most() -> None:
    columns = Columns(START)
    columns.add(replace_secrets(ALL[0], [secret(number, DAY) for number in range(300)]))
    assert columns.live[0] == MOST
    assert len(columns.application(0).secrets) == 300
    assert columns.application(0).owners is None
    assert columns.size > 300 * 24
    columns.add(ALL[3])
    assert [each.end_at for each in columns.application(1).secrets] == [None]


def replace_secrets(line: InventoryLine, secrets: list[InventorySecret]) -> InventoryLine:
    return entry(1, line.name, *secrets)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=12), st.text(max_size=3))
def test_a_run_of_texts_is_a_list_of_them(texts: list[str], part: str) -> None:
    run = Texts()
    for text in texts:
        run.add(text)
    kept = [text.replace("\0", "") for text in texts]
    assert [run[place] for place in range(len(run))] == kept
    if part.isascii() and part and "\0" not in part:
        assert list(run.holding(part)) == [place for place, text in enumerate(kept) if part in text]


@given(st.lists(st.uuids(), max_size=12), st.text("0123456789abcdefABCDEF-", min_size=1, max_size=6))
def test_a_run_of_guids_finds_by_their_beginning(guids: list[UUID], begin: str) -> None:
    run = Guids()
    for each in guids:
        run.add(str(each))
    assert [run[place] for place in range(len(run))] == list(map(str, guids))
    digits = begin.replace("-", "").lower()
    if len(digits) >= 2:
        assert list(run.beginning(begin)) == [p for p, each in enumerate(guids) if each.hex.startswith(digits)]
