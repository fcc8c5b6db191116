"""
Put a version under a token made from the rotation, so that AWS itself takes a repeat once; then read it back.

The mark stands in the secret's tags with the version that it speaks of: value and mark are two writes.
"""

import hashlib

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Capabilities, Found, Level, Receipt, Shipment, Verdict
from rotation.domain.errors import DestinationGone
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.kind import AutomaticIntegration
from rotation.integrations.kinds.aws_secrets_manager.client import Held, SecretClient
from rotation.integrations.kinds.aws_secrets_manager.settings import SecretsManagerSettings
from rotation.integrations.mark import Mark, judged, refuse_covering, tags
from rotation.integrations.outbound import aws
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read

VERSION_TAG = "secret-version"
TOKEN_LENGTH = 64


class SecretsManagerIntegration(AutomaticIntegration[SecretsManagerSettings]):
    """A secret in AWS Secrets Manager."""

    def settings(self, of: Destination) -> SecretsManagerSettings:
        """Read them."""
        return read(SecretsManagerSettings, of)

    async def check(self, to: Destination) -> Check:
        """Read it; a right to write cannot be seen by reading."""
        settings = self.settings(to)
        held = await (await self._client(to, settings)).read()
        why = ""
        if held is None and not settings.create:
            why = "there is no such secret; make it, or set `create: true`"
        elif held is not None and held.value is not None and _mark(held) is None and not settings.adopt:
            why = "it holds a value that we did not write; `adopt: true` lets it be replaced"
        return Check(readiness=Readiness.MISCONFIGURED if why else Readiness.READY, why=why)

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """Write unless it is there already, then mark it."""
        settings = self.settings(to)
        client = await self._client(to, settings)
        held = await client.read()
        marks = tags(shipment)
        if held is None:
            if not settings.create:
                raise DestinationGone(f"{settings.secret} is not there; make it, or set `create: true`")
            version = await client.create(text, token=_token(shipment, ""), tags=marks)
        elif held.value == text:
            version = held.version
        else:
            if held.value is not None:
                refuse_covering(_mark(held), shipment, where=settings.secret, adopt=settings.adopt)
            version = await client.write(text, token=_token(shipment, held.version), over=held)
        if held is None or held.tags.get(VERSION_TAG) != version or _mark(held) != Mark.of(shipment):
            await client.mark({**marks, VERSION_TAG: version})
        return Receipt(reference=f"{settings.secret}@{version}", facts={"version": version, "region": settings.region})

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        """Compare what AWSCURRENT holds with *text*, in constant time."""
        held = await (await self._client(at, self.settings(at))).read()
        if held is None or held.value is None:
            return Verdict(
                found=Found.ABSENT, why="there is no such secret" if held is None else "it holds no text there"
            )
        if held.value == text:
            return Verdict(found=Found.CURRENT, level=Level.STORED, why="read back")
        return judged(_mark(held), shipment) or Verdict(found=Found.ABSENT, why="our mark stands beside another text")

    async def _client(self, to: Destination, settings: SecretsManagerSettings) -> SecretClient:
        return SecretClient(await aws.sign_in(self._services, to, settings, service="secretsmanager"), settings)


def make(services: IntegrationServices, capabilities: Capabilities) -> SecretsManagerIntegration:
    """Make the implementation of `aws-secrets-manager`."""
    return SecretsManagerIntegration(services, capabilities)


def _mark(held: Held) -> Mark | None:
    """Give the current version's mark; one that speaks of another version says nothing of this one."""
    return Mark.read(held.tags) if held.tags.get(VERSION_TAG) == held.version else None


def _token(shipment: Shipment, over: str) -> str:
    """Name the write by what is written over what: a repeat counts once, and a later one over a stranger's counts."""
    return hashlib.sha256(f"{shipment.secret_id}|{over}".encode()).hexdigest()[:TOKEN_LENGTH]
