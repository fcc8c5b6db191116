"""
Hold a world against the invariants of docs/protocol.md: every call when it is sent, everything after each invocation.

Ground truth is the fakes' own; nothing here asks the code under test whether it did well.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rotation.domain.credential import Credential, Marker
from rotation.domain.evidence import REPORT_LAG
from rotation.domain.identifiers import KeyId, ObjectId
from rotation.domain.line import HeldKey, Line
from rotation.domain.policy import Destination, LineEntry, Mode, Retire
from rotation.domain.rotation import Minting, Proven, Retiring
from rotation.ledger import application as ledger
from rotation.ledger import control, keys
from rotation.ledger.application import ApplicationRecord
from rotation.ports.directory import MintRequest
from rotation.workflows import tags
from tests.fakes.world import VAULT, World

ANNOUNCED = frozenset({"orphan.removing", "litter.removing", "slot.freed", "marker.refused"})
"""Lines of history that say before a removal what goes."""


class Breach(AssertionError):
    """An invariant does not hold."""

    def __init__(self, number: int, what: str) -> None:
        super().__init__(f"invariant {number}: {what}")
        self.number = number


class Witness:
    """
    Watch one world.

    Of a process that slept (`world.waking`) nobody asks whether what it sends is still permitted: pause and mode were
    read before it fell asleep. A lease that somebody else took since stops it before it sends anything.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.unreadable_since: datetime | None = None
        """Since when no usage source can be read."""
        self.strangers: set[KeyId] = set()
        """What others made; ours is what was minted, and what was handed over."""
        self.sent: set[tuple[str, int]] = set()
        self.told: list[str] = []
        self._searched = [0, 0, 0]
        self._known: dict[ObjectId, ApplicationRecord] = {}
        self._unseen: set[ObjectId] = set()
        self._read_to = 0
        self._night: object = None
        world.watch = self.saw
        world.after_each = self.look

    # When a call is sent.

    def saw(self, call: str, arguments: Sequence[Any]) -> None:
        """Judge one call that is about to be sent."""
        match call:
            case "MemoryDirectory.mint":
                self._mint(arguments[0])
            case "MemoryDirectory.remove":
                self._remove(*arguments)
            case "MemoryVault.write":
                self._write(arguments[0])
            case "MemoryIntegration.deliver":
                self._deliver(arguments[0], arguments[1].rotation.application, arguments[1].key_id)
            case _:
                return

    def _mint(self, request: MintRequest) -> None:
        record = self.record(request.application)
        marker = Marker.read(request.display_name)
        rotation = record.rotations.get(marker.ulid) if marker else None
        if marker is None or rotation is None:
            raise Breach(4, f"{request.display_name} is minted for no rotation of the ledger")
        if (marker.ulid, marker.attempt) in self.sent:
            raise Breach(8, f"attempt {marker.attempt} is sent twice")
        self.sent.add((marker.ulid, marker.attempt))
        phase = rotation.phase
        intended = isinstance(phase, Minting) and phase.asked and phase.attempt == marker.attempt
        if not intended:
            raise Breach(4, f"attempt {marker.attempt} is not in the ledger: {phase}")
        self._permitted(record, record.lines.get(rotation.line), "mint")

    def _remove(self, application: ObjectId, key_id: KeyId) -> None:
        record = self.record(application)
        line_id = record.line_of(key_id)
        line = record.lines[line_id.name] if line_id else None
        if line is None:
            self._leftover(record, key_id)
            return
        held = line.key(key_id)
        assert held is not None
        self._named(record, key_id)
        self._permitted(record, line, "remove")
        if held.burnt:
            return
        if line.current == key_id:
            raise Breach(2, f"{key_id} is the current one")
        if held.end_at > self.world.clock.now():
            self._way_in(line, key_id)
            self._evidence(record, line, held)

    def _leftover(self, record: ApplicationRecord, key_id: KeyId) -> None:
        """Judge the removal of what no line holds: a lost value or an orphan of ours."""
        made = next((m.credential for m in self.world.directory.minted if m.credential.key_id == key_id), None)
        marker = made.marker if made else None
        rotation = record.rotations.get(marker.ulid) if marker else None
        if made is None or rotation is None:
            raise Breach(3, f"{key_id} was never ours")
        if key_id in rotation.adopted:
            raise Breach(3, f"{key_id} is adopted")
        self._named(record, key_id)
        for kept in self._stores():
            if kept == key_id:
                raise Breach(2, f"a destination holds {key_id}, which nobody published")
        self._permitted(record, record.lines.get(rotation.line), "remove")
        if self.world.vaults.memory(VAULT).refusing:
            raise Breach(7, f"{key_id} is taken for lost while the vault says nothing")

    def _named(self, record: ApplicationRecord, key_id: KeyId) -> None:
        """Find what is about to go in the ledger: as a phase, a suspect, an orphan, or a line of history."""
        phases = [r.phase for r in record.rotations.values()]
        suspects = {key for phase in phases if isinstance(phase, Minting) for key in phase.suspects}
        retiring = {phase.key_id for phase in phases if isinstance(phase, Retiring) and phase.asked}
        orphans = {key for r in record.rotations.values() for key, _at in r.orphans}
        if key_id in suspects | retiring | orphans:
            return
        history = self.world.tables.live(keys.ROTATIONS, record.application, "z|event|")
        announced = [str(row.values) for row in history if row.values["what"] in ANNOUNCED]
        if not any(key_id in told for told in announced):
            raise Breach(4, f"the ledger does not say that {key_id} is about to go")

    def _way_in(self, line: Line, key_id: KeyId) -> None:
        """Let a valid predecessor go only while what the line's destinations hold is usable and another one."""
        current = line.current
        if current is None or not self._usable(line, current):
            raise Breach(2, f"{key_id} goes and the current {current} is not usable")
        for destination in self._named_destinations(line):
            kept = self.world.integrations.kinds[destination.kind].stores.get(destination.name)
            if kept is not None and (kept.key_id == key_id or not self._usable(line, kept.key_id)):
                raise Breach(2, f"{key_id} goes and {destination.name} holds {kept.key_id}")

    def _usable(self, line: Line, key_id: KeyId) -> bool:
        held = self.world.directory.truth(line.id.application).secret(key_id)
        return held is not None and not held.ended(self.world.clock.now()) and self.world.vault_holds(key_id)

    def _evidence(self, record: ApplicationRecord, line: Line, held: HeldKey) -> None:
        """Ask the sign-ins that truly were, which the code knows only from reports."""
        entry, now, canary = self._entry(line), self.world.clock.now(), self.world.settings.now.canary
        if self.world.vaults.memory(VAULT).refusing:
            raise Breach(7, f"{held.key_id} goes and nobody can read its successor")
        if entry is None or (canary and canary.application == line.id.application):
            return
        if line.enrolment.retire is not Retire.EVIDENCE:
            return
        if self.unreadable_since is not None and now - self.unreadable_since > REPORT_LAG:
            raise Breach(7, f"{held.key_id} goes and no usage was read since {self.unreadable_since}")
        seen = [use.at for use in self.world.usage._seen if use.key_id == held.key_id] if self.world.usage else []
        if any(now - entry.terms.quiet_for < at < now - REPORT_LAG for at in seen):
            raise Breach(5, f"{held.key_id} goes and was used at {max(seen)}")

    def _write(self, name: str) -> None:
        """Judge a write of what consumers read as the latest; staged versions are minting's own."""
        if name.endswith("-staged"):
            return
        for record in self.records():
            for line in record.lines.values():
                if line.enrolment.secret_name == name:
                    self._permitted(record, line, "publish")
                    open_one = record.rotations.get(line.open or "")
                    if open_one is None or not isinstance(open_one.phase, Proven):
                        raise Breach(4, f"{name} is published and its rotation is not proven")
                    return
        raise Breach(10, f"{name} is published for no line")

    def _deliver(self, to: Destination, application: ObjectId, key_id: KeyId) -> None:
        record = self.record(application)
        line_id = record.line_of(key_id)
        line = record.lines[line_id.name] if line_id else None
        self._permitted(record, line, "deliver")
        known = [stored.delivery for stored in record.deliveries.values() if stored.delivery.key_id == key_id]
        asleep = self.world.waking  # others may have ended it since
        if not any(each.destination == to.name and (asleep or not each.ended) for each in known):
            raise Breach(4, f"{to.name} is delivered to and no delivery is in the ledger")

    def _permitted(self, record: ApplicationRecord, line: Line | None, what: str) -> None:
        if self.world.waking:
            return
        if line is None:
            raise Breach(10, f"{what} for application {record.application}, which has no such line")
        policy = self.world.settings.now.policy(line.enrolment.policy)
        if policy is None or policy.mode is not Mode.ROTATE:
            raise Breach(10, f"{what} and its policy does not say rotate")
        if self.world.tables.now(keys.CONTROL, control.PARTITION, "pause") is not None:
            raise Breach(10, f"{what} while everything is paused")

    # After each invocation.

    def look(self) -> None:
        """Judge all that has changed."""
        for record in [self.record(application) for application in self._to_judge()]:
            self._one_open(record)
            for line in record.lines.values():
                self._vault_has(record, line)
            for secret in self.world.directory.truth(record.application).secrets:
                self._findable(record, secret)
        if self.world.directory.conflicts:
            raise Breach(9, f"two writes at once: {self.world.directory.conflicts}")
        for _application, key_id in self.world.directory.removed:
            if key_id in self.strangers:
                raise Breach(3, f"{key_id} was somebody else's")
        self._night_is_complete()

    def _one_open(self, record: ApplicationRecord) -> None:
        for name in record.lines:
            found = [r for r in record.rotations.values() if r.line == name and r.open]
            current = [r for r in found if record.lines[name].open == r.id.ulid]
            if len(current) > 1 or (len(found) > 1 and len(current) == len(found)):
                raise Breach(9, f"line {name} has {len(found)} open rotations")

    def _vault_has(self, record: ApplicationRecord, line: Line) -> None:
        published = [k for k in line.keys if k.minted_by and k.key_id == line.current]
        vault = self.world.vaults.memory(VAULT)
        for key in published:
            kept = [p for p in vault.kept(line.enrolment.secret_name) if p.tags.get(tags.KEY_ID) == key.key_id]
            if not any(version.enabled for version in kept):
                raise Breach(1, f"the vault does not hold {key.key_id}, which is published")
            if len(kept) > 1 and self.world.slept_in != "MemoryVault.write":
                raise Breach(8, f"{key.key_id} is published {len(kept)} times")

    def _findable(self, record: ApplicationRecord, secret: Credential) -> None:
        """What we minted and no vault holds must bear a marker by which the ledger finds it."""
        minted = {made.credential.key_id for made in self.world.directory.minted}
        if secret.key_id in minted and not self.world.vault_holds(secret.key_id):
            marker = secret.marker
            if marker is None or marker.ulid not in record.rotations:
                raise Breach(1, f"nobody can find {secret.key_id}, whose text is lost")

    def _night_is_complete(self) -> None:
        row = self.world.tables.now(keys.CONTROL, control.PARTITION, "night")
        night = control.NIGHT.record(row.values) if row else None
        begun = night.scan if night else None
        if begun != self._night and self.world.directory.unreadable_pages:
            raise Breach(7, f"night {begun} is opened by a scan that could not read all")
        self._night = begun

    # At the end, for it costs more.

    def search(self) -> None:
        """Look for secret text in all that was ever written or told."""
        world = self.world
        written: tuple[Sequence[object], ...] = (world.tables.commits, world.channel.sent, world.queues.sent)
        for place, told in enumerate(written):
            self.told += [str(each) for each in told[self._searched[place] :]]
            self._searched[place] = len(told)
        self.told += [str(lines) for lines in world.snapshots.files.values()] + world.crashes
        self.told += [str(lines) for lines in world.audit_trail.days.values()]
        everything = "\n".join(self.told)
        self.told.clear()
        if any(text in everything for text in world.texts()):
            raise Breach(6, "secret text stands outside the vault and the destinations")

    # Ground truth.

    def _to_judge(self) -> set[ObjectId]:
        judged, self._unseen = self._unseen | self._changed(), set()
        return judged

    def _changed(self) -> set[ObjectId]:
        """Name the applications of which the ledger was told something since it was last asked; forget what it said."""
        fresh = self.world.tables.commits[self._read_to :]
        self._read_to = len(self.world.tables.commits)
        changed = {ObjectId(partition) for table, partition, _changes in fresh if table == keys.ROTATIONS}
        for application in changed:
            self._known.pop(application, None)
        return changed

    def records(self) -> Iterator[ApplicationRecord]:
        """Give what the ledger says of each application."""
        yield from (self.record(record.now.object_id) for record in self.world.directory._records.values())

    def record(self, application: ObjectId) -> ApplicationRecord:
        """Give what the ledger says of one application, now."""
        self._unseen |= self._changed()
        if application not in self._known:
            record = ApplicationRecord(application=application)
            for row in self.world.tables.live(keys.ROTATIONS, application, keys.LIVE):
                ledger._take(record, row)
            self._known[application] = record
        return self._known[application]

    def _stores(self) -> Iterator[KeyId]:
        kinds = self.world.integrations.kinds.values()
        yield from (kept.key_id for kind in kinds for kept in kind.stores.values())

    def _entry(self, line: Line) -> LineEntry | None:
        policy = self.world.settings.now.policy(line.enrolment.policy)
        return policy.entry(line.id.name, line.id.application) if policy else None

    def _named_destinations(self, line: Line) -> list[Destination]:
        entry = self._entry(line)
        return [self.world.settings.now.destinations[name] for name in entry.destinations] if entry else []
