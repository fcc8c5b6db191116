"""Settings of `azure-devops-service-connection` destinations."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from rotation.domain.capability import Concurrency, Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.domain.identifiers import is_guid
from rotation.integrations.outbound.azure_devops import AzureDevOpsSettings


def _guid(text: str) -> str:
    if not is_guid(text):
        raise ValueError("is not a GUID such as 0f8fad5b-d9cb-469f-a165-70867728950e (`resourceId` in its address)")
    return text.lower()


class ServiceConnectionSettings(AzureDevOpsSettings):
    """Which service connection."""

    service_connection: Annotated[str, AfterValidator(_guid)]
    """Id of the service connection (`resourceId` in its address)."""

    def identity(self) -> Mapping[str, object]:
        """Give the service connection and the reach; the value always leaves."""
        return {
            "service_connection": self.resource(),
            "project": self.project.lower(),
            "value": True,
            "private_network": self.private_network,
        }

    def resource(self) -> str:
        """Give the service connection, which is written whole."""
        return f"{self.organization.lower()}/_apis/serviceendpoint/endpoints/{self.service_connection}"

    def capabilities(self) -> Capabilities:
        """Tell that its key is never shown again."""
        return Capabilities(
            mode=DeliveryMode.AUTOMATIC,
            level=Level.ACCEPTED,
            reads_back=ReadBack.NONE,
            concurrency=Concurrency.LEASE,
            whole_object=True,
        )

    def describe(self) -> Description:
        """Name organisation, project and service connection."""
        return Description(
            where=f"service connection {self.service_connection} in {self.home}",
            permissions=("a user of the organisation (Basic), and Administrator of the service connection",),
            secretless=(
                "Convert it to workload identity federation (Project settings, Service connections, "
                "Convert): Azure DevOps then signs in without a secret, and nothing is left to rotate."
            ),
            traps=(
                "Nobody can read the key again: what is known is that it was accepted.",
                "Each write replaces all of it: what somebody else changes at that very moment is lost.",
            ),
        )
