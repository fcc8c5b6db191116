"""A deadline as a calendar entry (RFC 5545), one a file: what a mail attaches, and what a later mail about it moves."""

import re
from datetime import datetime, timedelta, tzinfo

from icalendar import Calendar, Event

from rotation.notifications.words import look, plain, safe_link
from rotation.ports.notices import Item

PRODUCT = "-//Rotation//Deadlines//EN"


def entry(item: Item, *, said_at: datetime, zone: tzinfo) -> bytes:
    """
    Make the entry of an item that is due: a whole day of the reader's zone, without blocking it.

    The UID stays the same in every message about it, and SEQUENCE grows with time, so that a calendar moves what it
    has.
    """
    assert item.due_at is not None
    due = item.due_at.astimezone(zone).date()
    event = Event()
    event.add("uid", f"{item.uid}@rotation")
    event.add("dtstamp", said_at)
    event.add("last-modified", said_at)
    event.add("sequence", int(said_at.timestamp()) // 60)
    event.add("dtstart", due)
    event.add("dtend", due + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    event.add("summary", f"{look(item.state).sign} {plain(item.subject, 100)}: {plain(item.text, 150)}")
    event.add("description", f"{plain(item.text, 500)} {safe_link(item.link)}".strip())
    if safe_link(item.link):
        event.add("url", item.link)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def file_name(item: Item, zone: tzinfo) -> str:
    """Name the file after what it is about."""
    assert item.due_at is not None
    name = re.sub(r"[^a-z0-9]+", "-", item.subject.casefold()).strip("-")[:40] or "deadline"
    return f"{name}-{item.due_at.astimezone(zone):%Y-%m-%d}.ics"
