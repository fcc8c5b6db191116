"""Commands about one rotation: rotate, approve, acknowledge, retry, abandon."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Literal

import typer
from rich.text import Text

from rotation.cli import journeys, words
from rotation.cli.complaints import Exit
from rotation.cli.enrolling import key_ids, line_name
from rotation.cli.terminal import (
    WHERE,
    ApplicationArgument,
    AsJson,
    AsPerson,
    LineOption,
    Terminal,
    Yes,
    confirm,
    tell,
    terminal,
    why,
)
from rotation.domain.delivery import AwaitingPerson, HandOff
from rotation.domain.errors import Refused
from rotation.domain.identifiers import DestinationName, KeyId, LineId, RotationId
from rotation.domain.line import Reason
from rotation.ledger import application as ledger
from rotation.workflows import operating, previewing, showing
from rotation.workflows.enrolled import must_be_enrolled
from rotation.workflows.finding import find_application, find_rotation
from rotation.workflows.opening import Ask, NotOpened, Opened, open_rotation
from rotation.workflows.resuming import retry_reason
from rotation.workflows.services import Services
from rotation.workflows.views import ApplicationView

RotationArgument = Annotated[str, typer.Argument(metavar="ROTATION", help="Its id, or the ULID at the end of it.")]


def rotate(
    ctx: typer.Context,
    application: ApplicationArgument,
    *,
    line: LineOption = previewing.DEFAULT_LINE,
    reason: Annotated[Literal["requested", "compromised"], typer.Option("--reason")] = "requested",
    burnt: Annotated[
        list[str] | None, typer.Option("--burnt", metavar="KEYID", help="Known to somebody else; repeat it.")
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="Remove burnt key ids before anything is delivered: destinations go dark.")
    ] = False,
    succeed: Annotated[bool, typer.Option("--succeed", help="Take over from an open rotation that published.")] = False,
    ticket: Annotated[str, typer.Option("--ticket", help="Free text for the audit trail.")] = "",
    as_person: AsPerson = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Rotate an enrolled line now, outside ramp and window."""
    here = terminal(ctx)
    compromised = reason == "compromised"
    _agree(compromised=compromised, burnt=burnt or (), now=now)
    if compromised and not (yes or as_json):
        _declare(here, application, line, burnt=burnt or (), now=now)

    async def act(services: Services) -> Opened:
        if compromised and as_json and not yes:
            raise Refused(
                "a declared compromise removes secrets that may be in use; say yes to that",
                reason="not-confirmed",
                remedy="add --yes; without --json it shows what it hits and asks",
            )
        by = await here.who(as_person)
        found = await find_application(services, application)
        ask = Ask(
            by=by,
            reason=Reason.COMPROMISED if compromised else Reason.REQUESTED,
            burnt=key_ids(burnt or ()),
            remove_first=now,
            succeed=succeed,
            ticket=ticket,
        )
        line_id = LineId(found.object_id, line_name(line))
        await must_be_enrolled(services, found, line_id)
        answer = await open_rotation(services, line_id, ask)
        if isinstance(answer, NotOpened):
            raise Refused(answer.why, reason=answer.blocked or "not-opened", remedy="rotation status")
        return answer

    done = here.run(act, as_json=as_json)
    told = "joined the open rotation" if done.joined else "opened"
    following = Text(f"Follow it: rotation show {done.rotation.ulid}")
    tell(
        {"rotation": str(done.rotation), "joined": done.joined},
        Text(f"▸ {told} {done.rotation}", style="cyan"),
        following,
        as_json=as_json,
    )


def _declare(here: Terminal, application: str, line: str, *, burnt: Sequence[str], now: bool) -> None:
    """Show whom a declared compromise hits, and what somebody else may have added, and ask."""

    async def act(services: Services) -> tuple[ApplicationView, Sequence[KeyId], datetime]:
        ids = key_ids(burnt)
        found = await find_application(services, application)
        return await showing.application(services, found), ids, services.clock.now()

    seen, ids, at = here.run(act, as_json=False)
    tell(seen, *journeys.compromise(seen, at, line=line, burnt=ids), as_json=False)
    first = "Burnt secrets are removed FIRST: whatever still uses them stops working. " if now else ""
    confirm(f"{first}Declare it and rotate line {line}?", yes=False)


def _agree(*, compromised: bool, burnt: Sequence[str], now: bool) -> None:
    if compromised and not burnt:
        raise typer.BadParameter("name each key id that is burnt", param_hint="--burnt")
    if not compromised and (burnt or now):
        raise typer.BadParameter("only with --reason compromised", param_hint="--burnt, --now")


def _do(
    ctx: typer.Context,
    as_person: str,
    act: Callable[[Services, str], Awaitable[None]],
    *,
    said: str,
    rotation: str,
    as_json: bool,
) -> None:
    """Run a write on one rotation, in somebody's name, and say that it is done."""
    here = terminal(ctx)

    async def go(services: Services) -> str:
        by = await here.who(as_person)
        await act(services, by)
        return by

    by = here.run(go, as_json=as_json)
    told = {"done": said, "rotation": rotation, "by": by}
    tell(
        told,
        Text(f"✓ {said}, by {by}", style="green"),
        Text(f"Follow it: rotation show {rotation.rpartition('.')[2]}"),
        as_json=as_json,
    )


