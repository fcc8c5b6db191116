"""What a deployment stands on, as a test says that it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rotation.domain.identifiers import ClientId
from rotation.ledger import keys
from rotation.ports.clock import Clock
from rotation.ports.surroundings import Identity, Place
from tests.fakes.mishaps import Mishaps

OURS = ClientId("11111111-0000-4000-8000-00000000000a")
OUR_OBJECT = "22222222-0000-4000-8000-00000000000a"
ENOUGH = frozenset(
    {"Application.Read.All", "Application.ReadWrite.OwnedBy", "AuditLog.Read.All", "Policy.Read.All", "Mail.Send"}
)


@dataclass
class MemorySurroundings:
    """Everything is there and allowed until a test takes it away."""

    clock: Clock
    who: Identity = field(
        default_factory=lambda: Identity(
            name="rotation", client_id=OURS, object_id=OUR_OBJECT, person=False, permissions=ENOUGH
        )
    )
    place: Place = field(default_factory=lambda: Place(storage_account="contoso"))
    ahead: timedelta = timedelta()
    """How much the directory's clock is ahead of ours."""
    tables: set[str] = field(default_factory=lambda: set(keys.TABLES))
    queues: dict[str, int] = field(
        default_factory=lambda: {name: 0 for each in keys.QUEUES for name in (each, keys.poison_of(each))}
    )
    container: bool = True
    principals: dict[ClientId, str] = field(default_factory=dict)
    tried: list[str] = field(default_factory=list)
    mishaps: Mishaps = field(default_factory=Mishaps)

    async def identity(self) -> Identity:
        async def act() -> Identity:
            return self.who

        return await self.mishaps.around("identity", act)

    async def principal(self, client_id: ClientId) -> str | None:
        return self.principals.get(client_id)

    async def service_time(self) -> datetime:
        async def act() -> datetime:
            return (self.clock.now() + self.ahead).replace(microsecond=0)

        return await self.mishaps.around("service_time", act)

    async def missing_tables(self, names: Sequence[str]) -> tuple[str, ...]:
        async def act() -> tuple[str, ...]:
            return tuple(name for name in names if name not in self.tables)

        return await self.mishaps.around("missing_tables", act)

    async def waiting(self, queue: str) -> int | None:
        return self.queues.get(queue)

    async def try_queue(self, queue: str, text: str) -> None:
        async def act() -> None:
            assert text
            self.tried.append(queue)

        await self.mishaps.around("try_queue", act)

    async def has_container(self) -> bool:
        async def act() -> bool:
            return self.container

        return await self.mishaps.around("has_container", act)
