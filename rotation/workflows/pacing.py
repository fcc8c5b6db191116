"""Wait for a place among the directory's writes, and tell the pace what came of one (platform.md A6)."""

from dataclasses import replace
from datetime import timedelta
from zlib import crc32

from rotation.domain.credential import Application
from rotation.domain.pace import Pace, Place
from rotation.domain.rotation import Phase
from rotation.workflows.step import Hold, Step

HOLDS_FOR = timedelta(minutes=2)
"""A place whose time has come and that was not used for so long is another's."""


def pace_of(step: Step, application: Application) -> Pace:
    """Give the lane of the application: those with personal accounts are slow, and hold nobody else back."""
    return step.services.paces.of(personal=application.personal)


def hold_until_our_place(step: Step) -> None:
    """
    Wait on, before anything is read, where a place is booked and its time has not come.

    Raises:
        Hold: Until then.
    """
    booked = step.rotation.writes_at
    if booked is not None and step.now < booked:
        raise Hold("waits for its place among the directory's writes", booked)


async def take_place(step: Step, pace: Pace, *, phase: Phase | None = None) -> None:
    """
    Take a place among the directory's writes; what must wait for it writes *phase* first.

    What a person asked for waits for a refusal's end only.

    Raises:
        Hold: Its time has not come.
    """
    now, booked = step.now, step.rotation.writes_at
    if booked is not None and booked <= now < booked + HOLDS_FOR and not pace.closed(now):
        return
    place = book(step, pace)
    if place.at <= now or (step.rotation.urgent and not pace.closed(now)):
        return
    await step.save(phase, rotation=replace(step.rotation, writes_at=place.at if place.booked else None))
    raise Hold("waits for its place among the directory's writes", place.at)


def book(step: Step, pace: Pace) -> Place:
    """Take the next place. Each rotation draws another lot each time, and the same one where a step is played again."""
    now = step.now
    return pace.book(now, lot=crc32(f"{step.rotation.id.ulid} {now.timestamp()}".encode()) / 0xFFFFFFFF)
