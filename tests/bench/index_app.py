"""A measured process: our app until the worker knows its functions, as after each start of an instance."""

import sys

import function_app
from tests.bench.measured import Stopwatch

LATE = (
    "aiohttp",
    "azure.core",
    "azure.data",
    "azure.identity",
    "azure.keyvault",
    "azure.storage",
    "httpx",
    "msgraph",
    "opentelemetry",
)
"""What must not be loaded yet: SDKs, which load when they are first used."""

if __name__ == "__main__":
    indexed = function_app.app.get_functions()
    Stopwatch().tell(functions=len(indexed), loaded=[name for name in LATE if name in sys.modules])
