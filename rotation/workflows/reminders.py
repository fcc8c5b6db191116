"""What there is to remind people of: what ends, what waits, and what nobody took care of."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rotation.domain.audience import Hearers
from rotation.domain.credential import NEVER
from rotation.domain.errors import NewerVersion
from rotation.domain.identifiers import AudienceName, PolicyName
from rotation.domain.policy import Configuration
from rotation.domain.reminder import WAITING, ReminderKey, escalation_due, rung_due
from rotation.ledger import application as ledger
from rotation.ledger.expiries import Expiry, all_expiries
from rotation.ledger.lines import IndexedLine
from rotation.ledger.reminders import Told
from rotation.ports.notices import Item
from rotation.workflows.links import Links
from rotation.workflows.matters import Matter, matters
from rotation.workflows.notices import alarm
from rotation.workflows.services import Services

TOLD_STATUSES = frozenset({"monitored", "foreign", "stray"})
"""What rotation does not do by itself; its own lines speak through their phases."""
NEVER_ENDING = frozenset({"monitored", "foreign", "stray", "predecessor", "current"})
"""Told of monthly where it has no end, until it can go."""
PRESSING = timedelta(days=1)
"""What ends so soon does not wait for quiet hours to end."""
NAMED = 5
NOUNS = {"saml-certificate": "SAML signing certificate", "connection-secret": "secret"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One thing to say, to whom, and under which name it is said once."""

    subject: str
    rung: int
    end_at: datetime
    hears: Hearers
    item: Item
    snoozes: bool = False
    """It may be silent for a while: nobody waits for what it asks."""
    urgent: bool = False
    overdue_from: datetime | None = None
    """From when on it is too late; None: it has no such date, and stands from when people were first told."""
    patience: timedelta | None = None
    """How long it may stand before it escalates; None: as long as the configuration says."""

    def key(self, audience: AudienceName) -> ReminderKey:
        """Name it for one audience."""
        return ReminderKey(subject=self.subject, rung=self.rung, audience=audience, end_at=self.end_at)


async def due(services: Services, configuration: Configuration) -> list[Reminder]:
    """Find everything that has reached a rung, told before or not; escalations come on top."""
    found = [each async for each in _expiring(services, configuration)]
    return found + [each async for each in _waiting(services, configuration)]


async def _expiring(services: Services, configuration: Configuration) -> AsyncIterator[Reminder]:
    now, links = services.clock.now(), Links(services.link)
    async for expiry in all_expiries(services.tables):
        policy = PolicyName(expiry.policy)
        rung = _rung(expiry, now, configuration.rungs_of(policy))
        if rung is None:
            continue
        yield Reminder(
            subject=expiry.key_id,
            rung=rung,
            end_at=expiry.end_at,
            hears=configuration.hearers(policy, application=expiry.registration),
            item=_expiry_item(expiry, now, links),
            snoozes=True,
            urgent=timedelta(0) <= expiry.end_at - now <= PRESSING,
            overdue_from=expiry.end_at,
        )


def _rung(expiry: Expiry, now: datetime, rungs: tuple[int, ...]) -> int | None:
    """Give the rung that has been reached; for what never ends, the month (negative, for it is no day)."""
    if expiry.end_at >= NEVER:
        return -int(f"{now:%Y%m}") if expiry.status in NEVER_ENDING else None
    return rung_due(expiry.end_at, now, rungs) if expiry.status in TOLD_STATUSES else None


def _expiry_item(expiry: Expiry, now: datetime, links: Links) -> Item:
    what = NOUNS.get(expiry.kind, expiry.kind.replace("-", " "))
    name = f" {expiry.credential_name!r}" if expiry.credential_name else ""
    usual = Item(
        state="approaching",
        subject=expiry.application or expiry.client_id,
        text=f"nobody rotates its {what}{name}",
        due_at=expiry.end_at,
        uid=expiry.key_id,
        link=links.application(expiry.registration) if expiry.registration else links.overview,
        action="Enrol" if expiry.kind == "secret" else "Renew",
        identifier=f"key id {expiry.key_id}" if expiry.client_id else "",
    )
    if expiry.end_at >= NEVER:
        text = f"its {what}{name} never ends and cannot be retired yet"
        return replace(usual, state="waiting", text=text, due_at=None, uid="", action="What to do")
    return usual if expiry.end_at > now else replace(usual, state="expired")


async def _waiting(services: Services, configuration: Configuration) -> AsyncIterator[Reminder]:
    """Speak of what waits for a person: hand-offs, approvals, what is Blocked, and what a newer version holds."""
    now, links = services.clock.now(), Links(services.link)
    newer: list[str] = []
    async for line in services.lines.all():
        if not (line.open or line.blocked):
            continue
        try:
            record = await ledger.read(services.tables, line.id.application)
        except NewerVersion:
            newer.append(line.display_name)
            continue
        for matter in matters(record, line, links):
            yield _of_matter(matter, line, configuration, now=now)
    if newer:
        await alarm(services, NewerVersion.reason, text=_of_newer(newer))


def _of_newer(names: Sequence[str]) -> str:
    named = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    return f"a newer version began rotations that this one cannot carry on: {named}. They wait for it to be deployed"


def _of_matter(matter: Matter, line: IndexedLine, configuration: Configuration, *, now: datetime) -> Reminder:
    destination = configuration.destinations.get(matter.destination) if matter.destination else None
    first = destination.audience if destination else None
    rung = rung_due(matter.by, now, configuration.rungs_of(line.policy))
    return Reminder(
        subject=matter.subject,
        rung=WAITING if rung is None else rung,
        end_at=matter.by,
        hears=configuration.hearers(line.policy, application=line.id.application, first=first),
        item=matter.item,
        urgent=timedelta(0) <= matter.by - now <= PRESSING,
        overdue_from=matter.overdue_from,
        patience=None if matter.overdue_from is None else timedelta(0),
    )


def escalations(
    found: Iterable[Reminder], told: Told, configuration: Configuration, *, now: datetime
) -> Iterator[Reminder]:
    """Tell the escalation audience of what nobody took care of for too long, and again each week."""
    whom = configuration.escalate_to or configuration.fallback_audience
    for each in found:
        since = each.overdue_from or told.first_told(each.subject, each.end_at)
        after = configuration.escalate_after if each.patience is None else each.patience
        rung = escalation_due(since, now, after) if since else None
        if rung is None or since is None or (each.snoozes and each.hears == Hearers(team=whom)):
            continue
        before = "its owners" if each.hears.owners_of else (each.hears.team or "nobody")
        text = f"{each.item.text}. Nobody took care of it since {since:%Y-%m-%d}; told before: {before}"
        item = replace(each.item, text=text, uid="")
        yield replace(each, rung=rung, hears=Hearers(team=whom), item=item, snoozes=False)
