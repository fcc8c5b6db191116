"""Settings of `azure-devops-variable-group` destinations."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from rotation.domain.capability import Concurrency, Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.integrations.outbound.azure_devops import AzureDevOpsSettings


class VariableGroupSettings(AzureDevOpsSettings):
    """Which variable of which group."""

    group: Annotated[int, Field(gt=0)]
    """Number of the variable group (`variableGroupId` in its address)."""
    variable: Annotated[str, Field(pattern=r"^[0-9A-Za-z._ -]{1,200}$")]
    """Name of the secret variable."""
    create: bool = False
    """Yes, make the variable when there is none of that name."""

    def identity(self) -> Mapping[str, object]:
        """Give group, variable and reach; the value always leaves."""
        return {
            "group": self.resource(),
            "project": self.project.lower(),
            "variable": self.variable,
            "value": True,
            "private_network": self.private_network,
        }

    def resource(self) -> str:
        """Give the group, which is written whole; its number is the organisation's."""
        return f"{self.organization.lower()}/_apis/distributedtask/variablegroups/{self.group}"

    def capabilities(self) -> Capabilities:
        """Tell that secret variables are never shown again."""
        return Capabilities(
            mode=DeliveryMode.AUTOMATIC,
            level=Level.ACCEPTED,
            reads_back=ReadBack.TIMESTAMP,
            concurrency=Concurrency.LEASE,
            whole_object=True,
        )

    def describe(self) -> Description:
        """Name organisation, project, group and variable."""
        return Description(
            where=f"variable {self.variable} of variable group {self.group} in {self.home}",
            permissions=("a user of the organisation (Basic), and Administrator of the variable group (Library)",),
            secretless=(
                "A pipeline that signs in to Azure can use a service connection with workload identity federation, "
                "and needs no secret. One that must read it can link the group to the key vault (Link secrets from an "
                "Azure key vault), and then nothing is copied."
            ),
            traps=(
                "Nobody can read a secret variable again: what is known is that it was accepted.",
                "Each write replaces the whole group: what somebody else changes at that very moment is lost.",
            ),
        )
