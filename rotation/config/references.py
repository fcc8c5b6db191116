"""Check that every name that the file mentions is defined in it."""

from collections.abc import Collection, Iterator, Mapping

from rotation.config.problem import Path, Wrong, nearest, one_of
from rotation.config.report import Report
from rotation.domain.audience import OWNERS


def check(tree: Mapping[str, object], report: Report) -> None:
    """
    Note each destination, audience, policy and line that is mentioned and not defined.

    Works on the file as it stands, so that a fault elsewhere in a policy hides nothing.
    """
    destinations, audiences = _keys(tree.get("destinations")), _keys(tree.get("audiences"))
    for name, entry in _mapping(tree.get("destinations")).items():
        word, connections = _mapping(entry).get("connection"), _keys(tree.get("connections"))
        _known(("destinations", name, "connection"), word, connections, what="connection", report=report)
    for path, word in _mentioned_destinations(tree):
        _known(path, word, destinations, what="destination", report=report)
    for path, word in _mentioned_audiences(tree):
        _known(path, word, audiences, what="audience", report=report)
    for path, word in _mentioned_hearers(tree):
        _known(path, word, [*audiences, OWNERS], what="audience", report=report)
    _canary(tree, report)


def _known(path: Path, word: object, known: Collection[str], *, what: str, report: Report) -> None:
    if isinstance(word, str) and word not in known and report.sound(path):
        wrong = Wrong(what=f"there is no {what} '{word}'", allowed=one_of(known), meant=nearest(word, known))
        report.wrong(path, wrong)


def _canary(tree: Mapping[str, object], report: Report) -> None:
    canary = _mapping(tree.get("canary"))
    named = {str(policy.get("name")): policy for _, policy in _policies(tree)}
    _known(("canary", "policy"), canary.get("policy"), named, what="policy", report=report)
    policy = named.get(str(canary.get("policy")))
    if policy is not None:
        lines = {str(line.get("name")) for line in map(_mapping, _list(policy.get("lines")))} or {"default"}
        _known(("canary", "line"), canary.get("line", "default"), lines, what="line", report=report)


def _mentioned_destinations(tree: Mapping[str, object]) -> Iterator[tuple[Path, object]]:
    for path, policy in _policies(tree):
        holders = [(path, policy)]
        holders += [((*path, "lines", n), _mapping(line)) for n, line in enumerate(_list(policy.get("lines")))]
        for place, holder in holders:
            for n, word in enumerate(_list(holder.get("destinations"))):
                yield (*place, "destinations", n), word


def _mentioned_audiences(tree: Mapping[str, object]) -> Iterator[tuple[Path, object]]:
    for key in ("fallback", "escalate_to"):
        yield ("reminders", key), _mapping(tree.get("reminders")).get(key)
    for name, destination in _mapping(tree.get("destinations")).items():
        yield ("destinations", name, "audience"), _mapping(destination).get("audience")


def _mentioned_hearers(tree: Mapping[str, object]) -> Iterator[tuple[Path, object]]:
    parts = [(("defaults",), _mapping(tree.get("defaults"))), *_policies(tree)]
    for path, part in parts:
        said = part.get("audience")
        yield (*path, "audience"), said
        yield from (((*path, "audience", n), word) for n, word in enumerate(_list(said)))


def _policies(tree: Mapping[str, object]) -> Iterator[tuple[Path, Mapping[str, object]]]:
    for place, policy in enumerate(_list(tree.get("policies"))):
        yield ("policies", place), _mapping(policy)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _keys(value: object) -> list[str]:
    return list(_mapping(value))
