"""A way to reach people that keeps what it was given."""

from collections.abc import Container

from rotation.domain.audience import Audience
from rotation.domain.errors import Misconfigured
from rotation.ports.notices import Message
from tests.fakes.mishaps import Mishaps


class MemoryChannel:
    """
    Keep messages. Crueller than the real thing: LOST_AFTER delivers and then fails, so people hear twice.

    `audiences` None reaches everybody.
    """

    def __init__(self, name: str = "teams", *, audiences: Container[str] | None = None) -> None:
        self._name = name
        self._audiences = audiences
        self.mishaps = Mishaps()
        self.sent: list[tuple[Audience, Message]] = []

    @property
    def name(self) -> str:
        return self._name

    def reaches(self, audience: Audience) -> bool:
        return self._audiences is None or audience.name in self._audiences

    async def send(self, audience: Audience, message: Message) -> None:
        async def act() -> None:
            if not self.reaches(audience):
                raise Misconfigured([f"{audience.name} has no address here"])
            self.sent.append((audience, message))

        await self.mishaps.around("send", act)
