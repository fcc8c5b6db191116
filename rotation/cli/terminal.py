"""What every command shares: services, who asks, screens or JSON, and errors."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from rotation import settings
from rotation.cli import complaints, who
from rotation.domain.errors import RotationError
from rotation.workflows.facts import facts
from rotation.workflows.services import Services

READABLE = 100
"""Running text is no wider than this, however wide the terminal; tables take what they need."""
UNFOLDED = 1000
"""Where nobody reads but a program, a row is one line."""
WHERE = "terminal"
"""Where something was said, for the audit trail."""

# Plain assignments: typer does not look into `type` statements.
AsJson = Annotated[bool, typer.Option("--json", help="The same facts as JSON, and nothing else; it asks nothing.")]
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
    """
    Give the console for screens; made anew because tests swap standard output.

    As wide as the terminal. In a pipe, where COLUMNS does not say how wide it is, nothing is folded: what follows
    reads lines.
    """
    found = Console(highlight=False)
    return found if found.is_terminal or "COLUMNS" in os.environ else Console(highlight=False, width=UNFOLDED)


def errors() -> Console:
    """Give the console for complaints."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def tell(value: object, *screens: RenderableType, as_json: bool) -> None:
    """Show *value*: as JSON, or as *screens*."""
    if as_json:
        write_json(facts(value))
        return
    shown = console()
    readable = shown.width if shown.width == UNFOLDED else min(shown.width, READABLE)
    for screen in screens:
        copied = isinstance(screen, Text) and screen.no_wrap
        shown.print(screen, width=readable if isinstance(screen, Text | Padding) else None, soft_wrap=copied)


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
    """Ask before something is done, beside standard output; a no ends the command."""
    if not yes and not typer.confirm(question, err=True):
        raise typer.Exit(complaints.Exit.FINDINGS)


def why(given: str, *, ask: bool) -> str:
    """Give the reason for the audit trail: said already, or asked for; wrong use without."""
    if said := given.strip() or (typer.prompt("Why?", err=True).strip() if ask else ""):
        return said
    raise typer.BadParameter("say why, for the audit trail", param_hint="--reason")
