"""What a start loads: no SDK while the worker asks for functions, none of Graph before something is written there."""

import json
import subprocess
import sys

GRAPH = ("msgraph", "msgraph_core", "kiota_abstractions", "kiota_http")


def loaded(statement: str, names: tuple[str, ...]) -> list[str]:
    """Run it in a process of its own, and give which of these modules it left behind."""
    asked = f"{statement}\nimport json, sys; print(json.dumps([name for name in {names!r} if name in sys.modules]))"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    found: list[str] = json.loads(said)
    return found


def test_indexing_loads_no_sdk() -> None:
    late = (
        "aiohttp",
        "pydantic",
        "rotation.workflows.step",
        "azure.core",
        "azure.data.tables",
        "azure.identity",
        "azure.keyvault",
        "azure.storage",
        "httpx",
    )
    assert loaded("import function_app; function_app.app.get_functions()", (*late, *GRAPH)) == []


def test_who_reads_loads_no_sdk_of_graph() -> None:
    assert loaded("import rotation.bootstrap, rotation.adapters.graph.reads, rotation.web.running", GRAPH) == []


def test_what_a_quiet_night_is_spared_is_loaded_by_whoever_needs_it() -> None:
    spared = ("azure.keyvault", "azure.storage.queue", "httpx", "icalendar", "jinja2")
    composed = """
import asyncio
from rotation import bootstrap, settings

async def compose():
    environment = {
        "ROTATION_TENANT_ID": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "ROTATION_VAULT_URL": "https://contoso.vault.azure.net/",
        "AzureWebJobsStorage__accountName": "contoso",
        "AzureWebJobsStorage__credential": "managedidentity",
    }
    async with bootstrap.Composition(settings.read(environment, hosted=False)):
        import rotation.adapters.graph.reads, rotation.workflows.scanning

asyncio.run(compose())
"""
    assert loaded(composed, spared) == []


def test_who_writes_to_graph_loads_it() -> None:
    assert loaded("import rotation.adapters.graph.credentials", GRAPH) == list(GRAPH)
