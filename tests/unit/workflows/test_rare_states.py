"""What a ledger or a destination seldom looks like: lost rows, races within a race, words that cross on the way."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rotation.domain.delivery import AwaitingPerson
from rotation.domain.errors import LeaseHeld, NotFound
from rotation.domain.identifiers import DestinationName
from rotation.domain.line import Reason
from rotation.domain.policy import Selector
from rotation.domain.rotation import Blocked, Minting, Overlapping
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.notices import Notice
from rotation.ledger.scans import Scans
from rotation.ports.notices import Message
from rotation.ports.tables import Delete, Upsert, Value
from rotation.workflows import operating, rotate, sending, taking_turns
from rotation.workflows.drift import DriftPass
from rotation.workflows.errand import Errand, errand_of, never_taken
from rotation.workflows.phases.overlapping import _removal_brake
from rotation.workflows.repairing import write_lines_anew
from rotation.workflows.replaying import replay
from rotation.workflows.resuming import retry_reason
from rotation.workflows.scanning import begin_scan, give_up_scan
from tests.crash.test_taking_turns import FIRST, PLACE, on_the_way
from tests.fakes.mishaps import Mishap
from tests.fakes.world import PEOPLE, VAULT, World, configure, destination
from tests.unit.workflows.stepping import DAY, HOUR, step_of, until
from tests.unit.workflows.test_brakes import enrolled
from tests.unit.workflows.test_connection_secrets import put as put_secret
from tests.unit.workflows.test_connection_secrets import watched, world_of
from tests.unit.workflows.test_drift import completed
from tests.unit.workflows.test_minting_corners import SHUT

PAST = timedelta(minutes=-1)


def lease_row(world: World, *, owner: str, ends_in: timedelta) -> None:
    """Let somebody else have written the lease on the resource."""
    values: dict[str, Value] = {
        "owner": owner,
        "token": owner,
        "number": 1,
        "expires_at": world.clock.now() + ends_in,
        "waiting": "[]",
    }
    world.tables._apply(PLACE.table, PLACE.partition, [Upsert(key=PLACE.key, values=values)])


async def errand(world: World) -> Errand:
    services, rotation = world.services(), world.rotations()[0]
    record = await ledger.read(services.tables, rotation.id.application)
    fence = never_taken(services, rotation.id.application, keys.holding(rotation.line, FIRST.name))
    found = await errand_of(services, fence, record, rotation_id=rotation.id, name=FIRST.name)
    assert found is not None
    return found


def each_time(world: World, call: str, table: str, act: Any) -> list[int]:
    """Do something right before each such call; tells how often."""
    times: list[int] = []

    def watch(sent: str, arguments: Sequence[Any]) -> None:
        if sent == call and arguments[0] == table:
            times.append(len(times))
            act(len(times))

    world.watch = watch
    return times


async def test_a_turn_that_others_are_always_quicker_at_is_waited_for() -> None:
    world, _rotation = await on_the_way()
    lease_row(world, owner="before", ends_in=PAST)
    mine = await errand(world)
    races = each_time(
        world, "MemoryTables.commit", keys.LEASES, lambda n: lease_row(world, owner=f"quicker {n}", ends_in=PAST)
    )
    with pytest.raises(LeaseHeld):
        await taking_turns._take(mine, PLACE)
    assert len(races) == taking_turns.ROUNDS


async def test_a_turn_that_is_let_go_while_one_queues_is_taken() -> None:
    world, _rotation = await on_the_way()
    lease_row(world, owner="holder", ends_in=timedelta(minutes=1))
    mine = await errand(world)
    each_time(
        world,
        "MemoryTables.get",
        keys.LEASES,
        lambda n: lease_row(world, owner="holder", ends_in=PAST) if n > 1 else None,
    )
    turn = await taking_turns._take(mine, PLACE)
    await turn.ready(world.clock.now())
    row = world.tables.now(PLACE.table, PLACE.partition, PLACE.key)
    assert row is not None
    assert row.values["owner"] == mine.services.worker


async def test_a_connection_secret_that_ends_beyond_the_horizon_is_not_watched_yet() -> None:
    world = world_of()
    await put_secret(world, "github-token", 3000 * DAY)
    await world.nights(1)
    assert await watched(world) == []


async def test_a_line_that_holds_nothing_of_ours_any_more_is_not_looked_at_for_drift() -> None:
    world = World()
    (application,) = await enrolled(world)
    await world.open(application)
    await until(world, Overlapping, within=HOUR)
    record = await world.record(application.object_id)
    line = await world.line(application)
    drift = DriftPass(services=world.services())
    assert await drift._of_line(record, line) != ()
    assert await drift._of_line(record, replace(line, current=None)) == ()
    by_hand = line.keys[0]
    assert by_hand.minted_by is None
    assert await drift._of_line(record, replace(line, current=by_hand.key_id)) == ()


async def test_an_acknowledgement_of_a_rotation_whose_row_is_gone_is_told_so() -> None:
    world = World(configuration=configure(destination("portal", "person")))
    (application,) = await enrolled(world)
    await world.open(application)
    await world.run(HOUR)
    rotation = world.rotations()[0].id
    stored = (await world.record(application.object_id)).deliveries[rotation.ulid, DestinationName("portal")]
    assert isinstance(stored.delivery.phase, AwaitingPerson)
    asked = stored.delivery.phase.hand_off
    world.tables._apply(keys.ROTATIONS, application.object_id, [Delete(key=keys.rotation(rotation.ulid))])
    answers = dict.fromkeys((*asked.questions, *asked.records), "yes")
    with pytest.raises(NotFound):
        await operating.acknowledge(world.services(), rotation, DestinationName("portal"), by="ada", answers=answers)


async def test_a_vault_that_refuses_what_was_just_minted_is_a_refusal_and_the_value_is_found_again() -> None:
    world = World()
    (application,) = await enrolled(world)
    vault = world.vaults.memory(VAULT)

    def watch(call: str, _arguments: Sequence[Any]) -> None:
        vault.refusing = "vault-refused" if call == "MemoryDirectory.mint" else vault.refusing

    world.watch = watch
    await world.open(application)
    await world.run(timedelta(seconds=5))
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Minting)
    assert rotation.phase.vault_refusals == 1
    world.watch = lambda _call, _arguments: None
    vault.refusing = None
    await until(world, Overlapping, within=HOUR)
    lost = world.directory.minted[0].credential.key_id
    assert (application.object_id, lost) in world.directory.removed


async def test_a_closed_window_holds_a_removal() -> None:
    world = World()
    (application,) = await enrolled(world, ends_in=58 * DAY)
    await world.open(application, Reason.DUE)
    await until(world, Overlapping, within=HOUR)
    async with step_of(world) as step:
        old = step.line.keys[0].key_id
        assert await _removal_brake(step, old) is None
        world.change_policy(window=SHUT)
        step.configuration = world.settings.now
        assert await _removal_brake(step, old) == world.clock.now() + HOUR


async def test_the_weekly_index_wakes_the_keeper_of_the_line_too_and_stands_a_line_without_rotation() -> None:
    world = World()
    (application,) = await enrolled(world)
    assert (await write_lines_anew(world.services()))["lines_woken"] == 0
    await world.open(application)
    await until(world, Overlapping, within=HOUR)
    keeper = world.rotations()[0].id
    world.directory.mishaps.always("mint", Mishap.DENIED)
    await world.open(application, Reason.REQUESTED, succeed=True)
    await world.run(HOUR)
    latest = world.rotations()[1]
    assert isinstance(latest.phase, Blocked)
    for row in world.tables.all_rows(keys.WAKES):
        world.tables._apply(keys.WAKES, row.partition, [Delete(key=row.key)])
    await write_lines_anew(world.services())
    assert {keys.rotation_wake(keeper), keys.rotation_wake(latest.id)} <= set(await world.wakes())


async def test_a_replay_leaves_scans_alone_that_were_only_rehearsed() -> None:
    world = World()
    services = world.services()
    scan = await begin_scan(services, by="ada", dry_run=True)
    await give_up_scan(services, scan, why="it crashed")
    assert (await replay(services, by="ada")).scans == []


async def test_a_scan_that_was_finished_while_it_was_given_up_stays_as_it_is() -> None:
    world = World()
    services = world.services()
    scan = await begin_scan(services, by="ada")
    record = await Scans(services.tables).get(scan)
    await Scans(services.tables).put(replace(record, finished_at=world.clock.now(), complete=True))
    await give_up_scan(services, scan, why="it crashed")
    assert (await Scans(services.tables).get(scan)).complete
    assert world.alarms() == []


async def test_a_retry_of_one_reason_leaves_what_stopped_for_another() -> None:
    world = World()
    await enrolled(world, 2)
    world.directory.mishaps.plan("mint", Mishap.DENIED)
    await world.scan()
    await world.run(HOUR)
    assert sorted(world.phases()) == ["blocked", "overlapping"]
    assert await retry_reason(world.services(), "vault-refused", by="ada") == 0
    assert await retry_reason(world.services(), "access-denied", by="ada") == 1


async def test_a_policy_that_names_an_application_wins_over_one_that_selects_it() -> None:
    world = World()
    application = world.add_application(ends_in=5 * DAY)
    (usual,) = world.settings.now.policies
    named = replace(
        usual, name=type(usual.name)("named"), selector=Selector(client_ids=frozenset({application.client_id}))
    )
    world.settings.now = replace(world.settings.now, policies=(usual, named))
    await world.scan()
    await world.run(timedelta(minutes=5))
    rows = [row.values for row in world.tables.all_rows(keys.EXPIRIES)]
    assert any("named" in str(row) for row in rows)


async def test_a_digest_goes_to_its_own_channel_alone() -> None:
    world = World()
    services = world.services()
    notice = Notice(
        kind="digest:mail",
        audience=PEOPLE,
        message=Message(title="t", summary="s", items=()),
        created_at=world.clock.now(),
    )
    await services.notices.put("one", notice)
    await sending.send_notice(services, "one")
    assert world.channel.sent == []


async def test_a_rotation_that_has_ended_has_no_phase_to_carry() -> None:
    world = World()
    (application,) = await enrolled(world)
    await world.open(application)
    await operating.abandon(world.services(), world.rotations()[0].id, by="ada", why="a test")
    async with step_of(world) as step:
        written = len(world.tables.commits)
        assert await rotate._phase(step) is None
        assert len(world.tables.commits) == written
    assert (world.phases(), world.directory.minted) == (["abandoned"], [])


@pytest.mark.parametrize("gone_for", [timedelta(hours=1), 3 * DAY])
async def test_one_answer_that_an_application_is_not_there_leaves_what_is_owed_of_it_standing(
    gone_for: timedelta,
) -> None:
    """A replica that lags says so too: litter is removed all the same, unless a day later it is not there either."""
    world = World()
    application = await completed(world)
    kept = world.directory._records.pop(application.object_id)
    await rotate.advance(world.calm(), world.rotations()[0].id)
    await world.run(gone_for)
    world.directory._records[application.object_id] = kept
    await world.run(85 * DAY)
    left = {secret.key_id for secret in world.directory.truth(application.object_id).secrets}
    assert (application.secrets[0].key_id in left) == (gone_for > DAY)
