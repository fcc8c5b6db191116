"""Who holds a secret downstream, what exactly, and whether it could sign in with it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sandbox.downstream.wire import Identity, Reference, SignedIn, Unreadable, Wire

type Kind = Literal["webhook", "person", "consumer"]


@dataclass(slots=True, kw_only=True)
class Holder:
    """A receiver and what it holds; `source` is where a consumer reads anew each time. Never shows the text."""

    name: str
    kind: Kind
    client_id: str = ""
    key_id: str = ""
    version: str = ""
    received_at: datetime | None = None
    source: Reference | None = None
    last: SignedIn | None = None
    sign_ins: int = 0
    text: str = field(default="", repr=False)

    def state(self) -> dict[str, Any]:
        """Describe for an answer or a report, without the text."""
        last = self.last
        return {
            "name": self.name,
            "kind": self.kind,
            "client_id": self.client_id,
            "key_id": self.key_id,
            "version": self.version,
            "holds": bool(self.text),
            "received_at": None if self.received_at is None else self.received_at.isoformat(),
            "sign_ins": self.sign_ins,
            "signed_in": None if last is None else last.ok,
            "code": None if last is None else last.code,
            "problem": "" if last is None else last.problem,
            "last_sign_in_at": None if last is None else last.at.isoformat(),
        }

    def take(self, text: str, *, version: str, key_id: str, at: datetime) -> None:
        self.text, self.version, self.key_id, self.received_at = text, version, key_id, at

    async def use(self, wire: Wire, identity: Identity | None) -> SignedIn:
        """Sign in with what it holds; a consumer reads the latest first. Empty hands are a failure, not an error."""
        self.last = await self._sign_in(wire, identity)
        self.sign_ins += 1
        return self.last

    async def _sign_in(self, wire: Wire, identity: Identity | None) -> SignedIn:
        if self.source is not None:
            try:
                await self.fetch(self.source, wire=wire, identity=identity)
            except Unreadable as error:
                return SignedIn(at=wire.clock.now(), ok=False, problem=f"vault: {error}")
        if not self.text:
            return SignedIn(at=wire.clock.now(), ok=False, problem="holds nothing")
        return await wire.sign_in(self.client_id, self.text, source=self.name)

    async def fetch(self, reference: Reference, *, wire: Wire, identity: Identity | None) -> None:
        """Read a reference with the receivers' identity and keep what it gave, or raise Unreadable."""
        if identity is None:
            raise Unreadable(401, "the receivers have no identity yet")
        found = await wire.read(reference, identity=identity)
        if found.text != self.text or found.version != self.version:
            self.take(found.text, version=found.version, key_id=found.key_id, at=wire.clock.now())
