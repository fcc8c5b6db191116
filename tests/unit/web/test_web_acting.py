"""What an operator does to one rotation over HTTP: retry, abandon, retire."""

from datetime import timedelta

import pytest

from rotation.ledger import keys
from rotation.web import acting, health
from rotation.web.principal import Principal, Role
from rotation.workflows import operating
from tests.fakes.mishaps import Mishap
from tests.fakes.world import VAULT, World
from tests.unit.web.caller import Answer, call

NOWHERE = "ffffffff-0000-4000-8000-000000000000.01ARZ3NDEKTSV4RRFFQ69G5FAV"
PERSON = Principal(name="ada@contoso.example", kind="person", object_id="ada", roles=frozenset({Role.OPERATOR}))


async def rotation(world: World, *, stopped: bool = False, run: timedelta = timedelta(hours=1)) -> str:
    application = world.add_application()
    await world.enrol(application)
    world.vaults.memory(VAULT).refusing = "vault-refused" if stopped else None
    await world.open(application)
    await world.run(run)
    world.vaults.memory(VAULT).refusing = None
    return str(world.rotations()[0].id)


def told(world: World, what: str) -> list[tuple[object, object]]:
    rows = [row.values for row in world.tables.all_rows(keys.ROTATIONS) if row.values.get("what") == what]
    return [(row["by"], row["where"]) for row in rows]


async def test_what_is_stopped_goes_on_and_the_history_says_who_and_where() -> None:
    world = World()
    found = await rotation(world, stopped=True)
    assert world.phases() == ["blocked"]
    answer = await call(world, acting.retry, route={"id": found}, by=PERSON)
    assert (answer.status, answer.headers["Location"]) == (202, f"/api/rotations/{found}")
    assert told(world, "retried") == [("ada@contoso.example", "http")]
    await world.run(timedelta(hours=1))
    assert world.phases() == ["overlapping"]


async def test_what_is_not_stopped_cannot_be_retried() -> None:
    world = World()
    found = await rotation(world)
    answer = await call(world, acting.retry, route={"id": found})
    assert (answer.status, answer.slug) == (409, "not-blocked")
    assert answer.body["facts"]["address"] == f"/api/rotations/{found}"


async def test_an_unpublished_rotation_is_abandoned_with_a_reason() -> None:
    world = World()
    found = await rotation(world, stopped=True)
    missing = await call(world, acting.abandon, {}, route={"id": found})
    assert missing.body["facts"]["problems"] == ["reason: is missing; add it"]
    answer = await call(world, acting.abandon, {"reason": "wrong one"}, route={"id": found})
    assert (answer.status, answer.body["phase"]) == (200, "abandoned")
    assert told(world, "given-up") == [("function key", "http")]
    again = await call(world, acting.abandon, {"reason": "wrong one"}, route={"id": found})
    assert (again.status, again.slug) == (409, "ended")


async def test_a_published_rotation_cannot_be_abandoned() -> None:
    world = World()
    found = await rotation(world)
    answer = await call(world, acting.abandon, {"reason": "no"}, route={"id": found})
    assert (answer.status, answer.slug) == (409, "published")
    assert answer.body["remedy"].startswith("rotation rotate ")
    assert answer.body["remedy"].endswith(" --succeed")


async def retire(world: World, found: str, **body: object) -> Answer:
    return await call(world, acting.retire, body, route={"id": found}, by=PERSON)


async def test_retiring_at_once_takes_a_yes_after_seeing_what_is_missing() -> None:
    world = World()
    found = await rotation(world)
    old = world.rotations()[0].predecessors[0]
    refused = await retire(world, found)
    assert (refused.status, refused.slug) == (409, "not-confirmed")
    (key,) = refused.body["facts"]["preview"]["keys"]
    assert (key["key_id"], [point[:3] for point in key["missing"]]) == (old, ["(c)", "(d)", "(e)"])
    seen = await retire(world, found, preview=True)
    assert (seen.status, seen.body["keys"]) == (200, [key])
    no_reason = await retire(world, found, yes=True)
    assert (no_reason.status, no_reason.slug) == (400, "bad-request")
    await world.run(timedelta(hours=1))
    assert world.directory.removed == []
    answer = await retire(world, found, yes=True, reason="moved by hand", keyIds=[old])
    assert (answer.status, answer.body["key_ids"]) == (202, [old])
    assert told(world, "retire.ordered") == [("ada@contoso.example", "http")]
    await world.run(timedelta(minutes=5))
    assert [key_id for _application, key_id in world.directory.removed] == [old]


async def test_a_brake_refuses_and_a_wrong_key_id_is_told() -> None:
    world = World()
    found = await rotation(world)
    wrong = await retire(world, found, keyIds=["the old one"], preview=True)
    assert wrong.body["facts"]["problems"][0].startswith("keyIds.0: is not a key id; write a GUID")
    await operating.pause(world.services(), by="ada", reason="audit")
    held = await retire(world, found, yes=True, reason="x")
    assert (held.status, held.slug) == (409, "brake-holds")


@pytest.mark.parametrize("body", [{"reason": "x", "yes": True}, {"preview": True}])
async def test_a_rotation_that_is_none_is_not_found(body: dict[str, object]) -> None:
    world = World()
    assert (await retire(world, NOWHERE, **body)).status == 404
    assert (await call(world, acting.retry, route={"id": NOWHERE})).status == 404
    assert (await call(world, acting.abandon, {"reason": "x"}, route={"id": "mine"})).status == 400


async def test_health_is_ill_while_a_rotation_stands_still_and_after_an_incomplete_scan() -> None:
    world = World()
    await world.scan()
    application = world.add_application()
    await world.enrol(application)
    world.directory.mishaps.always("mint", Mishap.LOST_BEFORE)
    await world.open(application)
    await world.run(timedelta(minutes=1))
    world.directory.mishaps.always("mint", None)
    world.queues.waiting.clear()
    world.clock.advance(timedelta(hours=25))
    ill = await _ill(world)
    assert set(ill) == {"rotations"}
    assert "Application 1 (minting since" in ill["rotations"]
    world.directory.unreadable_pages = {0}
    await world.scan()
    assert "is incomplete" in (await _ill(world))["scan"]


async def _ill(world: World) -> dict[str, str]:
    answer = await call(world, health.report)
    return {check["name"]: check["says"] for check in answer.body["checks"] if not check["healthy"]}
