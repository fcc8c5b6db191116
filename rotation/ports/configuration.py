"""The configuration as it is now."""

from typing import Protocol

from rotation.domain.policy import Configuration


class Configurations(Protocol):
    """Where policies, destinations and limits come from; read again before every act."""

    async def current(self) -> Configuration:
        """
        Give the configuration in force.

        Raises:
            Misconfigured: It cannot be read; nothing is done by an older one.
        """
        ...
