"""Tell people in Teams, through a Workflows address that lies in the vault."""

from rotation.domain.errors import AccessDenied, Misconfigured, NotFound, VaultRefused
from rotation.domain.policy import Audience
from rotation.domain.secret import SecretText
from rotation.notifications.card import payload
from rotation.notifications.wire import OpenClient, post
from rotation.notifications.words import safe_link
from rotation.ports.notices import Message
from rotation.ports.vault import Vault


class Teams:
    """`ports.notices.Channel` over Teams Workflows; 202 means that the workflow was started, not that it succeeded."""

    def __init__(self, vault: Vault, open_client: OpenClient) -> None:
        self._vault = vault
        self._open_client = open_client

    @property
    def name(self) -> str:
        """`teams`."""
        return "teams"

    def reaches(self, audience: Audience) -> bool:
        """Tell whether it names a vault secret with an address."""
        return audience.teams_secret is not None

    async def send(self, audience: Audience, message: Message) -> None:
        """Send the card; at least once."""
        url = (await self._address(audience)).reveal().strip()
        if not (url.startswith("https://") and safe_link(url)):
            raise Misconfigured(
                [f"audiences.{audience.name}: the vault secret {audience.teams_secret!r} is no https address"]
            )
        await post(
            self._open_client,
            url,
            headers={"content-type": "application/json"},
            content=payload(message),
            whom=f"the Teams workflow of audience {audience.name!r}",
        )

    async def _address(self, audience: Audience) -> SecretText:
        """Read the newest enabled version, each time: who replaces it need not restart us."""
        name = audience.teams_secret
        missing = Misconfigured([f"audiences.{audience.name}: no vault secret {name!r} with a Workflows address"])
        if name is None:
            raise missing
        try:
            enabled = [version for version in await self._vault.versions(name) if version.enabled]
            if enabled:
                return await self._vault.read(name, enabled[-1].version)
        except VaultRefused as error:
            raise AccessDenied(f"the vault secret {name!r} cannot be read: {error.message}", secret=name) from error
        except NotFound as error:
            raise missing from error
        raise missing
