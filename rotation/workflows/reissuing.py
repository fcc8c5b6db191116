"""
A vault was lost, or leaked: every line that publishes into it is rotated again, each once.

Lost: each line gets a word that makes it due, in the vault that the configuration names today; nights open them within
every brake. Leaked: each is declared compromised, with the key ids whose text lay in that vault. Said again it goes on.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime

from rotation.domain.errors import NotFound, Refused, RotationError
from rotation.domain.identifiers import DestinationName, KeyId, LineId, RotationId
from rotation.domain.line import Line, Reason
from rotation.domain.policy import Configuration
from rotation.domain.reissue import Incident, Reissue
from rotation.ledger import application as ledger
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.lines import index
from rotation.ports.tables import Change
from rotation.workflows import tags
from rotation.workflows.enrolling import claim, unclaim
from rotation.workflows.opening import Ask, NotOpened, open_rotation
from rotation.workflows.rotate import take_application
from rotation.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which vault, and what happened to it."""

    vault: str
    """Its name, or its address."""
    by: str
    why: str = ""
    compromised: bool = False
    again: bool = False
    """Another incident than the one that is known: what was minted since is minted again, too."""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """One line that publishes into the vault, and what would happen to it."""

    line: LineId
    name: str
    vault_url: str
    moves_to: str
    """The vault in which its next secret is kept; empty: the same."""
    burnt: tuple[KeyId, ...]
    """Key ids whose text lay in the vault."""
    destinations: tuple[DestinationName, ...]
    done: bool
    """Its current secret was minted since, or none of its texts ever lay there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReissuePreview:
    """What it would touch."""

    incident: Incident | None
    """The one that goes on; None: this is a new one."""
    lines: tuple[Touched, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reissued:
    """What was begun."""

    incident: Incident
    ordered: tuple[LineId, ...]
    """Nights rotate them, within the brakes."""
    opened: tuple[RotationId, ...]
    """Of a compromise: these go on at once."""
    done: tuple[LineId, ...]
    later: tuple[str, ...]
    """Lines that could not be begun now, and why: run it again."""


async def preview(services: Services, wish: Wish) -> ReissuePreview:
    """
    Tell what it would touch; writes nothing.

    Raises:
        NotFound: No line publishes into a vault of that name (`no-such-vault`).
    """
    incident = None if wish.again else await _known(services, wish)
    configuration = await services.configurations.current()
    found = [each async for each in _lines(services, wish, incident)]
    at = incident.at if incident else services.clock.now()
    lines = [
        _touched(services, configuration, record, line=line, order=_order_of(record, line, incident), at=at)
        for record, line in found
    ]
    return ReissuePreview(incident=incident, lines=tuple(sorted(lines, key=lambda each: (each.name, each.line))))


async def reissue(services: Services, wish: Wish) -> Reissued:
    """
    Begin, or go on with what was begun.

    Raises:
        NotFound: As `preview`.
    """
    seen = await preview(services, wish)
    incident = await _begin(services, wish, seen)
    ordered: list[LineId] = []
    opened: list[RotationId] = []
    later: list[str] = []
    for each in seen.lines:
        try:
            line = await _order(services, each, incident, wish=wish)
            if line is None or each.done:
                continue
            if incident.compromised:
                opened.append(await _declare(services, each, incident, wish=wish))
            else:
                ordered.append(each.line)
        except RotationError as error:
            later.append(f"{each.name}/{each.line.name}: {error.message}")
    done = tuple(each.line for each in seen.lines if each.done)
    return Reissued(incident=incident, ordered=tuple(ordered), opened=tuple(opened), done=done, later=tuple(later))


def address(vault: str) -> str:
    """Give a vault's address without scheme: what two spellings have in common."""
    return vault.rsplit("//", maxsplit=1)[-1].rstrip("/").lower()


def _is(vault_url: str, wanted: str) -> bool:
    return address(wanted) in {address(vault_url), address(vault_url).split(".")[0]}


async def _known(services: Services, wish: Wish) -> Incident | None:
    return await services.control.incident(address(wish.vault).split(".")[0]).read()


async def _begin(services: Services, wish: Wish, seen: ReissuePreview) -> Incident:
    """Write down what happened, once; that it was a leak too may turn out later."""
    fresh = Incident(at=services.clock.now(), by=wish.by, why=wish.why, compromised=wish.compromised)

    def decide(before: Incident | None) -> Incident:
        if before is None or seen.incident is None:
            return fresh
        return replace(before, compromised=before.compromised or wish.compromised)

    incident = await services.control.incident(address(wish.vault).split(".")[0]).change(decide)
    assert incident is not None, "decide gives one"
    facts = {"by": wish.by, "vault": wish.vault, "why": wish.why, "compromised": incident.compromised}
    facts |= {"where": wish.where} if wish.where else {}
    await services.control.audit(services.clock.now(), services.ulids.make(), "reissue", **facts)
    return incident


def _order_of(record: ApplicationRecord, line: Line, incident: Incident | None) -> Reissue | None:
    """Give the word that this very incident gave the line."""
    order = record.reissues.get(line.id.name)
    return order if order is not None and incident is not None and order.at == incident.at else None


