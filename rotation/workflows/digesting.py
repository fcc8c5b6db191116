"""One digest: what needs somebody, the nearest date first (ux.md, A digest)."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from rotation.domain.audience import OWNERS
from rotation.domain.errors import NeedsPerson, Retryable
from rotation.domain.identifiers import AudienceName
from rotation.ports.notices import Item, Message
from rotation.workflows.links import Links
from rotation.workflows.reminders import Reminder
from rotation.workflows.services import Services
from rotation.workflows.snoozing import snooze_link

log = logging.getLogger(__name__)

MOST = 400
"""Items in one digest; a row of the ledger holds no more than that, and nobody reads more."""
LAST = datetime.max.replace(tzinfo=UTC)


async def digest_message(services: Services, audience: AudienceName, reminders: Sequence[Reminder]) -> Message:
    """Make the digest of *reminders* for an audience."""
    ordered = sorted(reminders, key=lambda each: each.item.due_at or LAST)
    shown = await _with_snooze(services, audience, ordered[:MOST])
    one = len(ordered) == 1
    return Message(
        title=f"{len(ordered)} credential{'' if one else 's'} need{'s' if one else ''} you",
        summary=f"Entra credentials · {'yours' if audience == OWNERS else audience}",
        items=shown,
        left_out=len(ordered) - len(shown),
        link=Links(services.link).overview,
    )


async def _with_snooze(services: Services, audience: AudienceName, reminders: Sequence[Reminder]) -> list[Item]:
    """Add the links that snooze; a digest is not held up by a vault that has no key for them."""
    items: list[Item] = []
    signing = bool(services.link)
    for reminder in reminders:
        link = ""
        if signing and reminder.snoozes:
            try:
                link = await snooze_link(services, reminder, audience)
            except (Retryable, NeedsPerson) as error:
                log.warning("digest.without-snooze", extra={"reason": error.reason})
                signing = False
        items.append(replace(reminder.item, snooze=link))
    return items
