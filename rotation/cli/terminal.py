"""What every command shares: services, who asks, screens or JSON, and errors."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType

from rotation import settings
from rotation.cli import complaints, who
from rotation.domain.errors import RotationError
from rotation.workflows.facts import facts
from rotation.workflows.services import Services

WIDTH = 80
WHERE = "terminal"
"""Where something was said, for the audit trail."""

# Plain assignments: typer does not look into `type` statements.
AsJson = Annotated[bool, typer.Option("--json", help="The same facts as JSON, and nothing else.")]
AsPerson = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Who you are, where the Azure CLI is not signed in.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
LineOption = Annotated[str, typer.Option("--line", metavar="NAME", help="The line of the application.")]
ApplicationArgument = Annotated[
    str, typer.Argument(metavar="APPLICATION", help="Object id, client id, or exact display name.")
]


@asynccontextmanager
async def _open_services() -> AsyncIterator[Services]:
    from rotation.bootstrap import Composition  # noqa: PLC0415  # help must not wait for the SDKs

    async with Composition(settings.read(hosted=False), hosted=False) as composition:
        yield composition.services


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """The outside of a command; tests hand in another one."""

    services: Callable[[], AbstractAsyncContextManager[Services]] = _open_services
    signed_in: Callable[[], Awaitable[str | None]] = who.signed_in

    def run[Result](self, act: Callable[[Services], Awaitable[Result]], *, as_json: bool) -> Result:
        """Run *act* with open services; an error is told and ends the process with its code."""
        return self.run_alone(lambda: self._with_services(act), as_json=as_json)

    def run_alone[Result](self, act: Callable[[], Awaitable[Result]], *, as_json: bool) -> Result:
        """Run *act*, which needs no services."""

        async def go() -> Result:
            return await act()

        try:
            return asyncio.run(go())
        except RotationError as error:
            complain(error, as_json=as_json)
            raise typer.Exit(complaints.exit_code(error)) from None

    async def _with_services[Result](self, act: Callable[[Services], Awaitable[Result]]) -> Result:
        async with self.services() as services:
            return await act(services)

    async def who(self, given: str) -> str:
        """Name whoever asks; Refused where nobody can be named."""
        person = await self.signed_in()
        if person and given and given != person:
            errors().print(f"The Azure CLI is signed in as {person}: that is recorded, not --as.", style="dim")
        return who.name_of(person, given)


def terminal(ctx: typer.Context) -> Terminal:
    """Give the terminal of this run."""
    return ctx.obj if isinstance(ctx.obj, Terminal) else Terminal()


def console() -> Console:
    """Give the console for screens, at most 80 columns; made anew because tests swap standard output."""
    found = Console(highlight=False)
    return found if found.width <= WIDTH else Console(highlight=False, width=WIDTH)


def errors() -> Console:
    """Give the console for complaints."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def tell(value: object, *screens: RenderableType, as_json: bool) -> None:
    """Show *value*: as JSON, or as *screens*."""
    if as_json:
        write_json(facts(value))
        return
    shown = console()
    for screen in screens:
        shown.print(screen)


def write_json(value: Any) -> None:
    """Write JSON to standard output, raw: no console may wrap or colour it."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def complain(error: RotationError, *, as_json: bool) -> None:
    """Tell an error: three lines on standard error, or JSON."""
    if as_json:
        write_json(complaints.document(error))
        return
    shown = errors()
    what, *rest = complaints.lines(error)
    shown.print(what, style="bold red", markup=False)
    for line in rest:
        shown.print(line, markup=False)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is done; a no ends the command."""
    if not yes and not typer.confirm(question):
        raise typer.Exit(complaints.Exit.REFUSED)
