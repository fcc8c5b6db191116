"""What must be done by when, for a calendar: what ends and nobody rotates, hand-offs, approvals, what stopped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rotation.domain.errors import NotFound
from rotation.domain.identifiers import AudienceName
from rotation.domain.policy import Configuration
from rotation.ledger.expiries import Expiry
from rotation.workflows.reading import links
from rotation.workflows.reading.expiries import Asked, What, belongs, of_weeks
from rotation.workflows.reading.needs import Need, needs
from rotation.workflows.reading.spans import state_of_end
from rotation.workflows.services import Services

PAST = timedelta(days=30)
"""So long a deadline stays in the calendar after it has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One entry of the calendar. There is no secret in it."""

    uid: str
    """Stays the same for as long as it is about the same thing; messages about it bear the same."""
    by: datetime
    state: str
    subject: str
    text: str
    link: str
    """A path below the dashboard's address."""
    audience: str


async def deadlines(services: Services, audience: AudienceName | None = None) -> Sequence[Deadline]:
    """
    List the deadlines of one audience, or of all, the earliest first; three table queries.

    Raises:
        NotFound: There is no such audience (`no-such-audience`).
    """
    configuration = await services.configurations.current()
    if audience is not None and audience not in configuration.audiences:
        raise NotFound(f"there is no audience {audience}", reason="no-such-audience", audience=audience)
    now = services.clock.now()
    lines = [entry async for entry in services.lines.all()]
    wanted = needs(lines, await services.control.standing(), configuration, now=now)
    ending = [each async for each in of_weeks(services, Asked(first=now - PAST)) if each.end_at >= now - PAST]
    found = [*_of_needs(wanted), *_of_ends(ending, configuration, now)]
    chosen = [each for each in found if audience is None or each.audience == audience]
    return sorted(chosen, key=lambda each: (each.by, each.uid))


def _of_needs(wanted: Sequence[Need]) -> Iterator[Deadline]:
    for need in wanted:
        if need.by is not None:
            yield Deadline(
                uid=need.subject,
                by=need.by,
                state=need.state,
                subject=need.what,
                text=need.why,
                link=need.link,
                audience=need.who or "",
            )


def _of_ends(ending: Sequence[Expiry], configuration: Configuration, now: datetime) -> Iterator[Deadline]:
    for each in ending:
        if not (belongs(each, What.UNMANAGED) or belongs(each, What.CERTIFICATES)):
            continue
        what = each.kind.replace("-", " ")
        named = f" {each.credential_name!r}" if each.credential_name else ""
        yield Deadline(
            uid=each.key_id,
            by=each.end_at,
            state=state_of_end(each.status, each.end_at, now),
            subject=each.application,
            text=f"{what}{named} ends, and nobody rotates it",
            link=links.application(each.registration) if each.registration else links.OVERVIEW,
            audience=each.audience or configuration.fallback_audience or "",
        )
