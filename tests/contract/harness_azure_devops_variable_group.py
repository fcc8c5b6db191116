"""`azure-devops-variable-group`, over real HTTPS: our simulator of Azure DevOps, with a personal access token."""

from collections.abc import Mapping
from typing import ClassVar

from tests.contract.azure_devops import AzureDevOpsHarness

GROUP = 7
VARIABLE = "ENTRA_CLIENT_SECRET"
OTHERS = {
    "COLOUR": {"value": "blue"},
    "DB_PASSWORD": {"value": "CANARY~of somebody else", "isSecret": True},
    "STAGE": {"value": "prod", "isReadOnly": True},
}


class VariableGroupHarness(AzureDevOpsHarness):
    kind = "azure-devops-variable-group"
    keeps_order = False
    write_only: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.group = self.devops.add_group(GROUP, OTHERS, description="what the pipelines need")

    @property
    def settings(self) -> Mapping[str, object]:
        return {**self.home, "group": GROUP, "variable": VARIABLE, "create": True}

    @property
    def held(self) -> object:
        return self.devops.groups[GROUP]["variables"].get(VARIABLE, {}).get("value")
