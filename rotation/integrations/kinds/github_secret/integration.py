"""
Seal the text for GitHub, and put it there. Nobody can read it back.

Writing the same again is harmless, and the ciphertext differs each time; order is kept by the line, whose newest
publication is read again right before each write.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress

from nacl.exceptions import CryptoError
from nacl.public import PublicKey as Curve25519
from nacl.public import SealedBox

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Capabilities, Found, Level, Receipt, Shipment, Verdict
from rotation.domain.errors import DestinationRefused
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.connections import GitHubApp, Token, connection_of
from rotation.integrations.kind import AutomaticIntegration
from rotation.integrations.kinds.github_secret.client import GitHubClient, PublicKey
from rotation.integrations.kinds.github_secret.settings import GitHubSecretSettings
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read


class GitHubSecretIntegration(AutomaticIntegration[GitHubSecretSettings]):
    """A secret of a repository, an environment or an organisation."""

    def settings(self, of: Destination) -> GitHubSecretSettings:
        """Read them."""
        return read(GitHubSecretSettings, of)

    async def check(self, to: Destination) -> Check:
        """Read the public key, and what an organisation lets use its secret; a right to write shows only by writing."""
        settings = self.settings(to)
        client = await self._client(to, settings)
        await client.public_key()
        if not settings.repository and await client.known() is None:
            why = (
                f"the organisation has no secret {settings.name}: create it once, and choose which repositories use it"
            )
            return Check(readiness=Readiness.MISCONFIGURED, why=why)
        return Check(readiness=Readiness.READY)

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """Put it there; an organisation's secret keeps who may use it."""
        settings = self.settings(to)
        client = await self._client(to, settings)
        scope = {} if settings.repository else await _scope(client, settings)
        key = await client.public_key()
        await client.put(lambda: {"encrypted_value": _sealed(key, text), "key_id": key.key_id, **scope})
        return Receipt(
            reference=f"{settings.place.removeprefix('/')}/secrets/{settings.name}",
            facts={"sealed_for": key.key_id, "key_id": shipment.key_id},
        )

    async def verify(
        self,
        at: Destination,
        shipment: Shipment,
        text: SecretText,  # noqa: ARG002  # the port's signature
    ) -> Verdict:
        """Say when it was written last; what it holds, nobody can see."""
        known = await (await self._client(at, self.settings(at))).known()
        if known is None:
            return Verdict(found=Found.ABSENT, why="there is no such secret")
        why = f"written last at {known.updated_at:%Y-%m-%d %H:%M} UTC; GitHub shows no values: "
        seen = f"sign-ins with key id {shipment.key_id} will show it"
        return Verdict(found=Found.UNKNOWABLE, level=Level.ACCEPTED, why=why + seen)

    async def _client(self, to: Destination, settings: GitHubSecretSettings) -> GitHubClient:
        client = GitHubClient(self._services, settings)
        await client.sign_in(connection_of(to, GitHubApp, Token))
        return client


def make(services: IntegrationServices, capabilities: Capabilities) -> GitHubSecretIntegration:
    """Make the implementation of `github-secret`."""
    return GitHubSecretIntegration(services, capabilities)


async def _scope(client: GitHubClient, settings: GitHubSecretSettings) -> Mapping[str, object]:
    """Give who may use an organisation's secret: a write that leaves it out would change it."""
    known = await client.known()
    if known is None or known.visibility is None:
        raise DestinationRefused(
            f"the organisation has no secret {settings.name}: create it once, and choose which repositories use it",
            reason="visibility-unknown",
        )
    if known.visibility != "selected":
        return {"visibility": known.visibility}
    return {"visibility": "selected", "selected_repository_ids": list(await client.selected())}


def _sealed(key: PublicKey, text: SecretText) -> str:
    """Seal as GitHub's documentation says: libsodium's sealed box, in base64."""
    with suppress(ValueError, TypeError, CryptoError):
        box = SealedBox(Curve25519(b64decode(key.key, validate=True)))
        return b64encode(box.encrypt(text.reveal().encode())).decode()
    raise DestinationRefused("GitHub's public key is no Curve25519 key", reason="unexpected-shape")
