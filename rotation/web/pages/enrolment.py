"""`/applications/{id}/enrol`: what enrolling a line would mean, and the yes."""

from dataclasses import dataclass
from datetime import datetime

from rotation.domain.credential import Credential
from rotation.domain.errors import Misread, Refused
from rotation.domain.identifiers import NAME, KeyId, LineName, ObjectId
from rotation.domain.use import Use
from rotation.ledger import application as ledger
from rotation.web.bodies import Body
from rotation.web.exchange import Request, Response, see_other
from rotation.web.forms import read_form
from rotation.web.pages.forms import Given, KeyIdText, fresh, read_query, refused
from rotation.web.pages.rendering import href, render
from rotation.workflows import enrolling
from rotation.workflows.finding import find_application
from rotation.workflows.previewing import DEFAULT_LINE, Wish, preview
from rotation.workflows.reading.enrolment import EnrolmentOutlook, KeyOutlook, outlook
from rotation.workflows.reading.uses import LastUse
from rotation.workflows.services import Services


class EnrolForm(Body):
    """What the form of an enrolment sends."""

    line: str = DEFAULT_LINE
    key_ids: tuple[KeyIdText, ...] = ()
    adopt: bool = False
    tier_zero: bool = False
    unrehearsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A secret that may be handed over."""

    secret: Credential
    handed: bool
    """As it is chosen now."""
    used_at: datetime | None
    """None: no use of it is known."""
    used_for: str
    fate: str
    """What would become of it; empty: it stays foreign."""


async def show(services: Services, request: Request) -> Response:
    """Show what it would mean; what was chosen stands in the address, so that nothing is lost by a reload."""
    asked = read_query(EnrolForm, request)
    found = await find_application(services, request.route["id"])
    return await _page(services, request, _wish(found.object_id, asked, request), given=await fresh(services, request))


async def enrol(services: Services, request: Request) -> Response:
    """Record the yes."""
    found = await find_application(services, request.route["id"])
    asked = read_form(EnrolForm, request)
    wish = _wish(found.object_id, asked, request, chosen=True)
    try:
        line = await enrolling.enrol(services, wish)
    except Refused as error:
        return await _page(services, request, wish, given=await refused(services, request, error), status=409)
    return see_other(f"{href('applications', found.object_id, said='enrolled')}#line-{line.id.name}")


def _wish(application: ObjectId, asked: EnrolForm, request: Request, *, chosen: bool = False) -> Wish:
    if not NAME.fullmatch(asked.line):
        raise Misread("line", asked.line, "lower-case letters, digits and dashes, at most 40")
    return Wish(
        application=application,
        line=LineName(asked.line),
        by=request.by,
        where=request.where,
        key_ids=tuple(KeyId(each) for each in asked.key_ids) if chosen else None,
        adopt=asked.adopt,
        tier_zero=asked.tier_zero,
        unrehearsed=asked.unrehearsed,
    )


async def _page(services: Services, request: Request, wish: Wish, *, given: Given, status: int = 200) -> Response:
    seen = await preview(services, wish)
    record = await ledger.read(services.tables, wish.application)
    ahead = await outlook(services, seen)
    places = {view.name: view for view in ahead.destinations}
    return render(
        services,
        request,
        "enrolment.html",
        status=status,
        seen=seen,
        wish=wish,
        given=given,
        ahead=ahead,
        not_rehearsed=wish.unrehearsed or any("rehearsed" in refusal for refusal in seen.refusals),
        secrets=_secrets(ahead, record.uses),
        places=[(each.name, places.get(each.name)) for each in seen.enrolment.destinations],
        lines=sorted({entry.name for entry in seen.policy.lines if entry.only_for in {None, wish.application}}),
    )


def _secrets(ahead: EnrolmentOutlook, uses: dict[KeyId, Use]) -> list[Offered]:
    fates = {each.key_id: each for each in ahead.keys}
    every = [*ahead.preview.handed_over, *ahead.preview.foreign]
    return [
        _offered(secret, fates.get(secret.key_id), live=ahead.usage.by_key.get(secret.key_id), kept=uses)
        for secret in sorted(every, key=lambda secret: (secret.end_at, secret.key_id))
    ]


def _offered(secret: Credential, ahead: KeyOutlook | None, *, live: LastUse | None, kept: dict[KeyId, Use]) -> Offered:
    """Tell the later of what the sources show now and what the nights have noted: a source forgets."""
    noted = use.last_used_at if (use := kept.get(secret.key_id)) else None
    seen = [at for at in (live.at if live else None, noted) if at is not None]
    return Offered(
        secret=secret,
        handed=ahead is not None,
        used_at=max(seen, default=None),
        used_for=live.origin if live else "",
        fate=ahead.fate if ahead else "",
    )
