"""What Surroundings promises."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from rotation.domain.identifiers import ClientId
from rotation.ledger import keys
from rotation.ports.surroundings import Surroundings


class Around(Protocol):
    """What others do to a deployment."""

    async def make_tables(self) -> None: ...

    async def make_queue(self, name: str) -> None: ...

    async def fill(self, queue: str, count: int) -> None: ...

    async def make_container(self) -> None: ...

    def someone(self) -> tuple[ClientId, str]:
        """An application's client id and the object id of its service principal."""
        ...

    def move_clock(self, by: timedelta) -> None: ...


NOBODY = ClientId("00000000-0000-4000-8000-000000000000")


class SurroundingsPromises:
    async def test_we_are_told_who_we_are_and_what_we_may(self, surroundings: Surroundings) -> None:
        seen = await surroundings.identity()
        assert not seen.person
        assert seen.client_id
        assert {"Application.Read.All", "Policy.Read.All"} <= seen.permissions
        assert await surroundings.principal(seen.client_id) in {seen.object_id, None}

    async def test_a_service_principal_is_found_by_its_client_id(
        self, surroundings: Surroundings, around: Around
    ) -> None:
        client_id, object_id = around.someone()
        assert await surroundings.principal(client_id) == object_id
        assert await surroundings.principal(NOBODY) is None

    async def test_time_is_the_services_own_to_the_second(self, surroundings: Surroundings, around: Around) -> None:
        before = await surroundings.service_time()
        assert abs(before - datetime.now(UTC)) < timedelta(days=10_000)
        assert (before.tzinfo, before.microsecond) == (UTC, 0)
        around.move_clock(timedelta(hours=3))
        assert (
            timedelta(hours=2, minutes=58) < await surroundings.service_time() - before < timedelta(hours=3, minutes=2)
        )

    async def test_tables_that_are_not_there_are_named(self, surroundings: Surroundings, around: Around) -> None:
        await around.make_tables()
        assert await surroundings.missing_tables([*keys.TABLES, "nobodys"]) == ("nobodys",)

    async def test_a_queue_is_not_there_or_holds_so_many(self, surroundings: Surroundings, around: Around) -> None:
        assert await surroundings.waiting("q-nobodys") is None
        await around.make_queue("q-ours")
        assert await surroundings.waiting("q-ours") == 0
        await around.fill("q-ours", 2)
        assert await surroundings.waiting("q-ours") == 2

    async def test_what_was_tried_is_taken_back(self, surroundings: Surroundings, around: Around) -> None:
        await around.make_queue("q-tried")
        await surroundings.try_queue("q-tried", "a probe")
        assert await surroundings.waiting("q-tried") == 0

    async def test_the_container_is_there_or_not(self, surroundings: Surroundings, around: Around) -> None:
        await around.make_container()
        assert await surroundings.has_container()
