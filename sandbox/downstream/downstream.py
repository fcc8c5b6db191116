"""`Downstream`: all receivers of one sandbox, by name, and whether what they hold still signs in."""

from typing import Any, NamedTuple

from sandbox.downstream.holders import Holder
from sandbox.downstream.webhooks import Hook
from sandbox.downstream.wire import Identity, Reference, SignedIn, Wire


class Outcome(NamedTuple):
    """One holder's attempt: `code` is the AADSTS code of a refusal, None when there was no such answer."""

    name: str
    ok: bool
    code: int | None


class Downstream:
    """
    Hold webhooks, people and consumers.

    `identity` is the application that they read vaults with: set it once the tenant has it. All methods may be
    awaited from any event loop.
    """

    def __init__(self, *, wire: Wire, identity: Identity | None = None) -> None:
        self.wire = wire
        self.identity = identity
        self.holders: dict[str, Holder] = {}
        self.hooks: dict[str, Hook] = {}

    def add_webhook(self, name: str, key: str) -> Hook:
        """Add a receiver at /hooks/{name}; `key` is a Standard Webhooks key ("whsec_" + base64)."""
        hook = Hook(holder=self._add(Holder(name=name, kind="webhook")), key=key)
        self.hooks[name] = hook
        return hook

    def add_person(self, name: str, *, client_id: str = "") -> Holder:
        """Add a person with a portal of theirs; the portal signs in as `client_id`."""
        return self._add(Holder(name=name, kind="person", client_id=client_id))

    def add_consumer(self, name: str, vault_url: str, secret_name: str, *, client_id: str) -> Holder:
        """Add a program that reads the latest version of a vault secret each time it signs in."""
        source = Reference(vault_url=vault_url, name=secret_name)
        return self._add(Holder(name=name, kind="consumer", client_id=client_id, source=source))

    async def hand_over(self, name: str, reference: Reference, *, client_id: str = "") -> Holder:
        """Hand a person a reference: they look it up and paste it into their portal. Unreadable when they cannot."""
        person = self._person(name)
        await person.fetch(reference, wire=self.wire, identity=self.identity)
        person.client_id = client_id or person.client_id
        return person

    def paste(self, name: str, text: str) -> None:
        """Let a person paste whatever they have at hand, wrong things too."""
        self._person(name).take(text, version="", key_id="", at=self.wire.clock.now())

    async def use(self, name: str) -> SignedIn:
        """Let one holder sign in with what it holds; KeyError for an unknown name."""
        return await self.holders[name].use(self.wire, self.identity)

    async def sign_in_all(self) -> list[Outcome]:
        """Let every holder sign in, one after the other, in the order they were added."""
        outcomes = []
        for name in list(self.holders):
            signed_in = await self.use(name)
            outcomes.append(Outcome(name, signed_in.ok, signed_in.code))
        return outcomes

    def truth(self) -> list[dict[str, Any]]:
        """Describe every holder without its text, as JSON."""
        return [holder.state() for holder in list(self.holders.values())]

    def canaries(self) -> tuple[str, ...]:
        """Give the texts that are held now, for the leak search."""
        return tuple(holder.text for holder in list(self.holders.values()) if holder.text)

    def _add(self, holder: Holder) -> Holder:
        if holder.name in self.holders:
            raise ValueError(f"there is a downstream holder {holder.name!r} already")
        self.holders[holder.name] = holder
        return holder

    def _person(self, name: str) -> Holder:
        holder = self.holders[name]
        if holder.kind != "person":
            raise ValueError(f"{name!r} is a {holder.kind}, not a person")
        return holder
