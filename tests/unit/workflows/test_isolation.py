"""One slow, failing or lying destination never holds back another; what changed waits for a person's yes."""

from dataclasses import replace
from datetime import timedelta
from textwrap import dedent

import pytest

from rotation.config import load
from rotation.domain.policy import Destination
from rotation.integrations.catalogue import KINDS
from rotation.workflows.operating import approve
from tests.fakes.integrations import MemoryIntegration
from tests.fakes.mishaps import Mishap
from tests.fakes.world import World, configure, destination

GOOD, BAD = destination("good"), destination("bad", "reference")


def failing(kind: MemoryIntegration) -> None:
    kind.mishaps.always("deliver", Mishap.DENIED)


def unavailable(kind: MemoryIntegration) -> None:
    kind.mishaps.always("deliver", Mishap.UNAVAILABLE)


def losing(kind: MemoryIntegration) -> None:
    kind.mishaps.always("deliver", Mishap.LOST_BEFORE)


def lying(kind: MemoryIntegration) -> None:
    kind.forgets = True


def slow(kind: MemoryIntegration) -> None:
    kind.hung.add(BAD.name)


@pytest.mark.parametrize("spoil", [failing, unavailable, losing, lying, slow])
async def test_another_destination_has_it_all_the_same(spoil: object) -> None:
    world = World(configuration=configure(BAD, GOOD))
    world.timing = replace(world.timing, destination_call=timedelta(milliseconds=300))
    assert callable(spoil)
    spoil(world.integrations.kinds["reference"])
    application = world.add_application(ends_in=timedelta(days=58))
    await world.enrol(application)
    await world.scan()
    await world.run(timedelta(minutes=8))
    assert world.stored("good") == (await world.line(application)).current
    rotation = world.rotations()[0]
    record = await world.record(application.object_id)
    phases = {str(name): stored.delivery.phase.phase for name, stored in record.deliveries_of(rotation.id.ulid).items()}
    assert phases["good"] == "verified"
    assert phases["bad"] != "verified"
    assert rotation.phase.phase == "delivering", "and what is not verified keeps the old secret"


async def test_a_bug_in_one_kind_ends_its_own_step_alone() -> None:
    class Bug(Exception):
        """Something that no kind should raise."""

    async def breaks(_at: Destination) -> None:
        raise Bug

    world = World(configuration=configure(BAD, GOOD))
    world.integrations.kinds["reference"].looking = breaks
    application = world.add_application(ends_in=timedelta(days=58))
    await world.enrol(application)
    await world.scan()
    with pytest.raises(Bug):
        await world.run(timedelta(minutes=5))
    world.integrations.kinds["reference"].looking = MemoryIntegration("reference").looking
    await world.run(timedelta(hours=1))
    assert world.stored("good") == (await world.line(application)).current


def fingerprints(connection: str) -> dict[str, str]:
    text = f"""
        connections: {{github: {connection}}}
        destinations:
          pipeline: {{kind: github-secret, connection: github, owner: contoso, repository: shop, name: AZURE_SECRET}}
          copy: {{kind: key-vault, vault: "https://v.example", secret: s}}
    """
    found = load(dedent(text), name="r.yaml", kinds=KINDS).configuration.destinations
    return {name: each.fingerprint for name, each in found.items()}


def test_a_changed_connection_is_a_changed_destination_and_no_other() -> None:
    one = fingerprints("{type: token, secret: token-of-ann}")
    other = fingerprints("{type: token, secret: token-of-bob}")
    app = fingerprints("{type: github-app, app_id: 1, installation_id: 2, secret: key}")
    assert len({one["pipeline"], other["pipeline"], app["pipeline"]}) == 3
    assert one["copy"] == other["copy"] == app["copy"]


async def test_a_destination_whose_connection_changed_waits_for_approval_and_nothing_is_sent() -> None:
    world = World(configuration=configure(GOOD))
    application = world.add_application(ends_in=timedelta(days=58))
    await world.enrol(application)
    world.name_destinations(replace(GOOD, fingerprint="automatic:good:another-connection"))
    await world.nights(1)
    assert world.stored("good") is None
    record = await world.record(application.object_id)
    assert [stored.delivery.phase.phase for stored in record.deliveries.values()] == ["awaiting-approval"]
    await approve(world.services(), world.rotations()[0].id, by="anna")
    await world.run(timedelta(hours=1))
    assert world.stored("good") == (await world.line(application)).current
