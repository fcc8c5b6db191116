"""
Put a new version of a SecureString with our mark as its description, in one request; then read both back.

AWS keeps a description with each version, so value and mark never part.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Capabilities, Found, Level, Receipt, Shipment, Verdict
from rotation.domain.errors import DestinationGone
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.kind import AutomaticIntegration
from rotation.integrations.kinds.aws_ssm_parameter.settings import SsmParameterSettings
from rotation.integrations.mark import Mark, judged, refuse_covering, tags
from rotation.integrations.outbound import aws
from rotation.integrations.outbound.aws import Aws
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    version: int
    value: SecretText
    mark: Mark | None


class SsmParameterIntegration(AutomaticIntegration[SsmParameterSettings]):
    """A parameter of AWS Systems Manager."""

    def settings(self, of: Destination) -> SsmParameterSettings:
        """Read them."""
        return read(SsmParameterSettings, of)

    async def check(self, to: Destination) -> Check:
        """Read it; a right to write cannot be seen by reading."""
        settings = self.settings(to)
        held = await _read(await self._sign_in(to, settings), settings)
        if held is not None and held.mark is None and not settings.adopt:
            why = "it holds a value that we did not write; `adopt: true` lets it be replaced"
            return Check(readiness=Readiness.MISCONFIGURED, why=why)
        return Check(readiness=Readiness.READY)

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """Write unless it is there already, mark and all."""
        settings = self.settings(to)
        client = await self._sign_in(to, settings)
        held = await _read(client, settings)
        if held is not None and held.value != text:
            refuse_covering(held.mark, shipment, where=settings.parameter, adopt=settings.adopt)
        if held is not None and held.value == text and held.mark == Mark.of(shipment):
            version = held.version
        else:
            version = await _write(client, settings, shipment, text=text)
        reference = f"{settings.parameter}:{version}"
        return Receipt(reference=reference, facts={"version": str(version), "region": settings.region})

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        """Compare the newest version with *text*, in constant time."""
        settings = self.settings(at)
        held = await _read(await self._sign_in(at, settings), settings)
        if held is None:
            return Verdict(found=Found.ABSENT, why="there is no such parameter")
        if held.value == text:
            return Verdict(found=Found.CURRENT, level=Level.STORED, why="read back")
        return judged(held.mark, shipment) or Verdict(found=Found.ABSENT, why="our mark stands beside another text")

    async def _sign_in(self, to: Destination, settings: SsmParameterSettings) -> Aws:
        return await aws.sign_in(self._services, to, settings, service="ssm")


def make(services: IntegrationServices, capabilities: Capabilities) -> SsmParameterIntegration:
    """Make the implementation of `aws-ssm-parameter`."""
    return SsmParameterIntegration(services, capabilities)


async def _read(client: Aws, settings: SsmParameterSettings) -> _Held | None:
    try:
        found = await client.ask("get_parameter", lambda: {"Name": settings.parameter, "WithDecryption": True})
    except DestinationGone:
        return None
    version = int(found["Parameter"]["Version"])
    mark = await _mark(client, settings, version)
    return _Held(version=version, value=SecretText(found["Parameter"]["Value"]), mark=mark)


async def _mark(client: Aws, settings: SsmParameterSettings, version: int) -> Mark | None:
    """Find the description of one version; the history is told oldest first, fifty a page."""
    more: dict[str, object] = {}
    while True:
        page = await client.ask("get_parameter_history", lambda more=more: {"Name": settings.parameter, **more})  # type: ignore[misc]  # binds the page
        for each in page["Parameters"]:
            if int(each["Version"]) == version:
                return _parsed(str(each.get("Description", "")))
        if not page.get("NextToken"):
            return None
        more = {"NextToken": page["NextToken"]}


def _parsed(description: str) -> Mark | None:
    try:
        found: object = json.loads(description)
    except ValueError:
        return None
    return Mark.read({str(k): str(v) for k, v in found.items()}) if isinstance(found, dict) else None


async def _write(client: Aws, settings: SsmParameterSettings, shipment: Shipment, *, text: SecretText) -> int:
    def arguments() -> Mapping[str, object]:
        told = {"Name": settings.parameter, "Type": "SecureString", "Tier": settings.tier, "Overwrite": True}
        key = {"KeyId": settings.kms_key} if settings.kms_key else {}
        return {**told, **key, "Description": json.dumps(tags(shipment)), "Value": text.reveal()}

    return int((await client.change("put_parameter", arguments))["Version"])
