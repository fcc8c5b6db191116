"""What people are told of a delivery, in the words of ux.md."""

from datetime import datetime
from typing import Protocol

from rotation.domain.delivery import AwaitingPerson, Delivery, DeliveryBlocked
from rotation.domain.identifiers import AudienceName
from rotation.domain.line import Line
from rotation.domain.policy import Configuration, Destination
from rotation.ledger.notices import OutboxEntry
from rotation.ports.notices import Item, Message


class Told(Protocol):
    """What a notice needs of an errand."""

    @property
    def configuration(self) -> Configuration: ...

    @property
    def line(self) -> Line: ...

    @property
    def delivery(self) -> Delivery: ...

    @property
    def destination(self) -> Destination | None: ...


def _audience(told: Told) -> AudienceName | None:
    policy = told.configuration.policy(told.line.enrolment.policy)
    own = told.destination.audience if told.destination else None
    return own or (policy.audience if policy else None) or told.configuration.fallback_audience


def hand_off_notice(told: Told, waiting: AwaitingPerson) -> tuple[OutboxEntry, ...]:
    """Ask a person for what only a person can do; the value is a link."""
    text = f"{waiting.hand_off.title}: {waiting.hand_off.where}"
    item = Item(
        state="waiting",
        subject=told.line.display_name,
        text=text,
        act_by=f"{waiting.deadline:%Y-%m-%d}",
        action="Open the steps",
    )
    message = Message(title=f"1 credential needs you by {waiting.deadline:%a %d %b}", summary=text, items=(item,))
    return (OutboxEntry(kind="hand-off-opened", audience=_audience(told), message=message),)


def drift_notice(told: Told, outcome: str, seen: str) -> tuple[OutboxEntry, ...]:
    """Tell what was found at a destination that we had verified, and what follows."""
    follows = _FOLLOWS.get(outcome, "Nothing is done there until a person has looked: rotation retry")
    name = told.line.display_name
    item = Item(state="waiting" if outcome == "healed" else "blocked", subject=name, text=f"{seen}. {follows}.")
    message = Message(title=f"{name}: {told.delivery.destination} has drifted", summary=item.text, items=(item,))
    return (OutboxEntry(kind=f"drift-{outcome}", audience=_audience(told), message=message),)


_FOLLOWS = {
    "healed": "It is delivered again, once",
    "drifted": "The policy says not to heal: rotation retry delivers it again",
}


def unseen_notice(told: Told, since: datetime, why: str) -> tuple[OutboxEntry, ...]:
    """Tell that nobody knows any more what a destination holds."""
    text = f"{told.delivery.destination} could not be looked at since {since:%Y-%m-%d}: {why}"
    item = Item(state="waiting", subject=told.line.display_name, text=text)
    message = Message(title=f"{told.line.display_name}: a destination cannot be seen", summary=text, items=(item,))
    return (OutboxEntry(kind="destination-unseen", audience=_audience(told), message=message),)


def stopped_notice(told: Told, blocked: DeliveryBlocked) -> tuple[OutboxEntry, ...]:
    """Tell that one destination does not take it; the old secret stays."""
    text = f"{told.delivery.destination}: stopped ({blocked.reason}): {blocked.detail}. The old secret stays."
    item = Item(state="blocked", subject=told.line.display_name, text=text)
    message = Message(title=f"{told.line.display_name}: a delivery stopped", summary=text, items=(item,))
    return (OutboxEntry(kind="delivery-blocked", audience=_audience(told), message=message),)
