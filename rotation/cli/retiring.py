"""The command that retires an old secret at once, after showing what nobody can prove."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from rotation.cli import words
from rotation.cli.enrolling import key_ids
from rotation.cli.rotating import RotationArgument
from rotation.cli.terminal import WHERE, AsJson, AsPerson, Terminal, Yes, confirm, tell, terminal, why
from rotation.domain.errors import Refused
from rotation.domain.identifiers import KeyId, RotationId
from rotation.workflows import retire_now
from rotation.workflows.finding import find_rotation
from rotation.workflows.retire_now import RetirePreview
from rotation.workflows.services import Services


def retire(
    ctx: typer.Context,
    rotation: RotationArgument,
    *,
    key_id: Annotated[
        list[str] | None, typer.Option("--key-id", metavar="ID", help="Which; repeat it. Default: the only one.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="For the audit trail.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what evidence is missing.")] = False,
    as_person: AsPerson = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Let an old secret go at once, without waiting for evidence. The new one must still sign in."""
    here, chosen = terminal(ctx), tuple(key_id or ())
    if preview or not yes:
        _show(here, rotation, chosen, as_json=as_json, only=preview)
        if preview:
            return
    said = why(reason, ask=not (as_json or yes))
    confirm("Remove it now?", yes=yes)

    async def act(services: Services) -> tuple[RotationId, tuple[KeyId, ...], str]:
        by = await here.who(as_person)
        found = await find_rotation(services, rotation)
        return found, await retire_now.retire(services, found, key_ids(chosen), by=by, why=said, where=WHERE), by

    found, going, by = here.run(act, as_json=as_json)
    told = {"rotation": str(found), "key_ids": going, "by": by}
    shown = Text(f"▸ {', '.join(going)} goes as soon as the new secret has signed in, by {by}", style="cyan")
    tell(told, shown, Text(f"Follow it: rotation show {found.ulid}"), as_json=as_json)


def _show(here: Terminal, rotation: str, chosen: Sequence[str], *, as_json: bool, only: bool) -> None:
    async def act(services: Services) -> tuple[RetirePreview, datetime]:
        seen = await retire_now.preview(services, await find_rotation(services, rotation), key_ids(chosen))
        if as_json and not only:
            raise Refused(
                "an old secret that goes without evidence may be in use; say yes to what is missing",
                reason="not-confirmed",
                remedy="add --yes and --reason; --preview shows what is missing",
                rotation=str(seen.rotation),
            )
        return seen, services.clock.now()

    seen, now = here.run(act, as_json=as_json)
    tell(seen, *_screen(seen, now), as_json=as_json)


def _screen(seen: RetirePreview, now: datetime) -> Iterator[RenderableType]:
    yield words.name(seen.name).append_text(Text(f" / {seen.line}", style="dim"))
    yield Text(f"The new secret is {seen.successor}.", style="dim")
    for key in seen.keys:
        used = f", last used {words.instant(key.last_used_at)}" if key.last_used_at else ", never seen in use"
        yield Text(f"\n{key.key_id}\nends {words.day(key.ends_at, now)}{used}", style="bold")
        for point in key.there:
            yield words.name(f"  ✓ {point}", 300)
        for point in key.missing:
            yield words.name(f"  ⧗ {point}", 300)
    if seen.brake:
        yield Text(f"\n■ It would be refused now: {seen.brake}", style="bold yellow")
