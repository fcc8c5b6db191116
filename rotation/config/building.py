"""Turn the parts of the file into the values that decisions work with."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import time, timedelta
from typing import Any

from rotation.config.model import (
    AudiencePart,
    CanaryPart,
    DefaultsPart,
    FirstWeekPart,
    LimitsPart,
    LinePart,
    PolicyPart,
    RemindersPart,
    SelectorPart,
    SmtpPart,
    TermsPart,
    WindowPart,
)
from rotation.config.problem import Path
from rotation.domain.audience import OWNERS, Audience, QuietHours, Security, SmtpServer
from rotation.domain.identifiers import AudienceName, ClientId, DestinationName, LineName, ObjectId, PolicyName
from rotation.domain.policy import Canary, Enrol, Limits, LineEntry, Mode, Policy, Ramp, Selector, Terms
from rotation.domain.window import Window

HAND_OFF_LIFETIME = timedelta(days=730)
"""What a line with a hand-off asks by default: each of its rotations costs a person (protocol.md, Hand-offs)."""

USUAL_PORTS = {Security.STARTTLS: 587, Security.TLS: 465}
DEFAULT_LINE = LineName("default")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A policy with the part of the file that it was made from, and the place of each of its lines."""

    path: Path
    part: PolicyPart
    policy: Policy
    places: tuple[Path, ...]


def policy(part: PolicyPart, path: Path, *, defaults: DefaultsPart, hand_offs: frozenset[str]) -> Draft:
    """Make a policy; *hand_offs* names the destinations that a person serves."""
    lines = part.lines or [_only_line(part)]
    places = [(*path, "lines", place) for place in range(len(part.lines))] or [path]
    window = part.window or defaults.window
    hearing = part.audience or defaults.audience or ()
    team = next((name for name in (*hearing, *(defaults.audience or ())) if name != OWNERS), None)
    made = Policy(
        name=PolicyName(part.name),
        selector=_selector(part.select),
        mode=part.mode or Mode.MONITOR,
        enrol=part.enrol or Enrol.PERSON,
        at_most=part.at_most,
        lines=tuple(_line(line, part, defaults=defaults, hand_offs=hand_offs) for line in lines),
        vault=part.vault or "",
        window=_window(window) if window else Window(),
        freeze=(*defaults.freeze, *part.freeze),
        audience=AudienceName(team) if team else None,
        owners=OWNERS in hearing,
        rungs=None if part.rungs is None else ladder(part.rungs),
    )
    return Draft(path=path, part=part, policy=made, places=tuple(places))


def _only_line(part: PolicyPart) -> LinePart:
    return LinePart.model_construct(
        name=DEFAULT_LINE,
        destinations=part.destinations,
        readers=part.readers,
        description=part.description,
        secret_name=part.secret_name,
    )


def _selector(part: SelectorPart) -> Selector:
    return Selector(
        object_ids=frozenset(map(ObjectId, part.object_ids)),
        client_ids=frozenset(map(ClientId, part.client_ids)),
        names=tuple(part.names),
        tags=frozenset(part.tags),
        owners=frozenset(part.owners),
        everything=bool(part.everything),
    )


def _line(part: LinePart, of: PolicyPart, *, defaults: DefaultsPart, hand_offs: frozenset[str]) -> LineEntry:
    assisted = not hand_offs.isdisjoint(part.destinations)
    return LineEntry(
        name=LineName(part.name),
        destinations=tuple(map(DestinationName, part.destinations)),
        readers=tuple(part.readers or of.readers),
        description=part.description,
        secret_name=part.secret_name or of.secret_name,
        only_for=ObjectId(part.only_for) if part.only_for else None,
        terms=terms((part, of, defaults), assisted=assisted),
    )


def terms(layers: Sequence[TermsPart], *, assisted: bool) -> Terms:
    """
    Merge terms, the most specific layer first; the last layer is the file's defaults.

    A line with a hand-off takes its lifetime from any layer but the last.
    """
    said: dict[str, Any] = {}
    for layer in layers:
        given = {field.name: getattr(layer, field.name) for field in fields(Terms)}
        said |= {name: value for name, value in given.items() if value is not None and name not in said}
    if assisted and all(layer.lifetime is None for layer in layers[:-1]):
        said["lifetime"] = HAND_OFF_LIFETIME
    return Terms(**said)


def _window(part: WindowPart) -> Window:
    said: dict[str, Any] = {}
    if part.days is not None:
        said["days"] = frozenset(part.days)
    if part.hours is not None:
        said["opens"], said["closes"] = part.hours
    if part.zone is not None:
        said["zone"] = part.zone
    return Window(**said)


def audience(name: str, part: AudiencePart) -> Audience:
    """Make an audience."""
    begins, ends = part.quiet_hours or (time(0), time(0))
    return Audience(
        name=AudienceName(name),
        mail=tuple(part.mail),
        teams_secret=part.teams_secret,
        quiet=QuietHours(begins=begins, ends=ends, days=frozenset(part.quiet_days)),
        **({"zone": part.zone} if part.zone else {}),
    )


def reminders(part: RemindersPart) -> dict[str, Any]:
    """Give what the configuration says about reminders, by the names of its fields."""
    said: dict[str, Any] = {"escalate_after": part.escalate_after} if part.escalate_after else {}
    return said | {
        "rungs": ladder(part.rungs),
        "fallback_audience": AudienceName(part.fallback) if part.fallback else None,
        "sender": part.sender,
        "smtp": smtp(part.smtp) if part.smtp else None,
        "escalate_to": AudienceName(part.escalate_to) if part.escalate_to else None,
    }


def ladder(rungs: Sequence[int]) -> tuple[int, ...]:
    """Put the rungs of a ladder in order, each once, the longest first."""
    return tuple(sorted(set(rungs), reverse=True))


def smtp(part: SmtpPart) -> SmtpServer:
    """Make a mail server, with the port that its kind of encryption usually has."""
    security = part.security or Security.STARTTLS
    return SmtpServer(
        host=part.host,
        port=part.port or USUAL_PORTS[security],
        security=security,
        user=part.user,
        password_secret=part.password_secret,
    )


def limits(part: LimitsPart) -> Limits:
    """Make the limits; what is not said stays as the domain has it."""
    usual = Limits()
    first = part.first_week
    lasts = first.lasts if first else None
    return Limits(
        usual=_ramp(part, usual.usual),
        first_week=_ramp(first, usual.first_week) if first else usual.first_week,
        first_week_lasts=usual.first_week_lasts if lasts is None else lasts,
    )


def _ramp(part: LimitsPart | FirstWeekPart, otherwise: Ramp) -> Ramp:
    given = {field.name: getattr(part, field.name) for field in fields(Ramp)}
    return Ramp(**{name: getattr(otherwise, name) if value is None else value for name, value in given.items()})


def canary(part: CanaryPart) -> Canary:
    """Make the canary."""
    said = {"within": part.within} if part.within else {}
    return Canary(
        application=ObjectId(part.application), line=LineName(part.line), policy=PolicyName(part.policy), **said
    )
