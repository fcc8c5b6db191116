"""
Faults that are planted into the app of a chaos host, so that the check is known to be able to fail.

They replace functions of the running program, in the host's process only: the product has no switch for any of them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from inspect import signature
from typing import Any

from sandbox.chaos.characters import Trouble

PLANTED = "CHAOS_PLANT"
"""The setting that names a plant for `python -m sandbox.chaos.host`."""


def _put(module: str, **functions: Callable[..., Any]) -> None:
    """
    Replace functions of a module, so that no plant rots unseen.

    Raises:
        LookupError: One is not there.
        TypeError: What replaces it cannot be called as it is.
    """
    _change(import_module(module), **functions)


def _change(owner: Any, **functions: Callable[..., Any]) -> None:
    for name, function in functions.items():
        if name not in vars(owner):
            raise LookupError(f"{owner} has no {name} to replace")
        asked = signature(vars(owner)[name]).parameters.values()
        given = [each.name for each in asked if each.kind in {each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD}]
        named = {each.name: None for each in asked if each.kind is each.KEYWORD_ONLY}
        signature(function).bind(*given, **named)
        setattr(owner, name, function)


def _orphan_sweep_off() -> None:
    """Leave orphans where they are."""

    async def sweep(_step: Any, _seen: Any = None) -> None:
        return None

    _put("rotation.workflows.phases.aftermath", sweep=sweep)


def _look_first_off() -> None:
    """Mint again without a look at what earlier attempts left."""

    async def nothing(*_arguments: Any) -> None:
        return None

    _put("rotation.workflows.phases.minting", _look=nothing, _adoptable=nothing)


def _remove_all_others() -> None:
    """Remove, with a predecessor, whatever else the application holds beside the current secret."""
    removal = import_module("rotation.workflows.phases.removal")
    really: Callable[[Any, Any, Any], Awaitable[None]] = removal.remove

    async def remove(step: Any, key_id: Any, pace: Any) -> None:
        application = await step.application()
        for secret in application.secrets:
            if secret.key_id not in {key_id, step.line.current}:
                await step.services.directory.remove(application.object_id, secret.key_id)
        await really(step, key_id, pace)

    _put("rotation.workflows.phases.removal", remove=remove)


def _overlap_skipped() -> None:
    """Take the overlap window and the silence of the old key for granted."""
    evidence = import_module("rotation.domain.evidence")
    really = evidence.weigh

    def weigh(case: Any, key_id: Any, now: Any) -> Any:
        there = evidence.Standing.THERE
        points = really(case, key_id, now)
        return tuple(replace(point, standing=there, seen=False) if point.letter in "cd" else point for point in points)

    for room in ("rotation.workflows.phases.overlapping", "rotation.workflows.phases.retiring"):
        _put(room, weigh=weigh)


def _lease_ignored() -> None:
    """Take what somebody else holds, and write over whatever stands there."""
    fence = import_module("rotation.ledger.fence").Fence
    tables = import_module("rotation.ports.tables")
    held: type[Exception] = import_module("rotation.domain.errors").LeaseHeld
    really_meet, really_write = vars(fence)["_meet"], vars(fence)["_write"]

    def meet(self: Any, row: Any, now: Any) -> None:
        try:
            really_meet(self, row, now)
        except held:
            self._number, self._etag = int(row.values.get("number", 0)), row.etag
            self.payload = {}

    async def write(self: Any, changes: Any, **how: Any) -> Any:
        row = await self._tables.get(self._place.table, self._place.partition, self._place.key)
        if row is not None:
            self._etag, how["first"] = row.etag, False
        unfenced = [
            tables.Upsert(key=change.key, values=change.values) if isinstance(change, tables.Replace) else change
            for change in changes
        ]
        return await really_write(self, unfenced, **how)

    _change(fence, _meet=meet, _write=write)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """
    A fault of the app, and the weather in which it shows soon.

    Attributes:
        often: Probability of kinds of misbehaviour, instead of the drawn ones.
        lags: Settings of the sandbox's behaviour while it storms, likewise.
        trouble: What is planted against the first line that something is planted against.
        restless: Whether messages come again all the time.
        slowness: Seconds that slow answers take, instead of the drawn ones; less than a lease.
    """

    install: Callable[[], None]
    often: Mapping[str, float] = field(default_factory=dict)
    lags: Mapping[str, float] = field(default_factory=dict)
    trouble: Trouble | None = None
    restless: bool = False
    slowness: float | None = None


PLANTS: Mapping[str, Plant] = {
    # What a person abandons, and a credential that both looks miss, are left to the sweep.
    "orphan-sweep-off": Plant(
        install=_orphan_sweep_off,
        often={"lost-mint": 0.7},
        lags={"read_lag_seconds": 12.0},
        trouble=Trouble.GIVEN_UP,
    ),
    "look-first-off": Plant(install=_look_first_off, often={"lost-mint": 0.8}, lags={"read_lag_seconds": 0.0}),
    "remove-all-others": Plant(install=_remove_all_others),
    "overlap-skipped": Plant(install=_overlap_skipped, trouble=Trouble.FORGOTTEN),
    # Two workers meet where one waits long for an answer and the message comes twice.
    "lease-ignored": Plant(
        install=_lease_ignored, often={"slow-mint": 0.9, "lost-mint": 0.0}, restless=True, slowness=5.0
    ),
}
NOTHING = Plant(install=lambda: None)
