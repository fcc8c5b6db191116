"""What is known of one key id's use, from what usage sources show of it (protocol.md, Usage sources)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rotation.domain.identifiers import ClientId, KeyId

OWN_USE_MARGIN = timedelta(hours=1)
"""A sign-in this much later than one of ours is not ours."""
CLOCKS_DIFFER = timedelta(minutes=5)
"""The sign-in service's clock may be so much behind ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The last sign-in with one key id that a source shows, or the last of those that it sums up."""

    client_id: ClientId
    key_id: KeyId
    last_used_at: datetime
    first_used_at: datetime | None = None
    """The first of those that it sums up, where the source tells it."""
    origin: str = ""
    """For people: resource, and address where the source tells it."""
    address: str = ""
    """Where they all came from; empty where the source does not tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSignIns:
    """When we signed in with a key id that we minted, and from when on others could."""

    first: datetime
    last: datetime
    published_at: datetime | None = None

    def alone(self, at: datetime) -> bool:
        """Tell whether nobody but us held it then."""
        return self.published_at is None or at <= self.published_at

    def may_be(self, at: datetime) -> bool:
        """Tell whether a sign-in then may be ours."""
        near = (one - CLOCKS_DIFFER <= at <= one + OWN_USE_MARGIN for one in (self.first, self.last))
        return self.alone(at) or any(near)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What is known of one key id's use; what may be somebody else's counts as theirs."""

    last_used_at: datetime | None = None
    """The last by anybody but us."""
    longest_gap: timedelta = timedelta(0)
    origin: str = ""
    confirmed_at: datetime | None = None
    """The last that is surely not ours: by its time, and by its address where the source tells addresses."""
    shown: Mapping[str, datetime] = field(default_factory=dict)
    """For each source the last sign-in that it has shown, ours too: whether it is alive shows here."""
    own_addresses: tuple[str, ...] = ()
    """Where sign-ins came from while only we held it."""

    def seen(self, source: str, sighting: Sighting, own: OwnSignIns | None) -> "Use":
        """
        Take in what *source* shows; *own* is None for a key id that was handed over.

        By time it may be ours; an address that is not ours then makes it somebody's, and one of ours excuses
        nothing: a consumer may share our way out. What confirms is later than our last, and from elsewhere.
        """
        at = sighting.last_used_at
        latest = max(at, self.shown.get(source, at))
        addresses = self.own_addresses
        if own is not None and sighting.address and own.alone(sighting.first_used_at or at):
            addresses = tuple(sorted({*addresses, sighting.address}))
        known = replace(self, shown={**self.shown, source: latest}, own_addresses=addresses)
        if own is None:
            return _used(known, sighting, sure=True)
        elsewhere = bool(sighting.address and addresses and sighting.address not in addresses)
        if own.may_be(at) and (own.alone(at) or not elsewhere):
            return known
        return _used(known, sighting, sure=at > own.last + OWN_USE_MARGIN and (elsewhere or not sighting.address))


def _used(known: Use, sighting: Sighting, *, sure: bool) -> Use:
    at, before = sighting.last_used_at, known.last_used_at
    if sure:
        known = replace(known, confirmed_at=max(at, known.confirmed_at or at))
    if before is not None and at <= before:
        return known
    gap = max((sighting.first_used_at or at) - before, timedelta(0)) if before else timedelta(0)
    return replace(known, last_used_at=at, origin=sighting.origin, longest_gap=max(known.longest_gap, gap))
