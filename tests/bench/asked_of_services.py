"""Count what the app asks of every service while many lines rotate: at the sandbox's parts and in storage's own log."""

import re
from collections import Counter
from collections.abc import Sequence
from threading import Lock

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.cloud import Cloud

READS = frozenset({"GET", "HEAD", "OPTIONS"})
TOO_MANY, WHO_ARE_YOU = 429, 401
SERVICES = {"graph": "Graph", "authority": "sign-in", "vault": "own vault", "vault2": "destination"}
"""Parts of the sandbox that are counted, and what they stand for."""
HOSTS_OWN = "hosts' own"
"""What a Functions host does by itself, by the clock and not by rotation: looks at its queues, holds its timers."""
_LOOKS = re.compile(r"[\w-]+/messages\?numofmessages=")
_LOGGED = re.compile(r'"([A-Z]+) /devstoreaccount1/?(\S*) HTTP/[\d.]+" (\d{3})')


class Asked:
    """How often each service was asked, by `(service, kind)`; `listening` off leaves the measurer's own reads out."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.refused: Counter[str] = Counter()
        """Answers 429, by service."""
        self.listening = False
        self._lock = Lock()

    def note(self, service: str, kind: str, status: int) -> None:
        """Count one answered request. May be called from any thread."""
        if not self.listening:
            return
        with self._lock:
            self.counts[service, kind] += 1
            self.refused[service] += status == TOO_MANY

    def logged(self, line: str) -> None:
        """Count one line of storage's access log."""
        if told := _LOGGED.search(line):
            method, path, status = told.groups()
            self.note(_storage_service(method, path), _storage_kind(method, path), int(status))

    def of(self, service: str) -> int:
        """Give all requests of one service."""
        return sum(count for (name, _), count in self.counts.items() if name == service)


def _storage_service(method: str, path: str) -> str:
    bare = path.partition("?")[0]
    if bare.startswith("azure-webjobs-hosts/") or _LOOKS.match(path):
        return HOSTS_OWN
    inserts = method == "POST" and "/" not in bare
    if inserts or "(" in bare or bare == "Tables":
        return "tables"
    is_blob = "restype=container" in path or ("/" in bare and "/messages" not in bare)
    return "blobs" if is_blob else "queues"


def _storage_kind(method: str, path: str) -> str:
    if path.startswith("azure-webjobs-hosts/"):
        return "timer locks"
    if "/messages" in path:
        return {"GET": "looks for messages", "POST": "messages sent"}.get(method, "messages deleted or held")
    return "reads" if method in READS else "writes"


class Counting:
    """Count what one part answers."""

    def __init__(self, app: ASGIApp, part: str, asked: Asked) -> None:
        self._app = app
        self._part = part
        self._asked = asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._asked.note(SERVICES[self._part], _kind(scope, message["status"]), message["status"])
            await send(message)

        await self._app(scope, receive, counted)


def _kind(scope: Scope, status: int) -> str:
    if status == WHO_ARE_YOU:
        return "challenges"
    if scope["path"].endswith("/$batch"):
        return "batches"
    return "reads" if scope["method"] in READS else "writes"


class CountedCloud(Cloud):
    """A sandbox with two vaults, of which Graph, sign-in and the vaults are counted."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        super().__init__(vaults=2)

    def _make_applications(self, vault_names: Sequence[str]) -> dict[str, ASGIApp]:
        made = super()._make_applications(vault_names)
        return {part: Counting(app, part, self._asked) if part in SERVICES else app for part, app in made.items()}
