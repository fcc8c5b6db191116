"""Microsoft's own client of Azure DevOps (azure-devops-node-api) reads and writes the simulator of our tests."""

import asyncio
import copy
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.contract.azure_devops import PAT
from tests.contract.harness_azure_devops_service_connection import AUTHORIZATION, CONNECTION, ServiceConnectionHarness
from tests.contract.harness_azure_devops_variable_group import GROUP, OTHERS
from tests.real.conftest import TOOLS

pytestmark = pytest.mark.real

CLIENT = TOOLS / "node" / "node_modules" / "azure-devops-node-api"
SCRIPT = Path(__file__).with_name("devops.js")


async def client(harness: ServiceConnectionHarness, folder: Path) -> Mapping[str, Any]:
    """Run the script, and give what it saw."""
    assert CLIENT.exists(), "azure-devops-node-api is missing: `make test-real` installs it"
    assert harness._https is not None
    trusted = folder / "authority.pem"
    trusted.write_bytes(harness._https.authority)
    environment = {
        "PATH": os.environ["PATH"],
        "NODE_EXTRA_CA_CERTS": str(trusted),
        "CLIENT": str(CLIENT),
        "ORGANIZATION": str(harness.home["organization"]),
        "PROJECT": "Payments",
        "TOKEN": PAT,
        "GROUP": str(GROUP),
        "CONNECTION": CONNECTION,
    }
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    process = await asyncio.create_subprocess_exec("node", str(SCRIPT), env=environment, **pipes)  # type: ignore[arg-type]
    async with asyncio.timeout(60):
        out, error = await process.communicate()
    assert process.returncode == 0, error.decode()
    found: Mapping[str, Any] = json.loads(out)
    return found


async def test_it_reads_and_writes_groups_and_connections(tmp_path: Path) -> None:
    async with ServiceConnectionHarness() as harness:
        harness.devops.add_group(GROUP, copy.deepcopy(OTHERS))
        saw = await client(harness, tmp_path)
        assert saw["group"]["variables"]["DB_PASSWORD"] == {"value": None, "isSecret": True}
        assert harness.devops.groups[GROUP]["variables"] == {**OTHERS, "FROM_NODE": {"value": "1"}}
        assert saw["written"]["modifiedBy"]["displayName"] == "Rotation"
        assert saw["endpoint"]["authorization"]["parameters"]["serviceprincipalkey"] is None
        assert saw["kept"]["description"] == "from node"
        assert harness.held == AUTHORIZATION["parameters"]["serviceprincipalkey"]  # type: ignore[index]
