"""The sign-in service of the fake tenant."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from rotation.domain.identifiers import ClientId, KeyId
from rotation.domain.secret import SecretText
from rotation.ports.clock import Clock
from rotation.ports.sign_in import Accepted, NotAccepted, SignInAnswer, Unprovable
from tests.fakes.chance import chance
from tests.fakes.directory import MemoryDirectory
from tests.fakes.directory_state import Text
from tests.fakes.mishaps import Mishaps

WRONG, EXPIRED = 7000215, 7000222
UNKNOWN, DISABLED, NO_SERVICE_PRINCIPAL = 700016, 7000112, 7000229


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """One sign-in that was accepted."""

    client_id: ClientId
    key_id: KeyId
    at: datetime


class MemorySignIn:
    """
    Answer for a MemoryDirectory.

    Crueller than the real thing: within `lag` after a secret was added each proof may be accepted or not, back and
    forth (`staleness` below the share of the lag that has passed accepts); within `forgets_after` a removed one is
    still accepted now and then. `unprovable` names codes by client id.
    """

    def __init__(
        self, directory: MemoryDirectory, clock: Clock, *, lag: timedelta = timedelta(0), seed: int = 1
    ) -> None:
        self._directory, self._clock = directory, clock
        self.lag = lag
        self.forgets_after = timedelta(0)
        self.staleness: Callable[[], float] = chance(seed).random
        self.unprovable: dict[ClientId, int] = {}
        self.mishaps = Mishaps()
        self.sign_ins: list[SignedIn] = []
        """Every accepted proof, with the key id that the real service never tells its caller."""

    async def prove(self, client_id: ClientId, text: SecretText) -> SignInAnswer:
        async def act() -> SignInAnswer:
            blocked = self._blocked(client_id)
            return Unprovable(blocked) if blocked is not None else self._answer(client_id, text)

        return await self.mishaps.around("prove", act)

    def works(self, client_id: ClientId, text: SecretText) -> bool:
        """Tell whether a consumer could sign in now, without lag and without leaving a trace."""
        now = self._clock.now()
        return any(
            held.text == text and held.removed_at is None and held.end_at > now
            for held in self._directory.texts_of(client_id)
        )

    def _blocked(self, client_id: ClientId) -> int | None:
        held = self._directory.find(client_id)
        if client_id in self.unprovable:
            return self.unprovable[client_id]
        if held is None or held.deleted:
            return UNKNOWN
        if held.now.disabled:
            return DISABLED
        return None if held.service_principal else NO_SERVICE_PRINCIPAL

    def _answer(self, client_id: ClientId, text: SecretText) -> SignInAnswer:
        now = self._clock.now()
        known = [held for held in self._directory.texts_of(client_id) if held.text == text]
        if not known or not self._replicated(known[-1], now):
            return NotAccepted(WRONG)
        if known[-1].end_at <= now:
            return NotAccepted(EXPIRED)
        self.sign_ins.append(SignedIn(client_id=client_id, key_id=known[-1].key_id, at=now))
        return Accepted()

    def _replicated(self, held: Text, now: datetime) -> bool:
        if held.removed_at is not None:
            return _share(now - held.removed_at, self.forgets_after) <= self.staleness() and (
                now < held.removed_at + self.forgets_after
            )
        return now >= held.added_at + self.lag or self.staleness() < _share(now - held.added_at, self.lag)


def _share(passed: timedelta, whole: timedelta) -> float:
    return passed / whole if whole else 1.0
