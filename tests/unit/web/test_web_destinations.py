"""`/api/destinations`: where secrets go, in words, asked of nobody."""

from rotation.web import destinations
from tests.fakes.world import World, configure, destination
from tests.unit.web.caller import call


async def test_every_destination_is_described_with_its_secretless_advice() -> None:
    world = World(configuration=configure(destination("store"), destination("portal", "person")))
    world.integrations.kinds["automatic"].secretless = "Use a managed identity."
    world.integrations.kinds["automatic"].hung.add(destination("store").name)
    answer = await call(world, destinations.everything)
    assert answer.status == 200
    store, portal = answer.body["destinations"]
    assert store == {
        "name": "store",
        "kind": "automatic",
        "connection": None,
        "mode": "automatic",
        "level": "stored",
        "approval": False,
        "where": "automatic store",
        "permissions": [],
        "secretless": "Use a managed identity.",
        "traps": [],
        "lines": ["ours/default"],
    }
    assert portal["mode"] == "assisted"
