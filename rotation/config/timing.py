"""Check that what a line asks for fits into the life of one secret."""

from collections.abc import Sequence
from datetime import timedelta

from rotation.config.building import Draft
from rotation.config.problem import Path, Wrong
from rotation.config.report import Report
from rotation.domain.line import fits
from rotation.domain.policy import LineEntry, Retire

REPORTS_LAG = timedelta(hours=48)
"""Sign-in reports are complete this long after the fact (protocol.md, Usage sources)."""

_KEYS = ("lifetime", "lead_time", "overlap", "quiet", "hand_off_deadline", "retire")


def check(drafts: Sequence[Draft], *, hand_offs: frozenset[str], canaries: frozenset[str], report: Report) -> None:
    """Note lifetimes that are too short, and warn where an old secret will lapse; a canary's needs no quiet."""
    for draft in drafts:
        for line, place in zip(draft.policy.lines, draft.places, strict=True):
            if not _readable(draft, place, report):
                continue
            assisted = not hand_offs.isdisjoint(line.destinations)
            path = _place_of("lifetime", draft, place)
            if not fits(line.terms, line.terms.lifetime, assisted=assisted):
                report.wrong(path, _too_short(line, assisted=assisted))
            elif draft.policy.name not in canaries:
                _lapse(line, path, report)


def _readable(draft: Draft, place: Path, report: Report) -> bool:
    holders: tuple[Path, ...] = (("defaults",), draft.path, place)
    return report.sound(*((*holder, key) for holder in holders for key in _KEYS), (*place, "destinations"))


def _place_of(key: str, draft: Draft, place: Path) -> Path:
    """Tell whose word holds: the line's own, or its policy's."""
    step = place[-1]
    own = draft.part.lines[step] if place != draft.path and isinstance(step, int) else None
    if own is not None and getattr(own, key) is not None:
        return (*place, key)
    return (*draft.path, key)


def _too_short(line: LineEntry, *, assisted: bool) -> Wrong:
    terms = line.terms
    lead = min(terms.lead_time, terms.lifetime / 3) * 1.2
    person = f" and hand-off deadline ({spelt(terms.hand_off_deadline)})" if assisted else ""
    needs = f"lead time (up to {spelt(lead)}), overlap ({spelt(terms.overlap)}){person}"
    what = f"{spelt(terms.lifetime)} is too short for line '{line.name}': {needs} do not fit"
    rest = terms.overlap + (terms.hand_off_deadline if assisted else timedelta(0))
    least = min(terms.lead_time * 1.2 + rest, rest / 0.6)
    return Wrong(what=what, allowed=f"at least {-(-least // timedelta(days=1))}d, or less of the others")


def _lapse(line: LineEntry, path: Path, report: Report) -> None:
    terms = line.terms
    lead = min(terms.lead_time, terms.lifetime / 3)
    need = terms.quiet_for + REPORTS_LAG
    if terms.retire is Retire.AFTER_OVERLAP or lead - terms.overlap >= need:
        return
    told = (
        f"the old secret of line '{line.name}' will lapse, not be retired: "
        f"lead time ({spelt(lead)}) - overlap ({spelt(terms.overlap)}) is below quiet ({spelt(terms.quiet_for)}) + 48h"
    )
    report.warn(path, Wrong(what=told, allowed="a longer lifetime or lead_time, or a shorter overlap or quiet"))


def spelt(span: timedelta) -> str:
    """Write a span as the file would; one of days and hours is rounded to days."""
    seconds = round(span.total_seconds())
    if seconds % 86400 and span > timedelta(days=3):
        return f"about {round(seconds / 86400)}d"
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
