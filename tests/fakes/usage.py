"""Sign-in evidence in memory."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

from rotation.domain.credential import Application
from rotation.domain.identifiers import ClientId, KeyId
from rotation.ports.clock import Clock
from rotation.ports.usage import Sighting
from tests.fakes.clock import MovableClock
from tests.fakes.mishaps import Mishaps
from tests.fakes.sign_in import MemorySignIn


class MemoryUsage:
    """
    Tell the last use of each key id.

    Crueller than the real thing: with a `lag` it tells only what is older; `blind_for` decides whose silence
    means nothing; `alive` False tells nothing at all, without any error. Bound to a MemorySignIn it shows our own
    proofs too, as the real report does.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        name: str = "memory",
        lag: timedelta = timedelta(0),
        sign_in: MemorySignIn | None = None,
    ) -> None:
        self._clock = clock or MovableClock()
        self._name = name
        self._sign_in = sign_in
        self._seen: list[Sighting] = []
        self.lag = lag
        self.alive = True
        self.blind_for: Callable[[Application], bool] = lambda _application: False
        self.mishaps = Mishaps()

    @property
    def name(self) -> str:
        return self._name

    def sees(self, application: Application) -> bool:
        return not self.blind_for(application)

    def see(self, client_id: ClientId, key_id: KeyId, at: datetime | None = None, *, origin: str = "") -> None:
        """Somebody signs in with *key_id*."""
        used = at or self._clock.now()
        self._seen.append(Sighting(client_id=client_id, key_id=key_id, last_used_at=used, origin=origin))

    async def sightings(self) -> AsyncIterator[Sighting]:
        for sighting in (await self.mishaps.around("sightings", self._latest)).values():
            yield sighting

    async def _latest(self) -> dict[KeyId, Sighting]:
        told: dict[KeyId, Sighting] = {}
        until = self._clock.now() - self.lag
        for sighting in sorted(self._all(), key=lambda each: each.last_used_at):
            if self.alive and sighting.last_used_at <= until:
                told[sighting.key_id] = sighting
        return told

    def _all(self) -> list[Sighting]:
        proofs = self._sign_in.sign_ins if self._sign_in else []
        ours = [
            Sighting(client_id=each.client_id, key_id=each.key_id, last_used_at=each.at, origin="rotation")
            for each in proofs
        ]
        return self._seen + ours
