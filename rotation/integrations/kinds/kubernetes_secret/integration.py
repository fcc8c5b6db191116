"""Write one key of a Secret together with its mark, restart what reads it, and read both back."""

import json
from datetime import timedelta

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Capabilities, Found, Level, Receipt, Shipment, Verdict
from rotation.domain.errors import DestinationGone, DestinationRefused, NotYetVisible
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.connections import Identity, Token, connection_of
from rotation.integrations.kind import AutomaticIntegration
from rotation.integrations.kinds.kubernetes_secret.client import Held, KubernetesClient
from rotation.integrations.kinds.kubernetes_secret.settings import KubernetesSecretSettings
from rotation.integrations.mark import Mark, judged, refuse_covering, tags
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read

ROLLS_FOR = timedelta(seconds=15)


class KubernetesSecretIntegration(AutomaticIntegration[KubernetesSecretSettings]):
    """A Secret of a cluster."""

    def settings(self, of: Destination) -> KubernetesSecretSettings:
        """Read them."""
        return read(KubernetesSecretSettings, of)

    async def check(self, to: Destination) -> Check:
        """Read the Secret and the workloads; a right to write cannot be seen by reading."""
        settings = self.settings(to)
        client = await self._client(to, settings)
        why = _problem(await client.read(), settings)
        for workload in settings.workloads:
            await client.rolled_out(workload)
        return Check(readiness=Readiness.MISCONFIGURED, why=why) if why else Check(readiness=Readiness.READY)

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """Write unless it is there already, mark and all."""
        settings = self.settings(to)
        client = await self._client(to, settings)
        held = await client.read()
        _refuse(held, settings)
        where = f"{settings.namespace}/{settings.secret} key {settings.key!r}"
        if held is not None and held.value is not None and held.value != text:
            refuse_covering(_mark(held), shipment, where=where, adopt=settings.adopt)
        there = held is not None and held.value == text and _mark(held) == Mark.of(shipment)
        if not there:
            await client.write(text, mark=json.dumps(tags(shipment)), over=held)
        reference = f"{settings.server}{settings.path}/{settings.secret}#{settings.key}@{shipment.version}"
        return Receipt(reference=reference, facts={"written": "was there" if there else "yes"})

    async def activate(self, at: Destination, shipment: Shipment, receipt: Receipt) -> None:  # noqa: ARG002  # the port's signature
        """Restart the workloads, and wait until every pod is of the new template."""
        settings = self.settings(at)
        if not settings.workloads:
            return
        client = await self._client(at, settings)
        for workload in settings.workloads:
            await client.restart(workload, shipment.version)
        rolling = [workload.name for workload in settings.workloads if not await client.rolled_out(workload)]
        if rolling:
            raise NotYetVisible(f"still rolling out: {', '.join(rolling)}", retry_after=ROLLS_FOR)

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        """Compare the key with *text*, in constant time."""
        held = await (await self._client(at, self.settings(at))).read()
        if held is None or held.value is None:
            return Verdict(found=Found.ABSENT, why="there is no such Secret" if held is None else "it has no such key")
        if held.value == text:
            return Verdict(found=Found.CURRENT, level=Level.STORED, why="read back")
        return judged(_mark(held), shipment) or Verdict(found=Found.ABSENT, why="our mark stands beside another text")

    async def _client(self, to: Destination, settings: KubernetesSecretSettings) -> KubernetesClient:
        match connection_of(to, Token, Identity):
            case Token(secret=secret):
                token = await self._services.connection_secret(secret)
            case _:
                token = await self._services.token(settings.entra_scope)
        return KubernetesClient(self._services, settings, token)


def make(services: IntegrationServices, capabilities: Capabilities) -> KubernetesSecretIntegration:
    """Make the implementation of `kubernetes-secret`."""
    return KubernetesSecretIntegration(services, capabilities)


def _problem(held: Held | None, settings: KubernetesSecretSettings) -> str:
    if held is None:
        return "" if settings.create else "there is no such Secret; make it, or set `create: true`"
    if held.immutable:
        return "the Secret is immutable: nothing in it can be changed"
    if held.value is not None and _mark(held) is None and not settings.adopt:
        return f"key {settings.key!r} holds a value that we did not write; `adopt: true` lets it be replaced"
    return ""


def _refuse(held: Held | None, settings: KubernetesSecretSettings) -> None:
    where = f"Secret {settings.namespace}/{settings.secret}"
    if held is None and not settings.create:
        raise DestinationGone(f"{where} is not there; make it, or set `create: true`")
    if held is not None and held.immutable:
        raise DestinationRefused(f"{where} is immutable: nothing in it can be changed", reason="immutable")


def _mark(held: Held) -> Mark | None:
    try:
        return Mark.read(json.loads(held.mark or "{}"))
    except (ValueError, AttributeError):
        return None
