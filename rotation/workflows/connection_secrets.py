"""
What we sign in to destinations and channels with ends too: its end dates as the vault has them, watched like others.

Only properties are read, never a text.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from rotation.domain.errors import Retryable, Unavailable, VaultRefused
from rotation.domain.identifiers import KeyId
from rotation.domain.policy import Configuration
from rotation.domain.vault_reference import VaultPlace
from rotation.ledger.expiries import Expiry, ExpiryChanges, counts, in_horizon
from rotation.ports.vault import VersionProperties
from rotation.workflows.notices import alarm
from rotation.workflows.services import Services

log = logging.getLogger(__name__)

KIND = "connection-secret"
ENDING = timedelta(days=14)
"""A secret that ends so soon is an alert of its own (docs/runbook.md), beside the reminders."""


@dataclass(slots=True, kw_only=True)
class ConnectionSecrets:
    """One pass. Counts are told even where it ends early."""

    services: Services
    counts: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    _wrong: list[str] = field(default_factory=list)
    _ending: int = 0

    async def read(self) -> None:
        """
        Read every secret that the configuration names, write its end, and tell of those that are of no use.

        Raises:
            Unavailable: A vault does not answer; the end dates that are known stay.
        """
        configuration = await self.services.configurations.current()
        named = users_of(configuration, home=self.services.vault_url)
        expiries = await ExpiryChanges.begin(self.services.tables, frozenset({KIND}), now=self.services.clock.now())
        unread: list[str] = []
        for place, users in sorted(named.items()):
            try:
                await self._one(place, users, configuration, expiries=expiries)
            except Retryable as error:
                unread.append(f"{place.name}: {error.message}")
        await expiries.finish(complete=not unread and not self._wrong)
        changed = {f"connection_{what}": number for what, number in counts(expiries).items()}
        self.counts.update({"connection_secrets": len(named), "connection_wrong": len(self._wrong)} | changed)
        log.info("connections.read", extra={"named": len(named), "wrong": len(self._wrong), "ending": self._ending})
        await self._tell()
        if unread:
            raise Unavailable("; ".join(unread))

    async def _one(
        self, place: VaultPlace, users: tuple[str, ...], configuration: Configuration, *, expiries: ExpiryChanges
    ) -> None:
        whose = ", ".join(users)
        try:
            versions = await self.services.vaults.at(place.vault_url).versions(place.name)
        except VaultRefused as error:
            self._wrong.append(f"{place.name} of {whose} cannot be read: {error.message}")
            return
        enabled = [version for version in versions if version.enabled]
        if not enabled:
            self._wrong.append(f"{place.name} of {whose} is not in {place.vault_url}, or not enabled")
            return
        await self._end(place, enabled[-1], whose, expiries=expiries, configuration=configuration)

    async def _end(
        self,
        place: VaultPlace,
        version: VersionProperties,
        whose: str,
        *,
        expiries: ExpiryChanges,
        configuration: Configuration,
    ) -> None:
        end_at = version.expires_at
        if end_at is None:
            self.remarks.append(f"{place.name} of {whose} has no expiry date in the vault: nobody is reminded of it")
            return
        self._ending += end_at - self.services.clock.now() <= ENDING
        horizon = configuration.longest_rung + timedelta(days=60)
        if in_horizon(end_at, self.services.clock.now(), horizon):
            await expiries.want(
                Expiry(
                    object_id=place.host,
                    client_id="",
                    key_id=KeyId(f"{place.host}.{place.name}"),
                    application=whose,
                    kind=KIND,
                    end_at=end_at,
                    credential_name=place.name,
                    audience=configuration.fallback_audience or "",
                    status="monitored",
                )
            )

    async def _tell(self) -> None:
        """Say which of them nothing can be delivered with."""
        self.remarks[:0] = self._wrong
        if self._wrong:
            await alarm(self.services, "connection-secret-missing", text="; ".join(self._wrong)[:1000])


def users_of(configuration: Configuration, *, home: str) -> Mapping[VaultPlace, tuple[str, ...]]:
    """Give each secret that the configuration names, with whoever uses it."""
    found: dict[VaultPlace, tuple[str, ...]] = {}
    for who, reference in _references(configuration):
        place = VaultPlace.read(reference, home=home)
        found[place] = (*found.get(place, ()), who)
    return found


def _references(configuration: Configuration) -> Iterator[tuple[str, str]]:
    for connection in configuration.connections.values():
        yield from ((f"connection {connection.name}", reference) for reference in connection.secrets)
    for destination in configuration.destinations.values():
        yield from ((f"destination {destination.name}", reference) for reference in destination.secrets)
    for audience in configuration.audiences.values():
        if audience.teams_secret:
            yield f"audience {audience.name}", audience.teams_secret
    if configuration.smtp and configuration.smtp.password_secret:
        yield "the mail server", configuration.smtp.password_secret
