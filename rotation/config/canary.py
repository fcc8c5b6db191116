"""Check that the canary can sing: a line of our own, in a policy of its own (protocol.md, Brakes)."""

from collections.abc import Mapping, Sequence

from rotation.config.building import Draft
from rotation.config.kinds import KEY_VAULT
from rotation.config.model import CanaryPart
from rotation.config.problem import Wrong
from rotation.config.report import Report
from rotation.domain.identifiers import DestinationName
from rotation.domain.policy import Destination, Mode, Selector


def check(
    part: CanaryPart,
    drafts: Sequence[Draft],
    destinations: Mapping[DestinationName, Destination],
    *,
    report: Report,
) -> None:
    """Note why the canary's policy would not do; that there is one, `references` has checked."""
    draft = next((draft for draft in drafts if draft.policy.name == part.policy), None)
    if draft is None:
        return
    select = (*draft.path, "select")
    if report.sound(select, ("canary", "application")):
        _alone(part, draft, report)
    if draft.policy.mode is not Mode.ROTATE and report.sound((*draft.path, "mode")):
        told = f"is {draft.policy.mode.value}, and the canary must rotate"
        report.wrong((*draft.path, "mode"), Wrong(what=told, allowed="rotate", meant="rotate"))
    _one_vault(part, draft, destinations, report=report)


def _alone(part: CanaryPart, draft: Draft, report: Report) -> None:
    selector = draft.policy.selector
    if selector != Selector(object_ids=selector.object_ids) or selector.object_ids != {part.application}:
        told = "is the canary's policy, and must select the canary's application and nothing else"
        allowed = f"object_ids: [{part.application}]"
        report.wrong((*draft.path, "select"), Wrong(what=told, allowed=allowed))


def _one_vault(
    part: CanaryPart, draft: Draft, destinations: Mapping[DestinationName, Destination], *, report: Report
) -> None:
    for line, place in zip(draft.policy.lines, draft.places, strict=True):
        path = (*place, "destinations")
        if line.name != part.line or not report.sound(path):
            continue
        kinds = [destinations[name].kind for name in line.destinations if name in destinations]
        known = len(kinds) == len(line.destinations)
        if known and kinds != [KEY_VAULT]:
            told = f"the canary's line has {len(kinds)} destinations" if len(kinds) != 1 else f"is of kind {kinds[0]}"
            report.wrong(path, Wrong(what=told, allowed=f"one destination of kind {KEY_VAULT}"))
