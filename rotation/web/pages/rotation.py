"""`/rotations/{id}`: one rotation, its phases, its deliveries, the evidence for its old secrets, every step."""

from collections.abc import Mapping

from rotation.web.exchange import Request, Response
from rotation.web.pages.buttons import Button
from rotation.web.pages.rendering import href, render
from rotation.web.principal import Principal, Role
from rotation.workflows.finding import find_rotation
from rotation.workflows.reading.rotation import RotationPage
from rotation.workflows.reading.rotation import rotation as read_rotation
from rotation.workflows.services import Services

CALLS: Mapping[str, str] = {
    "planned": "Written down, then a place in the vault is reserved, before anything is minted.",
    "minting": "addPassword on the application, through Microsoft Graph.",
    "staged": "The new secret is kept in the vault at once, where no consumer looks.",
    "proven": "It signs in several times in a row, each time by a fresh connection.",
    "published": "It becomes the newest version of the vault secret that consumers read.",
    "delivering": "It goes to every destination, and is looked for there.",
    "overlapping": "Both secrets work; the old one waits for evidence.",
    "retiring": "removePassword for an old secret that may go, then two looks that it is gone.",
}
"""What each act does, and by which call; by the phase in which it is the next one."""
PLACE_STATES = {
    "verified": "done",
    "acknowledged": "overlapping",
    "awaiting-person": "waiting",
    "awaiting-approval": "waiting",
    "blocked": "blocked",
    "cancelled": "ended",
}
WAITING = frozenset({"awaiting-person", "awaiting-approval"})
BUTTONS = {
    "approve": "Approve",
    "retry": "Try again",
    "retire": "Remove the old secret now",
    "abandon": "Give up",
}
FIRST = frozenset({"approve", "retry"})
STANDINGS = {"there": "there", "missing": "missing", "cannot-be-had": "cannot be had", "asked-last": "asked last"}


async def show(services: Services, request: Request) -> Response:
    """Show one rotation."""
    page = await read_rotation(services, await find_rotation(services, request.route["id"]))
    return render(
        services,
        request,
        "rotation.html",
        page=page,
        seen=page.view,
        state=state_of(page),
        headline=_headline(page),
        calls=CALLS,
        standings=STANDINGS,
        places=[(each, PLACE_STATES.get(each.phase, "under-way")) for each in page.view.deliveries],
        buttons=_buttons(page, request.principal),
    )


def state_of(page: RotationPage) -> str:
    """Give the word of ux.md for a rotation."""
    seen = page.view
    if not seen.open:
        return "done" if seen.phase == "completed" else "ended"
    if seen.phase == "blocked" or any(each.phase == "blocked" for each in seen.deliveries):
        return "blocked"
    if "approve" in page.acts or any(each.phase in WAITING for each in seen.deliveries):
        return "waiting"
    return "overlapping" if seen.phase in {"overlapping", "retiring"} else "under-way"


def _headline(page: RotationPage) -> str:
    """Say how it stands, and which of its destinations wait for somebody."""
    seen = page.view
    stopped = [each.destination for each in seen.deliveries if each.phase == "blocked"]
    if seen.open and seen.phase != "blocked" and stopped:
        return f"stopped at {', '.join(stopped)}; the others go on"
    waiting = [each.destination for each in seen.deliveries if each.phase in WAITING]
    if seen.open and seen.phase == "delivering" and waiting:
        return f"waits for a person: {', '.join(waiting)}"
    if seen.phase == "completed":
        return "rotated; each old secret is removed or left to lapse"
    return seen.says


def _buttons(page: RotationPage, who: Principal) -> list[Button]:
    """Offer the acts that may be asked for now, to whom they may be offered."""
    acts = list(page.acts)
    if any(each.phase == "awaiting-approval" for each in page.view.deliveries) and "approve" not in acts:
        acts.insert(0, "approve")
    if not who.may(Role.OPERATOR):
        return []
    return [
        Button(text=BUTTONS[act], link=href("rotations", page.view.id, act), first=act in FIRST)
        for act in acts
        if act != "approve" or who.kind == "person"
    ]
