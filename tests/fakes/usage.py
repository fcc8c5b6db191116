"""Sign-in evidence in memory."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rotation.domain.credential import Application
from rotation.domain.identifiers import ClientId, KeyId
from rotation.domain.use import Sighting
from rotation.ports.clock import Clock
from rotation.ports.usage import Look
from tests.fakes.clock import MovableClock
from tests.fakes.mishaps import Mishaps
from tests.fakes.sign_in import MemorySignIn

OUR_ADDRESS = "192.0.2.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One sign-in, as it was."""

    client_id: ClientId
    key_id: KeyId
    at: datetime
    origin: str = ""
    address: str = ""
    with_user: bool = False


class MemoryUsage:
    """
    Tell the last use of each key id, as Graph's report does; with `keeps_all`, each address and day, as a log does.

    Crueller than the real thing: with a `lag` it tells only what is older; `blind_for` decides whose silence
    means nothing; `alive` False tells nothing at all, without any error. A log sees no sign-in with a user in it.
    Bound to a MemorySignIn it shows our own proofs too, as the real ones do.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        name: str = "memory",
        lag: timedelta = timedelta(0),
        sign_in: MemorySignIn | None = None,
        keeps_all: bool = False,
    ) -> None:
        self._clock = clock or MovableClock()
        self._name = name
        self._sign_in = sign_in
        self._seen: list[Seen] = []
        self._keeps_all = keeps_all
        self.lag = lag
        self.alive = True
        self.blind_for: Callable[[Application], bool] = lambda application: keeps_all and application.signs_in_people
        self.mishaps = Mishaps()

    @property
    def name(self) -> str:
        return self._name

    def sees(self, application: Application) -> bool:
        return not self.blind_for(application)

    def see(
        self,
        client_id: ClientId,
        key_id: KeyId,
        at: datetime | None = None,
        *,
        origin: str = "",
        address: str = "203.0.113.7",
        with_user: bool = False,
    ) -> None:
        """Somebody signs in with *key_id*."""
        self._seen.append(
            Seen(
                client_id=client_id,
                key_id=key_id,
                at=at or self._clock.now(),
                origin=origin,
                address=address,
                with_user=with_user,
            )
        )

    async def sightings(self, look: Look) -> AsyncIterator[Sighting]:
        for sighting in await self.mishaps.around("sightings", self._sum_up):
            known = self._keeps_all and look.since is not None and sighting.last_used_at < look.since
            if look.client_id in {None, sighting.client_id} and not known:
                yield sighting

    async def _sum_up(self) -> Iterable[Sighting]:
        told: dict[object, Sighting] = {}
        until = self._clock.now() - self.lag
        for one in sorted(self._all(), key=lambda each: each.at):
            if not self.alive or one.at > until or (self._keeps_all and one.with_user):
                continue
            of = (one.key_id, one.address, one.at.date()) if self._keeps_all else one.key_id
            told[of] = replace(self._sighting(one), first_used_at=told[of].first_used_at if of in told else one.at)
        return told.values() if self._keeps_all else [replace(each, first_used_at=None) for each in told.values()]

    def _sighting(self, one: Seen) -> Sighting:
        return Sighting(
            client_id=one.client_id,
            key_id=one.key_id,
            last_used_at=one.at,
            origin=one.origin,
            address=one.address if self._keeps_all else "",
        )

    def _all(self) -> list[Seen]:
        proofs = self._sign_in.sign_ins if self._sign_in else []
        ours = [
            Seen(client_id=each.client_id, key_id=each.key_id, at=each.at, origin="rotation", address=OUR_ADDRESS)
            for each in proofs
        ]
        return self._seen + ours
