"""Everything follows the cloud that it is deployed in: addresses of the global one stand where they are settings' defaults."""

import re
from collections.abc import Mapping

import pytest

from rotation.domain.identifiers import TenantId
from rotation.integrations.kinds.agent import companion
from rotation.integrations.kinds.postgresql.settings import PostgresqlSettings
from rotation.integrations.services import IntegrationServices
from tests.architecture.sources import ROOT
from tests.contract.harness_base import no_token, shipment
from tests.fakes import clouds
from tests.fakes.clock import MovableClock
from tests.fakes.directory import MemoryDirectory
from tests.fakes.vault import MemoryVaults

OF_ONE_CLOUD = re.compile(
    r"login\.microsoftonline\.com|graph\.microsoft\.com|[\w.-]*\.vault\.azure\.net|vault\.azure\.net|management\.azure\.com"
    r"|[\w.-]*\.windows\.net|portal\.azure\.com|entra\.microsoft\.com|api\.loganalytics\.io|azurewebsites\.net"
    r"|[\w.-]*applicationinsights\.(?:io|azure\.com)|monitor\.azure\.com|azurecomm\.net"
)
READ = frozenset({".py", ".ps1", ".sh", ".bicep", ".bicepparam", ".json", ".kql", ".html", ".js", ".yaml"})
ALLOWED: Mapping[str, Mapping[str, str]] = {
    "the default of a setting": {
        "rotation/settings/model.py": (
            "graph.microsoft.com management.azure.com login.microsoftonline.com api.loganalytics.io"
        ),
        "rotation/settings/storage.py": "core.windows.net",
        "rotation/adapters/storage.py": "core.windows.net",
    },
    "one of several clouds, side by side": {
        "infra/main.bicep": "graph.microsoft.com api.loganalytics.io azurewebsites.net",
        "rotation/integrations/kinds/hand_off/vault_link.py": ".vault.azure.net portal.azure.com",
        "rotation/integrations/kinds/postgresql/settings.py": "ossrdbms-aad.database.windows.net",
    },
    "an example for people": {
        "rotation/config/model.py": "azurecomm.net",
        "rotation/config/spellings.py": "contoso.vault.azure.net .vault.azure.net",
        "rotation/integrations/kinds/key_vault/settings.py": ".vault.azure.net",
        "rotation/integrations/services.py": "management.azure.com",
        "rotation/adapters/graph/client.py": "graph.microsoft.com",
        "infra/main.parameters.json": "management.azure.com",
        "infra/tenants/prometheus.yaml": "azurewebsites.net",
    },
}
GOVERNMENT = clouds.public(
    graph_url="https://graph.microsoft.us",
    arm_url="https://management.usgovcloudapi.net",
    authority_host="https://login.microsoftonline.us",
)


def test_addresses_of_the_global_cloud_stand_nowhere_else() -> None:
    found: dict[str, set[str]] = {}
    for room in ("rotation", "infra"):
        for path in (ROOT / room).rglob("*"):
            if path.suffix in READ and (hosts := set(OF_ONE_CLOUD.findall(path.read_text(encoding="utf-8")))):
                found[str(path.relative_to(ROOT))] = hosts
    allowed = {path: set(hosts.split()) for files in ALLOWED.values() for path, hosts in files.items()}
    assert found == allowed


def test_a_server_is_asked_to_prove_a_value_where_its_own_cloud_signs_in() -> None:
    services = IntegrationServices(
        vaults=MemoryVaults(clock=MovableClock()),
        home_vault="https://contoso.vault.usgovcloudapi.net",
        open_client=lambda: pytest.fail("nothing is sent"),
        clock=MovableClock(),
        tenant_id=TenantId("t"),
        directory=MemoryDirectory(MovableClock()),
        token=no_token,
        token_as=no_token,
        **GOVERNMENT,
    )
    asked = companion.sign_in(shipment(now=MovableClock().now()), services)
    assert asked["scope"] == "https://management.usgovcloudapi.net/.default"
    assert asked["address"].startswith("https://login.microsoftonline.us/")


@pytest.mark.parametrize(
    ("host", "ends"),
    [
        ("a.postgres.database.azure.com", "database.windows.net/.default"),
        ("a.postgres.database.usgovcloudapi.net", "database.usgovcloudapi.net/.default"),
        ("a.postgres.database.chinacloudapi.cn", "database.chinacloudapi.cn/.default"),
        ("db.contoso.com", "database.windows.net/.default"),
    ],
)
def test_a_database_is_signed_in_to_in_its_own_cloud(host: str, ends: str) -> None:
    told = {"host": host, "database": "d", "user": "u", "table": "a.b", "key": {"id": "x"}, "value_column": "v"}
    assert PostgresqlSettings.model_validate(told).scope == f"https://ossrdbms-aad.{ends}"
