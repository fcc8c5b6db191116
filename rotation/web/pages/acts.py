"""
An act has one page: GET shows what it would touch and changes nothing, POST acts and sends the browser on.

What is refused is shown on the same page, with what was typed and the reasons.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rotation.domain.errors import Refused, RotationError
from rotation.web.bodies import BadRequest
from rotation.web.exchange import Handler, Request, Response, see_other
from rotation.web.pages.forms import Field, Given, fresh, refused
from rotation.web.pages.once import pressed_once
from rotation.web.pages.rendering import render
from rotation.web.principal import Role
from rotation.web.routes import Route
from rotation.workflows.services import Services

type Crumb = tuple[str, str]
"""A name, and where it leads; empty: here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """Something that the act would touch, or leave alone."""

    label: str
    items: tuple[str, ...] = ()
    none: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an act would mean, and what it asks."""

    title: str
    says: str
    button: str
    back: str
    crumbs: tuple[Crumb, ...] = ()
    touches: tuple[Touch, ...] = ()
    fields: tuple[Field, ...] = ()
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    """Where there is any, no button is offered."""
    grave: bool = False
    """It cannot be taken back."""


type Previews = Callable[[Services, Request], Awaitable[Preview]]
type Does = Callable[[Services, Request], Awaitable[str]]
"""Acts, and gives where the browser goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act as its two routes."""

    path: str
    needs: Role
    previews: Previews
    does: Does
    by_person: bool = False

    def routes(self) -> tuple[Route, Route]:
        """Give the page, and what takes its form."""
        shown = Route(
            method="GET", path=self.path, handler=shows(self.previews), needs=self.needs, by_person=self.by_person
        )
        taken = Route(
            method="POST",
            path=self.path,
            handler=takes(self.previews, self.does),
            needs=self.needs,
            by_person=self.by_person,
            form=True,
        )
        return shown, taken


def shows(previews: Previews) -> Handler:
    """Make the handler that shows an act and changes nothing."""

    async def show(services: Services, request: Request) -> Response:
        return _page(services, request, await previews(services, request), given=await fresh(services, request))

    return show


def takes(previews: Previews, does: Does) -> Handler:
    """Make the handler that acts; a refusal is told on the page that asked."""

    async def take(services: Services, request: Request) -> Response:
        try:
            return see_other(await does(services, request))
        except (BadRequest, Refused) as error:
            preview, given = await previews(services, request), await refused(services, request, error)
            return _page(services, request, preview, given=given, status=_status(error))

    return pressed_once(take)


def _status(error: RotationError) -> int:
    return 400 if isinstance(error, BadRequest) else 409


def _page(services: Services, request: Request, preview: Preview, *, given: Given, status: int = 200) -> Response:
    return render(services, request, "act.html", status=status, act=preview, given=given, to=request.path)
