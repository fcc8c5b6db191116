"""`azure-devops-service-connection`, over real HTTPS: our simulator of Azure DevOps, with a personal access token."""

from collections.abc import Mapping
from typing import ClassVar

from tests.contract.azure_devops import AzureDevOpsHarness
from tests.contract.harness_base import CLIENT, TENANT

CONNECTION = "106a0c71-70fe-4d96-ba5c-5b6548708d15"
AUTHORIZATION = {
    "scheme": "ServicePrincipal",
    "parameters": {
        "tenantid": TENANT,
        "serviceprincipalid": CLIENT,
        "authenticationType": "spnKey",
        "serviceprincipalkey": "CANARY~by hand",
    },
}


class ServiceConnectionHarness(AzureDevOpsHarness):
    kind = "azure-devops-service-connection"
    keeps_order = False
    write_only: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.devops.add_connection(CONNECTION, AUTHORIZATION)

    @property
    def settings(self) -> Mapping[str, object]:
        return {**self.home, "service_connection": CONNECTION}

    @property
    def held(self) -> object:
        return self.devops.connections[CONNECTION]["authorization"]["parameters"]["serviceprincipalkey"]
