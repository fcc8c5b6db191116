"""What people are told of a delivery, in the words of ux.md."""

from dataclasses import replace
from datetime import datetime
from typing import Protocol

from rotation.domain.delivery import AwaitingPerson, Delivery, DeliveryBlocked
from rotation.domain.line import Line
from rotation.domain.policy import Configuration, Destination
from rotation.ledger.notices import OutboxEntry
from rotation.ports.notices import Item
from rotation.workflows.links import Links
from rotation.workflows.notices import PRESSING, entry
from rotation.workflows.services import Services


class Told(Protocol):
    """What a notice needs of an errand."""

    @property
    def services(self) -> Services: ...

    @property
    def configuration(self) -> Configuration: ...

    @property
    def line(self) -> Line: ...

    @property
    def delivery(self) -> Delivery: ...

    @property
    def old_ends_at(self) -> datetime | None: ...

    @property
    def destination(self) -> Destination | None: ...


def _entry(
    told: Told, kind: str, item: Item, *, title: str = "", urgent: bool = False, news: bool = False
) -> tuple[OutboxEntry, ...]:
    own = told.destination.audience if told.destination else None
    application = told.line.id.application
    hearers = told.configuration.hearers(told.line.enrolment.policy, application=application, first=own)
    links, rotation = Links(told.services.link), told.delivery.rotation
    waits = kind in {"hand-off-opened", "hand-off-overdue"}
    link = links.hand_off(rotation, told.delivery.destination) if waits else links.rotation(rotation)
    made = entry(kind, hearers, replace(item, subject=told.line.display_name, link=link), title=title)
    return (replace(made, urgent=urgent, news=news),)


def hand_off_notice(told: Told, waiting: AwaitingPerson) -> tuple[OutboxEntry, ...]:
    """Ask a person for what only a person can do; the value is a link."""
    item = Item(
        state="waiting",
        subject="",
        text=f"{waiting.hand_off.title}: {waiting.hand_off.where}",
        due_at=waiting.deadline,
        uid=f"{told.delivery.rotation.ulid}.{told.delivery.destination}",
        action="Open the steps",
    )
    by = waiting.deadline
    title = f"{told.line.display_name} needs you by {by:%a} {by.day} {by:%b}"
    return _entry(told, "hand-off-opened", item, title=title)


def overdue_notice(told: Told, waiting: AwaitingPerson) -> tuple[OutboxEntry, ...]:
    """Tell that nobody has done it in time, and until when the old secret works."""
    by, now, ends_at = waiting.deadline, told.services.clock.now(), told.old_ends_at
    works = ends_at is not None and ends_at > now
    old = f"works until {ends_at:%Y-%m-%d}" if works else "works no more"
    text = f"{waiting.hand_off.title}: nobody has confirmed it, and the old secret {old}"
    uid = f"{told.delivery.rotation.ulid}.{told.delivery.destination}"
    item = Item(state="waiting", subject="", text=text, due_at=by, uid=uid, action="Open the steps")
    title = f"{told.line.display_name} has needed you since {by:%a} {by.day} {by:%b}"
    return _entry(told, "hand-off-overdue", item, title=title, urgent=ends_at is None or ends_at - now <= PRESSING)


def approval_notice(told: Told, why: str) -> tuple[OutboxEntry, ...]:
    """Ask for the yes to a destination that is new, has changed, or wants one each time."""
    text = f"{told.delivery.destination} waits for approval: {why}"
    item = Item(state="waiting", subject="", text=text, action="Approve")
    return _entry(told, "approval-asked", item)


def drift_notice(told: Told, outcome: str, seen: str) -> tuple[OutboxEntry, ...]:
    """Tell what was found at a destination that we had verified, and what follows."""
    follows = _FOLLOWS.get(outcome, "Nothing is done there until a person has looked: rotation retry")
    healed = outcome == "healed"
    item = Item(state="under-way" if healed else "blocked", subject="", text=f"{seen}. {follows}.", action="Show")
    title = f"{told.line.display_name}: {told.delivery.destination} has drifted"
    return _entry(told, f"drift-{outcome}", item, title=title, news=healed)


_FOLLOWS = {
    "healed": "It is delivered again, once",
    "drifted": "The policy says not to heal: rotation retry delivers it again",
}


def unseen_notice(told: Told, since: datetime, why: str) -> tuple[OutboxEntry, ...]:
    """Tell that nobody knows any more what a destination holds."""
    text = f"{told.delivery.destination} could not be looked at since {since:%Y-%m-%d}: {why}"
    title = f"{told.line.display_name}: a destination cannot be seen"
    item = Item(state="waiting", subject="", text=text, action="Show")
    return _entry(told, "destination-unseen", item, title=title, news=True)


def stopped_notice(told: Told, blocked: DeliveryBlocked) -> tuple[OutboxEntry, ...]:
    """Tell that one destination does not take it; the old secret stays."""
    text = f"{told.delivery.destination}: stopped ({blocked.reason}): {blocked.detail}. The old secret stays."
    title = f"{told.line.display_name}: a delivery stopped"
    item = Item(state="blocked", subject="", text=text, action="What to do")
    return _entry(told, "delivery-blocked", item, title=title)
