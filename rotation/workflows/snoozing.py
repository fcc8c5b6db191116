"""
Let a reminder be silent for a week: by a signed link without sign-in, or by somebody signed in.

Whoever opens the link changes nothing, for scanners open links too: a page asks, and the answer to it acts, once.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rotation.domain.audience import OWNERS
from rotation.domain.errors import Refused
from rotation.domain.identifiers import AudienceName, PolicyName
from rotation.domain.reminder import snoozed_until
from rotation.ledger.expiries import Expiry
from rotation.ledger.reminders import Snooze
from rotation.workflows.links import Links
from rotation.workflows.reminders import Reminder
from rotation.workflows.services import Services
from rotation.workflows.signing import Signed, opened, sign

PURPOSE = "snooze"
GOOD_FOR = timedelta(days=14)
"""How long a link opens."""
BY_LINK = "a signed link"
SHOWN = 160
"""Characters of what it is about that travel in a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeView:
    """What a link would do, or has done."""

    what: str
    audience: AudienceName
    """Who hears nothing of it meanwhile."""
    ends_at: datetime
    until: datetime
    used: bool
    """It was done by this very link."""


async def snooze_link(services: Services, reminder: Reminder, audience: AudienceName) -> str:
    """
    Give the address of the page that asks whether *audience* wants silence about a reminder.

    Raises:
        Retryable, NeedsPerson: The vault gives no key to sign with.
    """
    claims = {
        "subject": reminder.subject,
        "end_at": reminder.end_at.isoformat(),
        "audience": audience,
        "what": f"{reminder.item.subject}: {reminder.item.text}"[:SHOWN],
    }
    return Links(services.link).snooze(await sign(services, PURPOSE, claims, lifetime=GOOD_FOR))


async def snooze_preview(services: Services, token: str) -> SnoozeView:
    """
    Tell what a link would do, and change nothing.

    Raises:
        Refused: It is none of ours, or has expired (`link-invalid`, `link-expired`).
    """
    signed = await opened(services, PURPOSE, token)
    wish = _wish(services, signed, by=BY_LINK)
    used = await services.reminders.used(wish.subject, signed.nonce, wish.end_at)
    until = await services.reminders.silent_until(wish.subject, wish.audience, wish.end_at) if used else None
    return _view(replace(wish, until=until or wish.until), signed, used=used)


async def snooze(services: Services, token: str, *, by: str = BY_LINK, where: str = "") -> SnoozeView:
    """
    Do what a link asks, once.

    Raises:
        Refused: As `snooze_preview`, or it was used before (`link-used`).
    """
    signed = await opened(services, PURPOSE, token)
    wish = _wish(services, signed, by=by)
    if not await services.reminders.snooze(wish, nonce=signed.nonce, now=services.clock.now()):
        raise Refused("this link was used before", reason="link-used", remedy="nothing: what it asked for is done")
    await _audit(services, wish, where)
    return _view(wish, signed, used=True)


async def snooze_credential(services: Services, expiry: Expiry, *, by: str, where: str = "") -> datetime:
    """Let everybody who hears of a credential hear nothing of it for a week, on a person's word; give until when."""
    now = services.clock.now()
    configuration = await services.configurations.current()
    hears = configuration.hearers(PolicyName(expiry.policy), application=expiry.registration)
    whom = ([OWNERS] if hears.owners_of else []) + ([hears.team] if hears.team else [])
    until = snoozed_until(expiry.end_at, now)
    wish = Snooze(subject=expiry.key_id, audience=OWNERS, end_at=expiry.end_at, until=until, by=by)
    for audience in whom:
        await services.reminders.snooze(replace(wish, audience=audience), nonce=services.ulids.make(), now=now)
        await _audit(services, replace(wish, audience=audience), where)
    return until


def _wish(services: Services, signed: Signed, *, by: str) -> Snooze:
    end_at = datetime.fromisoformat(signed.claims["end_at"])
    return Snooze(
        subject=signed.claims["subject"],
        audience=AudienceName(signed.claims["audience"]),
        end_at=end_at,
        until=snoozed_until(end_at, services.clock.now()),
        by=by,
    )


def _view(wish: Snooze, signed: Signed, *, used: bool) -> SnoozeView:
    what = signed.claims["what"]
    return SnoozeView(what=what, audience=wish.audience, ends_at=wish.end_at, until=wish.until, used=used)


async def _audit(services: Services, wish: Snooze, where: str) -> None:
    await services.control.audit(
        services.clock.now(),
        services.ulids.make(),
        "reminder.snoozed",
        subject=wish.subject,
        audience=wish.audience,
        until=wish.until.isoformat(),
        by=wish.by,
        where=where,
    )
