"""Load a configuration: all of it, or every reason why not."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import BaseModel

from rotation.config import building, canary, people, references, rules, timing
from rotation.config.building import Draft
from rotation.config.connections import connection
from rotation.config.destinations import destination
from rotation.config.kinds import Kind
from rotation.config.model import (
    AudiencePart,
    CanaryPart,
    DefaultsPart,
    File,
    LimitsPart,
    PolicyPart,
    RemindersPart,
)
from rotation.config.problem import Path, Problem, Wrong, nearest
from rotation.config.report import Report
from rotation.config.shapes import known_keys
from rotation.config.source import described, read
from rotation.config.spellings import NAMES
from rotation.domain.identifiers import NAME, AudienceName, DestinationName
from rotation.domain.policy import Configuration, Connection, Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration that can be used, and what is worth knowing about it."""

    configuration: Configuration
    warnings: tuple[Problem, ...] = ()


def load(text: str, *, name: str, kinds: Mapping[str, Kind]) -> Loaded:
    """
    Read *text*; *name* is what messages call it, *kinds* are the kinds of destinations that there are.

    The digest is the SHA-256 of the text in UTF-8.

    Raises:
        ConfigurationRefused: With every problem at once, each with line, column, field and what is allowed.
    """
    source = read(text, name=name)
    report = Report(source)
    if not source.tree:
        report.settle()
    digest = hashlib.sha256(text.encode()).hexdigest()
    configuration = _File(source.tree, kinds, report).configuration(digest=digest)
    report.settle()
    return Loaded(configuration=configuration, warnings=report.warnings)


class _File:
    """One reading of one tree."""

    def __init__(self, tree: Mapping[str, object], kinds: Mapping[str, Kind], report: Report) -> None:
        self.tree = tree
        self.kinds = kinds
        self.report = report

    def configuration(self, *, digest: str) -> Configuration:
        """Read everything, check everything; what comes out counts only if the report is clean."""
        self._unknown_keys()
        defaults = self._section("defaults", DefaultsPart)
        limits = self._section("limits", LimitsPart)
        reminders = self._section("reminders", RemindersPart)
        audiences = self._audiences()
        connections = self._connections()
        destinations = self._destinations(connections)
        drafts = self._drafts(defaults, self._hand_offs())
        bird = self._canary()
        references.check(self.tree, self.report)
        owners = any(draft.policy.owners for draft in drafts)
        people.check(audiences, reminders, owners=owners, report=self.report)
        self._agree(drafts, defaults, destinations, bird=bird)
        return Configuration(
            policies=tuple(draft.policy for draft in drafts),
            connections=MappingProxyType(connections),
            destinations=MappingProxyType(destinations),
            audiences=MappingProxyType(
                {AudienceName(name): building.audience(name, part) for name, part in audiences.items()}
            ),
            limits=building.limits(limits),
            canary=building.canary(bird) if bird else None,
            digest=digest,
            **building.reminders(reminders),
        )

    def _agree(
        self,
        drafts: list[Draft],
        defaults: DefaultsPart,
        destinations: Mapping[DestinationName, Destination],
        *,
        bird: CanaryPart | None,
    ) -> None:
        names = frozenset(str(draft.policy.name) for draft in drafts)
        own = frozenset({bird.policy}) if bird else frozenset()
        canaries = own if self.report.sound(("canary",)) else names
        rules.check(drafts, defaults, canaries=canaries, report=self.report)
        timing.check(drafts, hand_offs=self._hand_offs(), canaries=canaries, report=self.report)
        if bird:
            canary.check(bird, drafts, destinations, report=self.report)

    def _unknown_keys(self) -> None:
        known = known_keys(File)
        for key in self.tree:
            if key not in known:
                wrong = Wrong(what="unknown key", allowed=", ".join(known), meant=nearest(key, known))
                self.report.wrong((key,), wrong)

    def _section[Part: BaseModel](self, key: str, model: type[Part]) -> Part:
        value = self.tree.get(key)
        part = self.report.part(model, {} if value is None else value, (key,))
        return part or model()

    def _named(self, key: str) -> dict[str, object]:
        """Give the entries of a mapping from names; an entry without a sound name is noted, and read all the same."""
        value = self.tree.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            told = f"is {described(value)}, not a mapping"
            self.report.wrong((key,), Wrong(what=told, allowed="names, each with a mapping below it"))
            return {}
        for name in value:
            if not NAME.fullmatch(name):
                self.report.wrong((key, name), Wrong(what=f"'{name}' is not a name", allowed=NAMES))
        return value

    def _audiences(self) -> dict[str, AudiencePart]:
        read = {
            name: self.report.part(AudiencePart, value, ("audiences", name))
            for name, value in self._named("audiences").items()
        }
        return {name: part for name, part in read.items() if part is not None}

    def _connections(self) -> dict[str, Connection]:
        read = (connection(name, value, self.report) for name, value in self._named("connections").items())
        return {each.name: each for each in read if each is not None}

    def _destinations(self, connections: Mapping[str, Connection]) -> dict[DestinationName, Destination]:
        read = (
            destination(name, value, kinds=self.kinds, connections=connections, report=self.report)
            for name, value in self._named("destinations").items()
        )
        return {each.name: each for each in read if each is not None}

    def _hand_offs(self) -> frozenset[str]:
        entries = self.tree.get("destinations")
        named = entries.items() if isinstance(entries, dict) else ()
        assisted = {name for name, kind in self.kinds.items() if kind.assisted}
        return frozenset(name for name, entry in named if isinstance(entry, dict) and entry.get("kind") in assisted)

    def _drafts(self, defaults: DefaultsPart, hand_offs: frozenset[str]) -> list[Draft]:
        value = self.tree.get("policies")
        if value is not None and not isinstance(value, list):
            told = f"is {described(value)}, not a list"
            self.report.wrong(("policies",), Wrong(what=told, allowed="a list whose entries begin with `- name:`"))
        drafts = []
        for place, entry in enumerate(value if isinstance(value, list) else []):
            path: Path = ("policies", place)
            part = self.report.part(PolicyPart, entry, path)
            if part is not None:
                drafts.append(building.policy(part, path, defaults=defaults, hand_offs=hand_offs))
        return drafts

    def _canary(self) -> CanaryPart | None:
        value = self.tree.get("canary")
        return None if value is None else self.report.part(CanaryPart, value, ("canary",))
