"""The deadlines of an audience as one calendar (RFC 5545), which calendars fetch again and again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from rotation.notifications.words import look, plain
from rotation.workflows.reading.deadlines import Deadline

PRODUCT = "-//Rotation//Deadlines//EN"
REFRESH = timedelta(hours=6)
"""What changes, changes nightly."""


def feed(deadlines: Sequence[Deadline], *, name: str, said_at: datetime, site: str = "", about: str = "") -> bytes:
    """
    Make the calendar: whole days in UTC that block nobody. An entry's UID stays, so that it moves instead of doubling.

    *site* is the dashboard's address; without one entries lead nowhere. *about* tells one calendar from another
    deployment's of the same name.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    if about:
        calendar.add("x-wr-caldesc", about)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT6H")
    for deadline in deadlines:
        calendar.add_component(_event(deadline, said_at=said_at, site=site))
    return bytes(calendar.to_ical())


def _event(deadline: Deadline, *, said_at: datetime, site: str) -> Event:
    day = deadline.by.astimezone(UTC).date()
    link = f"{site.rstrip('/')}{deadline.link}" if site.startswith("https://") else ""
    event = Event()
    event.add("uid", f"{deadline.uid}@rotation")
    event.add("dtstamp", said_at)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    event.add("summary", f"{look(deadline.state).sign} {plain(deadline.subject, 100)}: {plain(deadline.text, 150)}")
    event.add("description", f"{plain(deadline.text, 500)} {link}".strip())
    if link:
        event.add("url", link)
    return event
