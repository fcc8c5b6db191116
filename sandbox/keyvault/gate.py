"""Who may pass: firewall, quota, roles, policy. Everything that a vault may refuse before looking."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

from sandbox.entra.tokens import Caller
from sandbox.keyvault import refusals

type Operation = Literal["get", "set", "list", "delete", "recover", "purge", "update"]

OPERATIONS: frozenset[str] = frozenset(get_args(Operation.__value__))
_ACTIONS = {
    "get": "getSecret/action",
    "set": "setSecret/action",
    "list": "readMetadata/action",
    "delete": "delete",
    "recover": "recover/action",
    "purge": "purge/action",
    "update": "update/action",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """So many requests in a window; new versions are counted apart (platform.md C3: 300 and 4,000 in 10 s)."""

    creates: int = 300
    others: int = 4000
    window: timedelta = timedelta(seconds=10)
    retry_after: float = 10


@dataclass(slots=True, kw_only=True)
class Gate:
    """The switches of one vault; `closed` refuses every caller that nothing was allowed to."""

    vault: str
    firewall: bool = False
    refuse_sets: str | None = None
    quota: Quota = field(default_factory=Quota)
    closed: bool = False
    _allowed: dict[str, frozenset[str]] = field(default_factory=dict)
    _spent: dict[bool, deque[datetime]] = field(default_factory=lambda: {True: deque(), False: deque()})

    def allow(self, identity: str, operations: Iterable[str]) -> None:
        """Let an object id or app id do these and nothing else; ValueError for an unknown operation."""
        wanted = frozenset(operations)
        if wanted - OPERATIONS:
            raise ValueError(f"unknown vault operations {sorted(wanted - OPERATIONS)}")
        self._allowed[identity.lower()] = wanted

    def check(self, caller: Caller, operation: Operation, *, address: str, now: datetime) -> None:
        """Pass, or raise the Refusal that the vault answers: first the network, then quota, then the role."""
        if self.firewall:
            raise refusals.by_firewall(self.vault, address)
        self._spend(creates=operation == "set", now=now)
        if operation not in self._operations_of(caller):
            who = f"appid={caller.app_id};oid={caller.object_id};iss=https://sts.windows.net/{caller.tenant_id}/"
            raise refusals.by_role(self.vault, who, _ACTIONS[operation])
        if operation == "set" and self.refuse_sets is not None:
            raise refusals.by_policy(self.refuse_sets)

    def _operations_of(self, caller: Caller) -> frozenset[str]:
        named = [i.lower() for i in (caller.object_id, caller.app_id) if i.lower() in self._allowed]
        if not named:
            return frozenset() if self.closed else OPERATIONS
        return frozenset().union(*(self._allowed[name] for name in named))

    def _spend(self, *, creates: bool, now: datetime) -> None:
        spent = self._spent[creates]
        while spent and abs(now - spent[0]) >= self.quota.window:
            spent.popleft()
        if len(spent) >= (self.quota.creates if creates else self.quota.others):
            # A refused request costs nothing (platform.md C3), so it is not counted.
            raise refusals.throttled(self.quota.retry_after)
        spent.append(now)
