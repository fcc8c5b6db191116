"""Directory objects and their replicas: what was written when, and which replica knows it already."""

import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.entra.behaviour import Behaviour
from sandbox.shared import SandboxClock

type Document = dict[str, Any]


@dataclass(slots=True, eq=False)
class Entry:
    """
    One object. Documents are never changed in place: a write puts a new one.

    `document` is None once deleted; `rendered` holds prepared bytes of the current document; `before` holds the
    states that some replica may still see.
    """

    sequence: int
    id: str
    document: Document | None
    owners: list[str] = field(default_factory=list)
    federated: list[Document] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)
    rendered: dict[Any, bytes] = field(default_factory=dict)
    before: list[tuple[float, Document | None]] = field(default_factory=list)
    written_at: float = float("-inf")

    @property
    def current(self) -> Document:
        """Give the document; LookupError once deleted."""
        if self.document is None:
            raise LookupError(self.id)
        return self.document


class Collection:
    """Hold objects of one kind in the order of their making, found by id and by appId."""

    def __init__(self, *, clock: SandboxClock, behaviour: Behaviour) -> None:
        self._clock = clock
        self._behaviour = behaviour
        self._entries: list[Entry] = []
        self._by_id: dict[str, Entry] = {}
        self._by_app_id: dict[str, Entry] = {}
        self._next = 1

    def __len__(self) -> int:
        return sum(1 for e in self._entries if e.document is not None)

    def __iter__(self) -> Iterator[Entry]:
        return (e for e in self._entries if e.document is not None)

    def add(self, document: Document, *, known_everywhere: bool = False) -> Entry:
        entry = Entry(sequence=self._next, id=document["id"], document=document)
        self._next += 1
        if not known_everywhere:
            self._remember(entry, None)
        self._entries.append(entry)
        self._by_id[entry.id.lower()] = entry
        if "appId" in document:
            self._by_app_id[document["appId"].lower()] = entry
        return entry

    def replace(self, entry: Entry, document: Document | None) -> None:
        """Put a new document (None deletes), seen by the replicas one after the other."""
        self._remember(entry, entry.document)
        entry.document = document
        entry.rendered = {}

    def _remember(self, entry: Entry, before: Document | None) -> None:
        now, lag = self.now(), self._behaviour.read_lag_seconds
        entry.before = [(at, seen) for at, seen in entry.before if at + lag > now]
        if lag > 0:
            entry.before.append((now, before))

    def now(self) -> float:
        return self._clock.now().timestamp()

    def find(self, object_id: str) -> Entry | None:
        return self._by_id.get(object_id.lower())

    def find_by_app_id(self, app_id: str) -> Entry | None:
        entry = self._by_app_id.get(app_id.lower())
        return entry if entry is not None and entry.document is not None else None

    def seen(self, entry: Entry, replica: int) -> Document | None:
        """Give what this replica knows of the object: None before it was made and after it was deleted."""
        if not entry.before:
            return entry.document
        now, delay = self.now(), self._behaviour.read_delay(replica)
        for written_at, before in entry.before:
            if 0 <= now - written_at < delay:
                return before
        return entry.document

    def scan(
        self, replica: int, *, after: int, keep: Callable[[Document, Entry], bool] | None
    ) -> Iterator[tuple[Entry, Document]]:
        """Walk what this replica knows, behind the sequence number `after`."""
        start = bisect.bisect_right(self._entries, after, key=lambda e: e.sequence)
        for position in range(start, len(self._entries)):
            entry = self._entries[position]
            document = self.seen(entry, replica) if entry.before else entry.document
            if document is not None and (keep is None or keep(document, entry)):
                yield entry, document
