"""`/applications/{id}`: one application, read live: its credentials, owners, policy, lines, and every step."""

from dataclasses import dataclass

from rotation.web.exchange import Request, Response
from rotation.web.pages.buttons import Button
from rotation.web.pages.rendering import href, render
from rotation.web.pages.words import counted
from rotation.web.principal import Principal, Role
from rotation.workflows.finding import find_application
from rotation.workflows.reading.application import ApplicationPage, LineSummary
from rotation.workflows.reading.application import application as read_application
from rotation.workflows.services import Services

WHOSE = {
    "current": "current",
    "predecessor": "goes once its successor is in use",
    "rotating": "being rotated in",
    "orphan": "an orphan of ours: removed by itself",
    "stray": "a stray: of another deployment, or an older ledger",
    "foreign": "foreign: only watched",
    "monitored": "only watched",
    "ignored": "ignored",
}
"""What a credential is to us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """One line, how it stands, and what may be done to it."""

    summary: LineSummary
    buttons: tuple[Button, ...]


async def show(services: Services, request: Request) -> Response:
    """Show one application."""
    seen = await read_application(services, await find_application(services, request.route["id"]))
    who = request.principal
    may_enrol = who.may(Role.ADMINISTRATOR) and who.kind == "person" and not seen.gone
    return render(
        services,
        request,
        "application.html",
        seen=seen,
        headline=_headline(seen),
        whose=WHOSE,
        lines=[ShownLine(summary=line, buttons=tuple(_buttons(seen, line, who))) for line in seen.lines],
        enrol=[(name, href("applications", seen.object_id, "enrol", line=name)) for name in seen.may_enrol]
        if may_enrol
        else [],
    )


def _headline(seen: ApplicationPage) -> str:
    if seen.gone:
        return "Gone from the directory; this is what the ledger knows of it."
    listed = sum(1 for credential in seen.credentials if credential.listed)
    lines = counted(len(seen.lines), "enrolled line") if seen.lines else "only watched"
    return f"{counted(listed, 'client secret')}, {lines}{', disabled in the directory' if seen.disabled else ''}"


def _buttons(seen: ApplicationPage, line: LineSummary, who: Principal) -> list[Button]:
    here = ("applications", seen.object_id, "lines", line.detail.line)
    found = []
    if who.may(Role.OPERATOR) and not seen.gone:
        found.append(Button(text="Rotate", link=href(*here, "rotate")))
    if who.may(Role.ADMINISTRATOR) and who.kind == "person":
        found.append(Button(text="Compromised", link=href(*here, "compromise")))
        found.append(Button(text="Release", link=href(*here, "release")))
    return found
