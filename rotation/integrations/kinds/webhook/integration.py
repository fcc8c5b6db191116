"""Tell a receiver about a new secret, and ask it whether the secret signs in."""

from collections.abc import Callable
from functools import partial

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Capabilities, Found, Receipt, Shipment, Verdict
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.kind import AutomaticIntegration
from rotation.integrations.kinds.webhook import message, receipt
from rotation.integrations.kinds.webhook.message import Signer
from rotation.integrations.kinds.webhook.settings import WebhookSettings
from rotation.integrations.outbound.addresses import host_of
from rotation.integrations.outbound.wire import Answer, Call, send
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read


class WebhookIntegration(AutomaticIntegration[WebhookSettings]):
    """A receiver at an HTTPS address."""

    def settings(self, of: Destination) -> WebhookSettings:
        """Read them."""
        return read(WebhookSettings, of)

    async def check(self, to: Destination) -> Check:
        """Read the signing secret, and ask `verify_url` where there is one; nobody is told anything."""
        settings = self.settings(to)
        Signer(await self._services.connection_secret(settings.signing_secret))
        if settings.verify_url is None:
            return Check(readiness=Readiness.UNKNOWN, why="without a `verify_url` nothing can be asked without telling")
        await self._send(settings, settings.verify_url, f"check.{to.name}")
        return Check(readiness=Readiness.READY)

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """Tell it; a repeat bears the same `webhook-id`, by which a receiver knows that it has it already."""
        settings = read(WebhookSettings, to)
        identifier = ".".join(part for part in (shipment.rotation.ulid, shipment.journey, to.name) if part)
        told = partial(message.body, shipment, text if settings.send_value else None)
        answer = await self._send(settings, settings.url, identifier, body=told)
        return Receipt(reference=identifier, facts={"status": str(answer.status), "host": host_of(settings.url)})

    async def verify(
        self,
        at: Destination,
        shipment: Shipment,
        text: SecretText,  # noqa: ARG002  # the port's signature
    ) -> Verdict:
        """Ask which key id it holds, and whether that one signed in."""
        settings = read(WebhookSettings, at)
        if settings.verify_url is None:
            return Verdict(found=Found.UNKNOWABLE, why="it was told; without a `verify_url` nobody can look")
        answer = await self._send(settings, settings.verify_url, f"{shipment.rotation.ulid}.{at.name}.verify")
        return receipt.verdict(answer.body, shipment)

    async def _send(
        self, settings: WebhookSettings, url: str, identifier: str, *, body: Callable[[], bytes] | None = None
    ) -> Answer:
        """POST what *body* makes, or GET without it; both are signed alike."""
        now = self._services.clock.now()
        signer = Signer(await self._services.connection_secret(settings.signing_secret))
        signed = signer.sign(identifier, body() if body else b"", at=now)
        call = Call(
            method="POST" if body else "GET",
            url=url,
            headers=signed.headers,
            body=signed.body,
            timeout=settings.timeout_seconds,
            private_network=settings.private_network,
            denied="does it know our signing secret?",
            gone="nobody listens at that path",
        )
        return await send(call, self._services.open_client, now=now)


def make(services: IntegrationServices, capabilities: Capabilities) -> WebhookIntegration:
    """Make the implementation of `webhook`."""
    return WebhookIntegration(services, capabilities)
