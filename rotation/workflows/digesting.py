"""One digest: what needs somebody, the nearest date first, then what is only told (ux.md, A digest)."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from rotation.domain.audience import OWNERS
from rotation.domain.errors import NeedsPerson, Retryable
from rotation.domain.identifiers import AudienceName
from rotation.ports.notices import NEED_SOMEBODY, Item, Message
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
    ordered = sorted(reminders, key=lambda each: (not _needs(each), each.item.due_at or LAST))
    shown = await _with_snooze(services, audience, ordered[:MOST])
    return Message(
        title=_title([each.item for each in ordered]),
        summary=f"Entra credentials · {'yours' if audience == OWNERS else audience}",
        items=shown,
        left_out=len(ordered) - len(shown),
        link=Links(services.link).overview,
    )


def _needs(reminder: Reminder) -> bool:
    return reminder.item.state in NEED_SOMEBODY


def _title(items: Sequence[Item]) -> str:
    """Say how many need somebody and what else is told: `3 credentials need you, 1 was rotated`."""
    need = sum(item.state in NEED_SOMEBODY for item in items)
    told = items[need:]
    if not need and len(told) == 1:
        return f"{told[0].subject}: {told[0].text}"
    rotated = all(item.state == "done" for item in told)
    news = f"{len(told)} {_be(told)} rotated" if rotated else f"{len(told)} more to know"
    if not need:
        return f"{len(told)} credentials were rotated" if rotated else f"News of {len(told)} credentials"
    needed = f"{need} credential{'' if need == 1 else 's'} need{'s' if need == 1 else ''} you"
    return f"{needed}, {news}" if told else needed


def _be(told: Sequence[Item]) -> str:
    return "was" if len(told) == 1 else "were"


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
