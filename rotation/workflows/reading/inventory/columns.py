"""One snapshot in memory: a column for each thing that lists filter, order or show (ADR 0020)."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rotation.domain.credential import NEVER
from rotation.domain.identifiers import ClientId, KeyId, LineName, ObjectId, PolicyName
from rotation.domain.policy import Mode
from rotation.workflows.inventory import InventoryLine
from rotation.workflows.reading.inventory.runs import Guids, Texts, Words

DISABLED, ENROLLED, NEVER_ENDS, ENDED, STRAY, FOREIGN, SECRETS, LIVE = (1 << place for place in range(8))
"""Flags of an application. ENDED: it still lists a secret that has ended; LIVE: it has one that has not."""
MOST = 255
NO_END = int(NEVER.timestamp())
"""Seconds; where nothing ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InventorySecret:
    """One client secret."""

    key_id: KeyId
    name: str
    end_at: datetime | None
    """None: it never ends."""
    status: str
    """`monitored`, `current`, `predecessor`, `foreign`, `stray`, `orphan` or `ignored`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryApplication:
    """One application as the snapshot has it."""

    object_id: ObjectId
    client_id: ClientId
    name: str
    policy: PolicyName | None
    mode: Mode
    enrolled: tuple[LineName, ...]
    disabled: bool
    owners: tuple[str, ...] | None
    """None: no pass has read owners yet."""
    secrets: tuple[InventorySecret, ...]


class Columns:
    """All applications of one snapshot, by place; `at` is when the pass began to write it."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.object_ids, self.client_ids, self.key_ids = Guids(), Guids(), Guids()
        self.names, self.folded, self.secret_names = Texts(), Texts(), Texts()
        self.flags = bytearray()
        self.live = bytearray()
        """Secrets that have not ended, at most 255."""
        self.soonest = array("q")
        """When the next of them ends, in seconds; NO_END where none does."""
        self.policies, self.modes, self.enrolled = array("H"), bytearray(), array("H")
        self.first = array("I", [0])
        """Where its secrets begin among all; those of the next one begin where they end."""
        self.ends, self.statuses = array("q"), bytearray()
        self.policy_words: Words[PolicyName | None] = Words()
        self.mode_words: Words[Mode] = Words()
        self.enrolled_words: Words[tuple[LineName, ...]] = Words()
        self.status_words: Words[str] = Words()
        self.owners: array[int] | None = None
        """For each application the number of its owners among `owner_words`; 0: nobody knows."""
        self.owner_words: Words[tuple[str, ...] | None] = Words()
        self.orders: dict[str, array[int]] = {}
        """Places in order, once somebody asked for it."""
        self._now = int(at.timestamp())

    def __len__(self) -> int:
        return len(self.flags)

    def add(self, line: InventoryLine) -> None:
        """Append one application."""
        self.object_ids.add(line.object_id)
        self.client_ids.add(line.client_id)
        self.names.add(line.name)
        self.folded.add(line.name.casefold())
        self.policies.append(self.policy_words.number(PolicyName(line.policy) if line.policy else None))
        self.modes.append(self.mode_words.number(Mode(line.mode)))
        self.enrolled.append(self.enrolled_words.number(tuple(map(LineName, line.enrolled))))
        flags = DISABLED * line.disabled | ENROLLED * bool(line.enrolled) | SECRETS * bool(line.secrets)
        live, soonest = 0, NO_END
        for secret in line.secrets:
            end = min(int(secret.end.timestamp()), NO_END)
            self._secret(secret.key_id, secret.name or "", end=end, status=secret.status)
            flags |= STRAY * (secret.status == "stray") | FOREIGN * (secret.status == "foreign")
            if end > self._now:
                live, soonest = live + 1, min(soonest, end)
                flags |= LIVE | NEVER_ENDS * (end == NO_END)
            else:
                flags |= ENDED
        self.flags.append(flags)
        self.live.append(min(live, MOST))
        self.soonest.append(soonest)
        self.first.append(len(self.ends))

    def _secret(self, key_id: str, name: str, *, end: int, status: str) -> None:
        self.key_ids.add(key_id)
        self.secret_names.add(name)
        self.ends.append(end)
        self.statuses.append(self.status_words.number(status))

    def secrets(self, place: int) -> Iterator[InventorySecret]:
        """Give the secrets of one application."""
        for at in range(self.first[place], self.first[place + 1]):
            end = self.ends[at]
            yield InventorySecret(
                key_id=KeyId(self.key_ids[at]),
                name=self.secret_names[at],
                end_at=None if end == NO_END else datetime.fromtimestamp(end, tz=UTC),
                status=self.status_words[self.statuses[at]],
            )

    def holder(self, secret: int) -> int:
        """Give the place of the application that a secret, by its place among all secrets, belongs to."""
        return bisect_right(self.first, secret) - 1

    def application(self, place: int) -> InventoryApplication:
        """Give one application."""
        return InventoryApplication(
            object_id=ObjectId(self.object_ids[place]),
            client_id=ClientId(self.client_ids[place]),
            name=self.names[place],
            policy=self.policy_words[self.policies[place]],
            mode=self.mode_words[self.modes[place]],
            enrolled=self.enrolled_words[self.enrolled[place]],
            disabled=bool(self.flags[place] & DISABLED),
            owners=self.owners_of(place),
            secrets=tuple(self.secrets(place)),
        )

    def owners_of(self, place: int) -> tuple[str, ...] | None:
        """Give who owns it; None: no pass has read it yet."""
        return self.owner_words[self.owners[place]] if self.owners is not None else None

    @property
    def size(self) -> int:
        """Bytes that all columns take; the few words are not counted."""
        runs = (self.object_ids, self.client_ids, self.key_ids, self.names, self.folded, self.secret_names)
        arrays = [self.soonest, self.policies, self.enrolled, self.first, self.ends]
        arrays += [self.owners] if self.owners is not None else []
        plain = len(self.flags) + len(self.live) + len(self.modes) + len(self.statuses)
        return sum(run.size for run in runs) + sum(len(each) * each.itemsize for each in arrays) + plain
