"""What a deployment stands on, looked at without changing anything: our rights, clocks, tables, queues, containers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rotation.domain.identifiers import ClientId


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whoever signs in to Graph in this process, as the token tells."""

    name: str
    """For people: the person's sign-in name, the application's name, else its client id."""
    client_id: ClientId
    """Of the application that signs in; for a person, of the tool that they use."""
    object_id: str
    person: bool
    permissions: frozenset[str]
    """Graph's application permissions, for a person the delegated ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Names that a remedy needs."""

    storage_account: str
    """The account's name, or its address where it has no name."""
    resource_group: str = ""
    function_app: str = ""
    workspaces: tuple[str, ...] = ()
    """Ids of the Log Analytics workspaces that tell of sign-ins."""


class Surroundings(Protocol):
    """Raises everywhere: Throttled, Unavailable, AccessDenied."""

    @property
    def place(self) -> Place:
        """Where all of it is."""
        ...

    async def identity(self) -> Identity:
        """Tell who we are."""
        ...

    async def principal(self, client_id: ClientId) -> str | None:
        """Give the object id of an application's service principal; None where it has none here."""
        ...

    async def service_time(self) -> datetime:
        """Tell what time it is by the directory's clock, to the second."""
        ...

    async def missing_tables(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name those that are not there."""
        ...

    async def waiting(self, queue: str) -> int | None:
        """Tell about how many messages wait in a queue; None where there is no such queue."""
        ...

    async def try_queue(self, queue: str, text: str) -> None:
        """Put a message in that nobody sees for a minute, and take it out again."""
        ...

    async def has_container(self) -> bool:
        """Tell whether the container of snapshots is there."""
        ...
