"""The references of the site are whole: every route, table, record and figure that the code has."""

from docs import make_references
from rotation.ledger import keys
from rotation.web.table import API
from rotation.workflows.reading.metrics import metrics
from tests.fakes.world import World


def test_every_route_is_there() -> None:
    page = make_references.http_api()
    assert [route for route in API if f"## {route.method} /api/{route.path}\n" not in page.replace("{*", "{")] == []


def test_every_table_queue_and_record_is_there() -> None:
    page = make_references.tables()
    assert [name for name in keys.TABLES if f"## Table {name}\n" not in page] == []
    assert [name for name in keys.QUEUES if f"`{name}`" not in page] == []
    held = [name for names in make_references.HELD.values() for name in names]
    assert sorted(held) == sorted(make_references.codecs())


async def test_every_figure_that_is_told_is_there() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    world.make_canary(application)
    await world.nights(1)
    told = {gauge.name for gauge in await metrics(world.calm())}
    assert len(told) > 10
    assert told <= set(make_references.gauges())
    assert "rotation.invocations" in make_references.figures()
