"""
Replace one secret variable of a variable group.

The PUT deletes every variable that it leaves out, and keeps a secret one whose value is null: the group is read, sent
back as it was read but for the one variable, and read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Capabilities, Found, Level, Receipt, Shipment, Verdict
from rotation.domain.errors import DestinationGone, DestinationRefused, RotationError
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.kind import AutomaticIntegration
from rotation.integrations.kinds.azure_devops_variable_group.settings import VariableGroupSettings
from rotation.integrations.outbound.azure_devops import AzureDevOps
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read
from rotation.integrations.whole_object import Change, Whole, change_one, value_at

API_VERSION = "api-version=7.1-preview.2"
SENT = ("name", "description", "type", "providerData", "variables", "variableGroupProjectReferences")
"""What a PUT takes (VariableGroupParameters); all else of the answer is the service's own."""
LINKED = "AzureKeyVault"


@dataclass(frozen=True, slots=True)
class Group:
    """A variable group, as a `whole_object.Place` without an etag."""

    devops: AzureDevOps
    settings: VariableGroupSettings

    async def look(self) -> Whole:
        """Read it with all that the service tells."""
        url = f"{self.settings.home}/_apis/distributedtask/variablegroups/{self.settings.group}?{API_VERSION}"
        return await self.devops.get(url)

    async def read(self) -> Whole:
        """Read what a PUT takes; without its projects it could not be sent back."""
        found = await self.look()
        if not found.content.get("variableGroupProjectReferences"):
            raise DestinationRefused(
                f"variable group {self.settings.group} does not say which projects it belongs to, and would lose them",
                reason="unexpected-shape",
            )
        return Whole(content={key: found.content[key] for key in SENT if key in found.content})

    async def write(self, whole: Whole) -> bool:
        """Replace it."""
        url = f"{self.settings.organization}/_apis/distributedtask/variablegroups/{self.settings.group}?{API_VERSION}"
        return await self.devops.put(url, whole)


class VariableGroupIntegration(AutomaticIntegration[VariableGroupSettings]):
    """One secret variable of a variable group."""

    def settings(self, of: Destination) -> VariableGroupSettings:
        """Read them."""
        return read(VariableGroupSettings, of)

    async def check(self, to: Destination) -> Check:
        """Look at group and variable; a right to write cannot be seen by reading."""
        settings, group = self._group(to)
        whole = await group.read()
        wrong = _unfit(settings, whole)
        if wrong is not None:
            return Check(readiness=Readiness.MISCONFIGURED, why=wrong.message)
        return Check(readiness=Readiness.READY)

    async def deliver(
        self,
        to: Destination,
        shipment: Shipment,  # noqa: ARG002  # the port's signature
        text: SecretText,
    ) -> Receipt:
        """Write it, again too: what is there cannot be read."""
        settings, group = self._group(to)
        await change_one(group, _change(settings, text))
        return Receipt(reference=f"{settings.resource()}/{settings.variable}", facts={"written": "yes"})

    async def verify(
        self,
        at: Destination,
        shipment: Shipment,  # noqa: ARG002  # the port's signature
        text: SecretText,  # noqa: ARG002  # the port's signature
    ) -> Verdict:
        """Say that it is there and when the group was last changed; more cannot be known."""
        settings, group = self._group(at)
        found = await group.look()
        if value_at(found, ("variables", settings.variable)) is None:
            return Verdict(found=Found.ABSENT, why="there is no such variable")
        changed = str(found.content.get("modifiedOn", "at a time that it does not tell"))[:40]
        why = f"a secret variable cannot be read again; the group was last changed {changed}"
        return Verdict(found=Found.UNKNOWABLE, level=Level.ACCEPTED, why=why)

    def _group(self, of: Destination) -> tuple[VariableGroupSettings, Group]:
        settings = self.settings(of)
        return settings, Group(AzureDevOps(self._services, settings, of), settings)


def make(services: IntegrationServices, capabilities: Capabilities) -> VariableGroupIntegration:
    """Make the implementation of `azure-devops-variable-group`."""
    return VariableGroupIntegration(services, capabilities)


def _change(settings: VariableGroupSettings, text: SecretText) -> Change:
    def new(old: Any) -> dict[str, Any]:
        return {**(old if isinstance(old, Mapping) else {}), "value": text.reveal(), "isSecret": True}

    return Change(path=("variables", settings.variable), new=new, refuses=partial(_unfit, settings))


def _kept(whole: Whole, settings: VariableGroupSettings) -> Mapping[str, Any] | None:
    """Give what the group says of the variable, without a value; None: there is no such variable."""
    found = value_at(whole, ("variables", settings.variable))
    return {key: value for key, value in found.items() if key != "value"} if isinstance(found, Mapping) else None


def _unfit(settings: VariableGroupSettings, whole: Whole) -> RotationError | None:
    """Tell why the value cannot go there."""
    if whole.content.get("type") == LINKED:
        return DestinationRefused(
            "the variable group is linked to a key vault and keeps no values of its own: let it link the line's "
            "secret, and remove this destination",
            reason="takes-no-secret",
        )
    kept = _kept(whole, settings)
    if kept is None and not settings.create:
        return DestinationGone(
            f"variable group {settings.group} has no variable {settings.variable!r}; `create: true` lets it be made"
        )
    if kept is not None and not kept.get("isSecret"):
        return DestinationRefused(
            f"variable {settings.variable!r} is not secret: everybody who sees the group would see the value. Make it "
            "secret (the lock beside it) and map it in the pipelines that use it",
            reason="not-kept-secret",
        )
    return None
