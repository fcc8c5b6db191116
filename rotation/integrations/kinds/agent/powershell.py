"""Run the companion script over SSH: Windows PowerShell reads it from its input, its arguments are always the same."""

import base64

from rotation.domain.errors import DestinationRefused
from rotation.domain.policy import Destination
from rotation.integrations.kinds.agent import companion
from rotation.integrations.kinds.agent.companion import Asked
from rotation.integrations.kinds.agent.credential_settings import CredentialSettings
from rotation.integrations.kinds.agent.run_command import Ran
from rotation.integrations.kinds.agent.ssh import Session, Way, ssh_key, visit
from rotation.integrations.services import IntegrationServices

READ_AND_RUN = "& ([scriptblock]::Create([Console]::In.ReadToEnd()))"
CHANGES = frozenset({"deliver", "restart"})


class PowerShell:
    """Windows PowerShell 5.1 on one server."""

    def __init__(self, services: IntegrationServices, settings: CredentialSettings, to: Destination) -> None:
        self._services = services
        self._settings = settings
        self._way = Way(
            host=str(settings.host),
            port=settings.port,
            key=ssh_key(to),
            timeout=settings.timeout_seconds,
            private_network=settings.private_network,
        )

    async def run(self, name: str, asked: Asked) -> Ran:  # noqa: ARG002 - a connection needs no name
        """Run it to its end; what is cut is done again, and finds what was done."""
        encoded = base64.b64encode(READ_AND_RUN.encode("utf-16-le")).decode()
        argv = ["powershell.exe", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded]

        async def do(session: Session) -> str:
            session.changing = asked["phase"] in CHANGES
            ended = await session.run(argv, stdin=companion.script(asked))
            if ended.status != 0:
                why = f"powershell.exe ends with {ended.status} on {self._settings.host}"
                raise DestinationRefused(f"{why}{companion.instead(self._settings.by_hand)}", reason="companion-failed")
            return ended.said

        return Ran(asked=asked, output=await visit(self._way, self._services, do))

    async def remove(self, name: str) -> None:
        """Do nothing: a connection leaves no record."""
