"""Keep a secret in the Windows Credential Store: discover, compare with what was approved, deliver, restart, prove."""

import secrets
from collections.abc import Mapping
from typing import Any, Protocol

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Found, Level, Receipt, Shipment, Verdict
from rotation.domain.errors import DestinationRefused, NotYetVisible
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.kinds.agent import companion
from rotation.integrations.kinds.agent.companion import Asked, Phase
from rotation.integrations.kinds.agent.credential_settings import CredentialSettings
from rotation.integrations.kinds.agent.powershell import PowerShell
from rotation.integrations.kinds.agent.run_command import Ran, RunCommands
from rotation.integrations.services import IntegrationServices

PHASES: tuple[Phase, ...] = ("deliver", "restart", "verify")


class Runner(Protocol):
    """A way to the server."""

    async def run(self, name: str, asked: Asked) -> Ran:
        """Run the script once under *name*, or go on with what was begun."""

    async def remove(self, name: str) -> None:
        """Remove what running left."""


class CredentialKeeper:
    """One destination whose secret is a Windows credential."""

    def __init__(self, services: IntegrationServices, settings: CredentialSettings, to: Destination) -> None:
        self._services = services
        self._settings = settings
        self._name = to.name
        self._runner: Runner = (
            PowerShell(services, settings, to) if settings.transport == "ssh" else RunCommands(services, settings)
        )

    async def check(self) -> Check:
        """Discover, and compare with what a person approved."""
        settings = self._settings
        try:
            found = await self._told(f"rotation-{self._name}-check", companion.request("discover", settings))
        except NotYetVisible as under_way:
            return Check(readiness=Readiness.UNKNOWN, why=f"{under_way.message}: ask again in a minute")
        except DestinationRefused as refused:
            return Check(readiness=Readiness.MISCONFIGURED, why=refused.message)
        if found.get("fingerprint") == settings.discovered:
            return Check(readiness=Readiness.READY)
        what = (
            f"service {found.get('service')} of {found.get('account')}, whose {settings.file} names credential "
            f"{found.get('target')!r} at {found.get('path')}"
        )
        then = f"where that is the place, set `discovered: {found.get('fingerprint')}`"
        return Check(
            readiness=Readiness.MISCONFIGURED, why=f"found {what}: {then}{companion.instead(settings.by_hand)}"
        )

    async def deliver(self, shipment: Shipment, text: SecretText) -> Receipt:  # noqa: ARG002 - the server fetches it
        """Let the server fetch the version and replace the credential, unless it holds it already."""
        self._refuse_mix_up(shipment)
        asked = companion.request("deliver", self._settings) | {"secretId": shipment.secret_id}
        told = await self._told(self._run_name(shipment, "deliver"), asked)
        reference = f"wincred://{self._settings.server}/{self._settings.discovered}"
        return Receipt(reference=reference, facts={"written": "yes" if told.get("written") else "was there"})

    async def activate(self, shipment: Shipment) -> None:
        """Restart the service unless it has started since the credential was written."""
        await self._told(self._run_name(shipment, "restart"), companion.request("restart", self._settings))

    async def verify(self, shipment: Shipment, text: SecretText) -> Verdict:
        """Let the server prove what it reads back, and sign in with it."""
        self._refuse_mix_up(shipment)
        asked = companion.request("verify", self._settings) | {
            "nonce": secrets.token_hex(32),
            "signIn": companion.sign_in(shipment, self._services) if self._settings.sign_in else None,
        }
        ran = await self._runner.run(self._run_name(shipment, "verify"), asked)
        told = companion.answered(ran.output, self._settings.by_hand)
        if not companion.proves(told.get("proof"), str(ran.asked.get("nonce")), text):
            return Verdict(found=Found.OLDER, why="the credential holds another secret")
        return self._tried(told.get("signedIn"))

    async def cleanup(self, shipment: Shipment) -> None:
        """Remove the records of this rotation's run commands; the script itself leaves nothing on the server."""
        for phase in PHASES:
            await self._runner.remove(self._run_name(shipment, phase))

    def _tried(self, signed_in: object) -> Verdict:
        if not self._settings.sign_in:
            return Verdict(found=Found.CURRENT, level=Level.STORED, why="the server proved that it holds it")
        if signed_in == "yes":
            why = "the server signed in with what it holds"
            return Verdict(found=Found.CURRENT, level=Level.AUTHENTICATES, why=why, signed_in=True)
        if signed_in == "no":
            why = "the server holds it, and its sign-in was refused"
            return Verdict(found=Found.OLDER, why=why, signed_in=True)
        why = f"the server proved that it holds it; its sign-in had no answer ({str(signed_in)[:80]})"
        return Verdict(found=Found.CURRENT, level=Level.STORED, why=why)

    def _refuse_mix_up(self, shipment: Shipment) -> None:
        """Refuse before the server hears of it: another application's secret, or a place that nobody approved."""
        settings = self._settings
        if shipment.client_id.lower() != settings.application_id:
            raise DestinationRefused(
                f"this place takes the secrets of client id {settings.application_id}, and this one is of "
                f"{shipment.client_id} ({shipment.application_name})",
                reason="another-application",
            )
        if settings.discovered is None:
            raise DestinationRefused(
                f"nobody has approved what is changed on {settings.server}: `rotation destinations check` finds it"
                f"{companion.instead(settings.by_hand)}",
                reason="discovery-not-approved",
            )

    def _run_name(self, shipment: Shipment, phase: Phase) -> str:
        return f"rotation-{self._name}-{shipment.rotation.ulid.lower()}-{phase}"

    async def _told(self, name: str, asked: Asked) -> Mapping[str, Any]:
        ran = await self._runner.run(name, asked)
        return companion.answered(ran.output, self._settings.by_hand)
