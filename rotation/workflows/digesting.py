"""One digest: what needs somebody, the nearest date first (ux.md, A digest)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rotation.domain.audience import OWNERS
from rotation.domain.identifiers import AudienceName
from rotation.ports.notices import Message
from rotation.workflows.links import Links
from rotation.workflows.reminders import Reminder
from rotation.workflows.services import Services

MOST = 400
"""Items in one digest; a row of the ledger holds no more than that, and nobody reads more."""
LAST = datetime.max.replace(tzinfo=UTC)


def digest_message(services: Services, audience: AudienceName, reminders: Sequence[Reminder]) -> Message:
    """Make the digest of *reminders* for an audience."""
    ordered = sorted(reminders, key=lambda each: each.item.due_at or LAST)
    shown = [each.item for each in ordered[:MOST]]
    one = len(ordered) == 1
    return Message(
        title=f"{len(ordered)} credential{'' if one else 's'} need{'s' if one else ''} you",
        summary=f"Entra credentials · {'yours' if audience == OWNERS else audience}",
        items=shown,
        left_out=len(ordered) - len(shown),
        link=Links(services.link).overview,
    )
