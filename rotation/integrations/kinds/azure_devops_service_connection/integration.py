"""
Replace the service principal key of an Azure Resource Manager service connection.

Only connections with scheme ServicePrincipal and a secret that somebody entered have one; the object is sent back
as it was read, but for the key.
"""

from dataclasses import dataclass

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Capabilities, Found, Level, Receipt, Shipment, Verdict
from rotation.domain.errors import DestinationRefused, RotationError
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.kind import AutomaticIntegration
from rotation.integrations.kinds.azure_devops_service_connection.settings import ServiceConnectionSettings
from rotation.integrations.outbound.azure_devops import AzureDevOps
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read
from rotation.integrations.whole_object import Change, Whole, change_one, value_at

API_VERSION = "api-version=7.1-preview.4"
KEY = ("authorization", "parameters", "serviceprincipalkey")
BY_ITSELF = frozenset({("modifiedBy",), ("modificationDate",), ("operationStatus",), ("isReady",), ("isOutdated",)})
"""What Azure DevOps changes on each write."""


@dataclass(frozen=True, slots=True)
class ServiceConnection:
    """A service connection, as a `whole_object.Place` without an etag."""

    devops: AzureDevOps
    settings: ServiceConnectionSettings

    async def read(self) -> Whole:
        """Read it; its key comes as null."""
        return await self.devops.get(self._url(self.settings.home))

    async def write(self, whole: Whole) -> bool:
        """Replace it."""
        return await self.devops.put(self._url(self.settings.organization), whole)

    def _url(self, base: str) -> str:
        return f"{base}/_apis/serviceendpoint/endpoints/{self.settings.service_connection}?{API_VERSION}"


class ServiceConnectionIntegration(AutomaticIntegration[ServiceConnectionSettings]):
    """One Azure Resource Manager service connection."""

    def settings(self, of: Destination) -> ServiceConnectionSettings:
        """Read them."""
        return read(ServiceConnectionSettings, of)

    async def check(self, to: Destination) -> Check:
        """Look whether it keeps a secret at all; a right to write cannot be seen by reading."""
        _settings, place = self._place(to)
        wrong = unfit(await place.read())
        if wrong is not None:
            return Check(readiness=Readiness.MISCONFIGURED, why=wrong.message)
        return Check(readiness=Readiness.READY)

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """Write it, again too: what is there cannot be read."""
        settings, place = self._place(to)

        def refuses(whole: Whole) -> RotationError | None:
            return unfit(whole) or _of_another(whole, shipment)

        change = Change(path=KEY, new=lambda _old: text.reveal(), refuses=refuses, by_itself=BY_ITSELF)
        await change_one(place, change)
        return Receipt(reference=settings.resource(), facts={"written": "yes"})

    async def verify(
        self,
        at: Destination,
        shipment: Shipment,
        text: SecretText,  # noqa: ARG002  # the port's signature
    ) -> Verdict:
        """Say whether it could hold the secret at all; whether it does cannot be known."""
        _settings, place = self._place(at)
        whole = await place.read()
        if (wrong := unfit(whole) or _of_another(whole, shipment)) is not None:
            return Verdict(found=Found.ABSENT, why=wrong.message)
        if whole.content.get("isReady") is False:
            return Verdict(found=Found.ABSENT, why="Azure DevOps says that it is not ready")
        return Verdict(
            found=Found.UNKNOWABLE, level=Level.ACCEPTED, why="the key of a service connection is never shown"
        )

    def _place(self, of: Destination) -> tuple[ServiceConnectionSettings, ServiceConnection]:
        settings = self.settings(of)
        return settings, ServiceConnection(AzureDevOps(self._services, settings, of), settings)


def make(services: IntegrationServices, capabilities: Capabilities) -> ServiceConnectionIntegration:
    """Make the implementation of `azure-devops-service-connection`."""
    return ServiceConnectionIntegration(services, capabilities)


def unfit(whole: Whole) -> RotationError | None:
    """Tell why no secret of ours belongs into it, and what to do instead."""
    said = {path: value_at(whole, path) for path in _TOLD}
    if str(said["type",]).lower() != "azurerm":
        return _takes_none(
            f"it is of type {said['type',]!r}, and only azurerm is delivered to: remove this destination"
        )
    match said["authorization", "scheme"], said["authorization", "parameters", "authenticationType"]:
        case "ServicePrincipal", "spnCertificate":
            return _takes_none("it signs in with a certificate: remove this destination")
        case "ServicePrincipal", _ if said["data", "creationMode"] == "Automatic":
            return _takes_none(
                "Azure DevOps made its application and keeps the secret itself (creation mode Automatic): convert it "
                "to workload identity federation"
            )
        case "ServicePrincipal", _:
            return None
        case "WorkloadIdentityFederation", _:
            return _takes_none("it uses workload identity federation and needs no secret: remove this destination")
        case scheme, _:
            return _takes_none(f"its scheme is {scheme!r}, which keeps no secret of this kind: remove this destination")


_TOLD = (
    ("type",),
    ("authorization", "scheme"),
    ("authorization", "parameters", "authenticationType"),
    ("data", "creationMode"),
)


def _takes_none(why: str) -> RotationError:
    return DestinationRefused(f"the service connection takes no secret: {why}", reason="takes-no-secret")


def _of_another(whole: Whole, shipment: Shipment) -> RotationError | None:
    found = value_at(whole, ("authorization", "parameters", "serviceprincipalid"))
    if str(found).lower() == shipment.client_id.lower():
        return None
    return DestinationRefused(
        f"the service connection signs in as {found}, and this secret is of {shipment.client_id}",
        reason="another-application",
    )
