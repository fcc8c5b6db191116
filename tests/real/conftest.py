"""What `make test-real` put beside the project: one signed-in Azure CLI a session, and Chromium."""

import importlib
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.cloud import Cloud

# `make test` reads this folder too, only to leave it out, and has not installed what this file imports.
collect_ignore = [] if find_spec("schemathesis") else ["test_api_fuzzing.py"]

TOOLS = Path(__file__).parent.parent.parent / ".tools"
AZ = TOOLS / "az" / "bin" / "az"
WITHIN_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a command ended, and what it said."""

    status: int
    out: str
    error: str

    @property
    def json(self) -> Any:
        assert self.status == 0, self.error
        return json.loads(self.out)


class AzureCli:
    """The Azure CLI with a configuration of its own, as azure-cli.md sets it up."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        assert AZ.exists(), "the Azure CLI is missing: `make test-real` installs it"
        self._environment = {
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "AZURE_CONFIG_DIR": str(folder / "azure"),
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "AZURE_CORE_ONLY_SHOW_ERRORS": "yes",
            "REQUESTS_CA_BUNDLE": cloud.ca_file,
        }

    def run(self, *arguments: str) -> Answer:
        """Run one command to its end; it asks nothing, having nobody to ask."""
        done = subprocess.run(
            [str(AZ), *arguments, "--output", "json"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WITHIN_SECONDS,
            check=False,
        )
        return Answer(status=done.returncode, out=done.stdout, error=done.stderr)

    def must(self, *arguments: str) -> Any:
        """Run one command that has to succeed; gives its JSON, or None when it says nothing."""
        answer = self.run(*arguments)
        assert answer.status == 0, f"az {' '.join(arguments[:4])}: {answer.error}"
        return json.loads(answer.out) if answer.out.strip() else None

    def sign_in(self, cloud: Cloud, who: tuple[str, str]) -> Answer:
        """Sign in with a client id and its secret text."""
        options = ("--username", who[0], "--password", who[1], "--tenant", cloud.tenant_id)
        return self.run("login", "--service-principal", "--allow-no-subscriptions", *options)

    def register(self, cloud: Cloud) -> None:
        """Make the sandbox the cloud that commands go to."""
        urls = cloud.urls
        addresses = {
            "resource-manager": urls["arm"],
            "management": urls["arm"],
            "active-directory": urls["authority"],
            "active-directory-resource-id": "https://management.core.windows.net/",
            "active-directory-graph-resource-id": urls["graph"],
            "microsoft-graph-resource-id": urls["graph"],
        }
        endpoints = [text for name, url in addresses.items() for text in (f"--endpoint-{name}", url)]
        suffix = f":{urlsplit(urls['vault']).port}"
        self.must(
            "cloud",
            "register",
            "-n",
            "Sandbox",
            "--skip-endpoint-discovery",
            *endpoints,
            "--suffix-keyvault-dns",
            suffix,
        )
        self.must("cloud", "set", "-n", "Sandbox")


@pytest.fixture(scope="session")
def make_cli(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], AzureCli]:
    """Make a CLI that nobody has signed in with yet."""

    def make() -> AzureCli:
        cli = AzureCli(cloud, tmp_path_factory.mktemp("az"))
        cli.register(cloud)
        return cli

    return make


@pytest.fixture(scope="session")
def az(cloud: Cloud, make_cli: Callable[[], AzureCli]) -> AzureCli:
    """The CLI of the sandbox's administrator."""
    cli = make_cli()
    (account,) = cli.sign_in(cloud, cloud.admin).json
    assert account["tenantId"] == cloud.tenant_id
    return cli


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    """Chromium, with nobody signed in anywhere."""
    executable = os.environ.get("ROTATION_CHROMIUM")
    assert executable, "which Chromium? `make test-real` finds it"
    playwright = importlib.import_module("playwright.async_api")
    async with playwright.async_playwright() as running:
        found = await running.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield found
        await found.close()