async def _lines(
    services: Services, wish: Wish, incident: Incident | None
) -> AsyncIterator[tuple[ApplicationRecord, Line]]:
    """Find lines that publish into the vault, and those that this incident has moved away; there, all may be gone."""
    found, known = False, set[str]()
    for entry in [entry async for entry in services.lines.all()]:
        record = await ledger.read(services.tables, entry.id.application)
        line = record.lines.get(entry.id.name)
        if line is None:
            continue
        moved = _order_of(record, line, incident)
        homes = [line.enrolment.vault_url, *([moved.vault_url] if moved else [])]
        known.add(address(line.enrolment.vault_url))
        if any(_is(home, wish.vault) for home in homes):
            found = True
            yield record, line
    if not found and incident is None:
        told = ", ".join(sorted(known)) or "none, for nothing is enrolled"
        why = f"no enrolled line publishes into a vault called {wish.vault}; these are: {told}"
        raise NotFound(why, reason="no-such-vault", vault=wish.vault)


def _touched(
    services: Services,
    configuration: Configuration,
    record: ApplicationRecord,
    *,
    line: Line,
    order: Reissue | None,
    at: datetime,
) -> Touched:
    vault_url = order.vault_url if order else line.enrolment.vault_url
    policy = configuration.policy(line.enrolment.policy)
    rotation, burnt = record.rotations.get(line.open or ""), _burnt(record, line, at)
    asked = rotation is not None and rotation.open and rotation.opened_at < at and rotation.mint_asked
    entry = policy.entry(line.id.name, line.id.application) if policy else None
    home = (policy.vault if policy else "") or services.vault_url
    there = line.enrolment.adopted_version is not None or bool(burnt) or asked
    return Touched(
        line=line.id,
        name=line.display_name,
        vault_url=vault_url,
        moves_to=home.rstrip("/") if address(home) != address(line.enrolment.vault_url) else "",
        burnt=burnt,
        destinations=entry.destinations if entry else (),
        done=not there or (line.minted_at is not None and line.minted_at >= at),
    )


def _burnt(record: ApplicationRecord, line: Line, at: datetime) -> tuple[KeyId, ...]:
    """
    Name the key ids whose text lay in the vault: what we minted, staged or published.

    A secret that was handed over never lay there, save where the vault's own was adopted: nobody knows which that was.
    """
    held = [key.key_id for key in line.keys if key.minted_by or line.enrolment.adopted_version]
    rotation = record.rotations.get(line.open or "")
    minted = rotation.minted if rotation is not None and rotation.open else None
    if minted is not None and minted.minted_at < at and minted.key_id not in held:
        held.append(minted.key_id)
    return tuple(held)


async def _order(services: Services, touched: Touched, incident: Incident, *, wish: Wish) -> Line | None:
    """Give the line its word and its vault of today; None where it was released meanwhile."""
    line_id = touched.line
    fence = await take_application(services, RotationId(line_id.application, services.ulids.make()))
    try:
        record = await ledger.read(services.tables, line_id.application)
        line = record.lines.get(line_id.name)
        if line is None:
            return None
        home = await _moved(services, line, touched)
        before = record.reissues.get(line_id.name)
        order = before if touched.done else Reissue(at=incident.at, by=incident.by, vault_url=touched.vault_url)
        rows: list[Change] = [ledger.put_line(home)]
        if order is not None:
            record.reissues[line_id.name] = order
            rows.append(ledger.put_reissue(line_id.name, order))
        if home != line or before != order:
            now = services.clock.now()
            await fence.commit([*rows, _event(services, touched, wish, now=now)], now=now)
        record.lines[line_id.name] = home
        await services.lines.refresh(index(home, record, record.rotations.get(home.latest or "")))
    finally:
        await fence.release(services.clock.now())
    if address(touched.vault_url) != address(home.enrolment.vault_url):
        await unclaim(services, replace(home, enrolment=replace(home.enrolment, vault_url=touched.vault_url)))
    return home


def _event(services: Services, touched: Touched, wish: Wish, *, now: datetime) -> Change:
    facts = {
        "line": touched.line.name,
        "by": wish.by,
        "where": wish.where or None,
        "vault": touched.vault_url,
        "moved_to": touched.moves_to or None,
    }
    return ledger.put_event(now, services.ulids.make(), what="reissue.ordered", facts=facts)


async def _moved(services: Services, line: Line, touched: Touched) -> Line:
    """
    Let the line live in the vault that the configuration names today, under its own name.

    Raises:
        Refused: Somebody else's secret bears that name there.
    """
    if not touched.moves_to:
        return line
    name = line.enrolment.secret_name
    for looked in (name, f"{name}-staged"):
        versions = await services.vaults.at(touched.moves_to).versions(looked)
        if not all(tags.is_lines(version, line.id) for version in tags.latest(versions)):
            why = f"{touched.moves_to} holds a secret {looked} that is not this line's"
            raise Refused(why, reason="vault-name-taken", remedy="delete it there, or name another vault")
    moved = replace(line, enrolment=replace(line.enrolment, vault_url=touched.moves_to, adopted_version=None))
    await claim(services, moved)
    return moved


async def _declare(services: Services, touched: Touched, incident: Incident, *, wish: Wish) -> RotationId:
    """Declare the compromise; a rotation that was opened for it and has not published is joined, not doubled."""
    ask = Ask(
        by=wish.by,
        reason=Reason.COMPROMISED,
        burnt=touched.burnt,
        leaked_at=incident.at,
        ticket=incident.why,
        where=wish.where,
    )
    answer = await open_rotation(services, touched.line, ask)
    if isinstance(answer, NotOpened):
        raise Refused(answer.why, reason=answer.blocked or "not-opened", remedy="rotation status")
    return answer.rotation
