"""Tell people in Teams, through a Workflows address that lies in the vault."""

from datetime import timedelta
from typing import TYPE_CHECKING

from rotation.domain.audience import Audience
from rotation.domain.errors import Misconfigured
from rotation.notifications.card import payload
from rotation.notifications.pace import Pace
from rotation.notifications.vault_text import newest
from rotation.notifications.words import safe_link
from rotation.ports.notices import Message
from rotation.ports.vault import Vault

if TYPE_CHECKING:
    from rotation.notifications.wire import OpenClient

APART = timedelta(milliseconds=250)
"""Teams takes four requests a second for a channel (platform.md F)."""


class Teams:
    """`ports.notices.Channel` over Teams Workflows; 202 means that the workflow was started, not that it succeeded."""

    def __init__(self, vault: Vault, open_client: "OpenClient", *, apart: timedelta = APART) -> None:
        self._vault = vault
        self._open_client = open_client
        self._pace = Pace(apart)

    @property
    def name(self) -> str:
        """`teams`."""
        return "teams"

    def reaches(self, audience: Audience) -> bool:
        """Tell whether it names a vault secret with an address."""
        return audience.teams_secret is not None

    async def send(self, audience: Audience, message: Message) -> None:
        """Send the card; at least once."""
        name = audience.teams_secret
        missing = Misconfigured([f"audiences.{audience.name}: no vault secret {name!r} with a Workflows address"])
        if name is None:
            raise missing
        url = (await newest(self._vault, name, missing=missing)).reveal().strip()
        if not (url.startswith("https://") and safe_link(url)):
            raise Misconfigured([f"audiences.{audience.name}: the vault secret {name!r} is no https address"])
        await self._pace.turn(name)
        from rotation.notifications.wire import post  # noqa: PLC0415  # loads httpx, with the first card

        await post(
            self._open_client,
            url,
            headers={"content-type": "application/json"},
            content=payload(message, audience.zone),
            whom=f"the Teams workflow of audience {audience.name!r}",
        )
