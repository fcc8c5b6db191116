"""A tenant in which something of every kind is going on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Application
from tests.fakes.world import World, configure, destination
from tests.unit.web.pages.browser import Browser

HOSTILE = (
    "<script>alert(1)</script>",
    "\u202eevil\u202c \u0627\u0644\u062f\u0641\u0639",
    "🦊 Ångström & \"quotes\" 'too'",
    "x" * 200,
    "</title></bdi><img src=https://evil.example/x onerror=alert(1)>",
    "",
)
"""Names as a directory may have them."""


@pytest.fixture
def world() -> World:
    """One line waits for a person, the rest is watched."""
    return World(configure(destination("store"), destination("portal", "person"), readers=("billing",)))


@pytest.fixture
async def busy(world: World) -> World:
    """After a night: enrolled lines with hand-offs that wait, watched applications, hostile names."""
    for number in range(1, 4):
        await world.enrol(world.add_application(number, ends_in=timedelta(days=10 * number), secrets=2))
    for number, name in enumerate(HOSTILE, start=10):
        application = named(world, number, name)
        if number < 12:
            await world.enrol(application)
    await world.scan()
    await world.run(timedelta(hours=2))
    return world


def named(world: World, number: int, name: str) -> Application:
    """Register an application of this name, with a secret that ends soon."""
    application = replace(world.add_application(number, ends_in=timedelta(days=25)), display_name=name)
    world.directory.add(application)
    return application


@pytest.fixture
def ada(world: World) -> Browser:
    """An administrator."""
    return Browser(world)
