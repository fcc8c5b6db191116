"""Who is told: people who are told together, the owners of an application, and the hours in which they sleep."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from rotation.domain.identifiers import AudienceName

OWNERS = AudienceName("owners")
"""Stands for an application's owners; no audience of the configuration may be called so."""
OWNER_PREFIX = "owner:"


class Security(StrEnum):
    """How a connection to a mail server is encrypted; there is no way without."""

    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """When people are not disturbed by what can wait, in their own zone."""

    begins: time = time(0)
    ends: time = time(0)
    """Equal to `begins`: no hours of a working day."""
    days: frozenset[int] = frozenset()
    """Days that are quiet as a whole; Monday is 0."""

    def hold(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Give when the quiet that holds *now* ends; None where none does. Seven quiet days are nobody's week."""
        local = now.astimezone(zone)
        for _day in range(15):
            end = self._end(local)
            if end is None:
                break
            local = end
        return None if local == now else local.astimezone(now.tzinfo)

    def _end(self, local: datetime) -> datetime | None:
        midnight = datetime.combine(local.date() + timedelta(days=1), time(0), local.tzinfo)
        if local.weekday() in self.days:
            return midnight
        at = local.time()
        if self.begins < self.ends:
            return datetime.combine(local.date(), self.ends, local.tzinfo) if self.begins <= at < self.ends else None
        if self.begins == self.ends:
            return None
        if at < self.ends:
            return datetime.combine(local.date(), self.ends, local.tzinfo)
        return midnight if at >= self.begins else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is told, and where."""

    name: AudienceName
    mail: tuple[str, ...] = ()
    teams_secret: str | None = None
    """Name of the vault secret that holds the Workflows URL, which is itself a secret (platform.md F)."""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    """In which dates are written."""
    quiet: QuietHours = field(default_factory=QuietHours)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """A mail server that takes our mails."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password_secret: str | None = None
    """Name of the vault secret with the password of *user*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearers:
    """Who hears of something: the owners first, where they are asked for and there are any; else the team."""

    team: AudienceName | None
    owners_of: str | None = None
    """Object id of the application whose owners hear first."""


def owner(address: str) -> Audience:
    """Make the audience that one owner is."""
    return Audience(name=AudienceName(f"{OWNER_PREFIX}{address}"), mail=(address,))


def owner_address(name: AudienceName) -> str | None:
    """Give the address of an owner from the name of the audience that they are; None for any other."""
    return name.removeprefix(OWNER_PREFIX) if name.startswith(OWNER_PREFIX) else None