def approve(
    ctx: typer.Context,
    rotation: RotationArgument,
    *,
    ticket: Annotated[str, typer.Option("--ticket", help="Free text for the audit trail.")] = "",
    as_person: AsPerson = "",
    as_json: AsJson = False,
) -> None:
    """Say yes to what waits for a second person. Whoever asked for it cannot."""

    async def act(services: Services, by: str) -> None:
        await operating.approve(services, await find_rotation(services, rotation), by=by, ticket=ticket)

    _do(ctx, as_person, act, said="approved", rotation=rotation, as_json=as_json)


def acknowledge(
    ctx: typer.Context,
    rotation: RotationArgument,
    destination: Annotated[str, typer.Argument(help="The destination whose form was filled in.")],
    *,
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", metavar="QUESTION=ANSWER", help="Answer one; repeat it. Else you are asked."),
    ] = None,
    typed_end: Annotated[
        str, typer.Option("--typed-end", metavar="DATE", help="The expiry date that you typed into the form.")
    ] = "",
    as_person: AsPerson = "",
    as_json: AsJson = False,
) -> None:
    """Say that a hand-off is done. It is no evidence: the old secret stays until usage shows the switch."""
    given = _answers(answer or ())

    async def act(services: Services, by: str) -> None:
        named, to = await find_rotation(services, rotation), DestinationName(destination)
        answers = given | _asked(await _form(services, named, to), given, as_json=as_json)
        await operating.acknowledge(services, named, to, by=by, answers=answers, typed_end=typed_end)

    _do(ctx, as_person, act, said=f"acknowledged {destination}", rotation=rotation, as_json=as_json)


def _answers(texts: Sequence[str]) -> dict[str, str]:
    answers = {}
    for text in texts:
        question, mark, said = text.rpartition("=")
        if not mark or not said.strip():
            raise typer.BadParameter(f"{text!r} is not QUESTION=ANSWER", param_hint="--answer")
        answers[question.strip()] = said.strip()
    return answers


def _asked(form: HandOff | None, given: dict[str, str], *, as_json: bool) -> dict[str, str]:
    """Ask what is not answered yet, where somebody is there to answer."""
    if form is None or as_json or not sys.stdin.isatty():
        return {}
    said = {text: "yes" if typer.confirm(text, err=True) else "no" for text in form.questions if text not in given}
    return said | {text: typer.prompt(text, err=True) for text in form.records if text not in given}


async def _form(services: Services, rotation: RotationId, to: DestinationName) -> HandOff | None:
    record = await ledger.read(services.tables, rotation.application)
    record.rotation(rotation)
    stored = record.deliveries.get((rotation.ulid, to))
    phase = stored.delivery.phase if stored else None
    return phase.hand_off if isinstance(phase, AwaitingPerson) else None


def retry(
    ctx: typer.Context,
    *,
    rotation: Annotated[str, typer.Argument(metavar="[ROTATION]", help="Its id, or the ULID at the end of it.")] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="SLUG", help="All that stopped for this reason.")] = "",
    as_person: AsPerson = "",
    as_json: AsJson = False,
) -> None:
    """Let what is blocked go on, once its cause is gone."""
    if bool(rotation) == bool(reason):
        raise typer.BadParameter("give a rotation or --reason, one of them")
    if rotation:
        _do(ctx, as_person, _retry_one(rotation), said="goes on", rotation=rotation, as_json=as_json)
        return
    here = terminal(ctx)

    async def act(services: Services) -> int:
        return await retry_reason(services, reason, by=await here.who(as_person), where=WHERE)

    count = here.run(act, as_json=as_json)
    said = f"On it: {words.counted(count, 'rotation')}." if count else f"Nothing is stopped for {reason}."
    tell({"retried": count, "reason": reason}, Text(said), as_json=as_json)
    if count == 0:
        raise typer.Exit(Exit.FINDINGS)


def _retry_one(rotation: str) -> Callable[[Services, str], Awaitable[None]]:
    async def act(services: Services, by: str) -> None:
        await operating.retry(services, await find_rotation(services, rotation), by=by, where=WHERE)

    return act


def abandon(
    ctx: typer.Context,
    rotation: RotationArgument,
    *,
    reason: Annotated[str, typer.Option("--reason", help="For the audit trail; without it you are asked.")] = "",
    as_person: AsPerson = "",
    as_json: AsJson = False,
) -> None:
    """Give up a rotation that has published nothing; what it minted is removed."""
    said = why(reason, ask=not as_json)

    async def act(services: Services, by: str) -> None:
        await operating.abandon(services, await find_rotation(services, rotation), by=by, why=said, where=WHERE)

    _do(ctx, as_person, act, said="abandoned", rotation=rotation, as_json=as_json)
