"""Check what one key alone cannot tell: how the parts of a policy agree with each other."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from rotation.config.building import Draft
from rotation.config.model import DefaultsPart, TermsPart
from rotation.config.problem import Path, Wrong
from rotation.config.report import Report
from rotation.domain.policy import Enrol, LineEntry, Mode, Selector

MOST_DESTINATIONS = 40
"""Of a line: its deliveries are planned in one transaction (protocol.md, Phases)."""


def check(drafts: Sequence[Draft], defaults: DefaultsPart, *, canaries: frozenset[str], report: Report) -> None:
    """Note what contradicts itself in the policies; *canaries* names those that may set overlap and quiet to zero."""
    _names(drafts, report)
    _no_zero([(("defaults",), defaults)], report)
    for draft in drafts:
        _selection(draft, report)
        _enrolment(draft, report)
        _window(draft, report)
        _lines(draft, report)
        if draft.policy.name not in canaries:
            _no_zero(_parts(draft), report)


def _names(drafts: Sequence[Draft], report: Report) -> None:
    first: dict[str, Path] = {}
    for draft in drafts:
        name = str(draft.policy.name)
        if name in first:
            where = f"policies[{first[name][-1]}]"
            report.wrong(
                (*draft.path, "name"), Wrong(what=f"'{name}' is the name of {where} too", allowed="another name")
            )
        first.setdefault(name, draft.path)


def _selection(draft: Draft, report: Report) -> None:
    path = (*draft.path, "select")
    if draft.policy.selector == Selector() and report.sound(path):
        allowed = "entries in object_ids, client_ids, names, tags or owners, or everything: true"
        report.wrong(path, Wrong(what="selects nothing", allowed=allowed))


def _enrolment(draft: Draft, report: Report) -> None:
    policy, enrol, at_most = draft.policy, (*draft.path, "enrol"), (*draft.path, "at_most")
    if not report.sound(enrol, at_most, (*draft.path, "mode"), (*draft.path, "select")):
        return
    if policy.enrol is not Enrol.AUTO:
        if policy.at_most is not None:
            report.warn(at_most, Wrong(what="does nothing here", allowed="at_most belongs to enrol: auto"))
        return
    if policy.mode is not Mode.ROTATE:
        told = f"'auto' enrols what mode {policy.mode.value} never rotates"
        report.wrong(enrol, Wrong(what=told, allowed="enrol: person, or mode: rotate"))
    loose = policy.selector
    if (loose.names or loose.tags or loose.owners or loose.everything) and policy.at_most is None:
        told = "'auto' with names, tags or owners, which others can change, has no limit"
        report.wrong(enrol, Wrong(what=told, allowed="object_ids or client_ids alone, or at_most: a number"))


def _window(draft: Draft, report: Report) -> None:
    path = (*draft.path, "window")
    if not draft.policy.window.days and report.sound(path, ("defaults", "window")):
        where = path if draft.part.window else ("defaults", "window")
        report.wrong((*where, "days"), Wrong(what="never opens", allowed="at least one day"))


def _lines(draft: Draft, report: Report) -> None:
    path, part = draft.path, draft.part
    if part.lines:
        for key in ("destinations", "description"):
            if getattr(part, key):
                told = "stands beside `lines`, so it belongs to none of them"
                report.wrong((*path, key), Wrong(what=told, allowed=f"`{key}` in each of the lines"))
    seen = Counter((line.name, line.only_for) for line in draft.policy.lines)
    for line, place in zip(draft.policy.lines, draft.places, strict=True):
        if seen[line.name, line.only_for] > 1:
            seen[line.name, line.only_for] = 1
            told = f"two entries for '{line.name}' hold for the same applications"
            report.wrong((*place, "name"), Wrong(what=told, allowed="another name, or `for` with an object id"))
        _destinations(line, (*place, "destinations"), report)
        _secret_name(draft, line, place=place, report=report)


def _destinations(line: LineEntry, path: Path, report: Report) -> None:
    if len(line.destinations) > MOST_DESTINATIONS:
        told = f"has {len(line.destinations)} entries"
        report.wrong(path, Wrong(what=told, allowed=f"at most {MOST_DESTINATIONS} destinations a line"))
    for place, name in enumerate(line.destinations):
        if name in line.destinations[:place]:
            report.wrong((*path, place), Wrong(what=f"'{name}' stands here twice", allowed="each destination once"))


def _secret_name(draft: Draft, line: LineEntry, *, place: Path, report: Report) -> None:
    """Two lines must never share a vault secret (protocol.md, Enrolment and lines)."""
    own = draft.part.lines and draft.part.lines[place[-1]].secret_name if isinstance(place[-1], int) else None
    path = (*(place if own else draft.path), "secret_name")
    template = line.secret_name
    if template is None:
        return
    one_application = line.only_for is not None or draft.policy.selector in (
        Selector(object_ids=draft.policy.selector.object_ids) if len(draft.policy.selector.object_ids) == 1 else None,
        Selector(client_ids=draft.policy.selector.client_ids) if len(draft.policy.selector.client_ids) == 1 else None,
    )
    if not one_application and "{client_id}" not in template and "{object_id}" not in template:
        told = "gives the secrets of several applications one name"
        report.wrong(
            path, Wrong(what=told, allowed="{client_id} or {object_id} in it", meant=template + "-{client_id}")
        )
    elif not own and len({each.name for each in draft.policy.lines}) > 1 and "{line}" not in template:
        told = "gives the secrets of several lines one name"
        report.wrong(path, Wrong(what=told, allowed="{line} in it", meant=template + "-{line}"))


def _no_zero(parts: Iterable[tuple[Path, TermsPart]], report: Report) -> None:
    for path, part in parts:
        for key in ("overlap", "quiet"):
            if getattr(part, key) == timedelta(0):
                told = "is zero, which only the canary's policy may say"
                report.wrong((*path, key), Wrong(what=told, allowed="a duration of more than zero"))


def _parts(draft: Draft) -> Iterable[tuple[Path, TermsPart]]:
    yield draft.path, draft.part
    for place, line in enumerate(draft.part.lines):
        yield (*draft.path, "lines", place), line
