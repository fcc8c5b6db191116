"""
`Cloud`: the whole sandbox of Azure's sign-in, Graph, vaults and receivers, in this process.

    with Cloud() as cloud:
        cloud.urls["graph"], cloud.ca_file, cloud.entra.add_application({...})

`python -m sandbox.cloud --env-file PATH [--tenant FILE]` runs it until it is interrupted.
"""

import argparse
import os
import shlex
import signal
import tempfile
import threading
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.types import ASGIApp

from sandbox.arm import ResourceManager, make_arm
from sandbox.arm_run_commands import RunCommands
from sandbox.arm_sites import Sites
from sandbox.control import Control, make_control
from sandbox.downstream.app import make_downstream
from sandbox.downstream.wire import Identity
from sandbox.entra.servers import Listener, Servers, make_certificates
from sandbox.entra.service import Addresses, Entra
from sandbox.keyvault.app import make_vault
from sandbox.shared import Dated, Faults, SandboxClock
from sandbox.tenant import azure_cli
from sandbox.tenant.document import from_document
from sandbox.tenant.file_text import read_json
from sandbox.tenant.model import Tenant

APP_ROLES = (
    "Application.Read.All",
    "Application.ReadWrite.OwnedBy",
    "AuditLog.Read.All",
    "Mail.Send",
    "Policy.Read.All",
)
ADMIN_ROLES = (
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "AuditLog.Read.All",
    "Directory.ReadWrite.All",
    "Mail.Send",
    "Policy.Read.All",
    "Policy.ReadWrite.ApplicationConfiguration",
)


class Cloud:
    """
    Own every part and its server.

    Attributes: `urls` by part (authority, graph, arm, vault, vault2 ..., logs, downstream, control, identity),
    `ca_file`, `cert_file`, `key_file`, `entra`, `vaults` (ground truth by name), `downstream`, `clock`,
    `faults`, `machines` (for run commands), `sites` (web apps),
    `app` and `admin` (client id, secret text), `identity_header`.
    """

    def __init__(self, *, vaults: int = 1, tenant: Tenant | None = None, tenant_id: str | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sandbox-")
        self.certificates = make_certificates(Path(self._folder.name))
        self.clock = SandboxClock()
        self.faults = Faults()
        self.machines = RunCommands(self.clock.now)
        self.sites = Sites(self._latest_version)
        self.identity_header = uuid.uuid4().hex
        names = ["vault", *(f"vault{number}" for number in range(2, vaults + 1))]
        parts = ["authority", "graph", "arm", *names, "logs", "downstream", "control"]
        self._listeners = {part: Listener() for part in parts} | {"identity": Listener(secure=False)}
        self.tenant_id = tenant_id or (tenant.tenant_id if tenant else str(uuid.uuid4()))
        self.entra = self._make_entra()
        if tenant is not None:
            self.entra.load_tenant(tenant)
        self.app = self.entra.add_identity("rotation", APP_ROLES)
        self.admin = self.entra.add_identity("administrator", ADMIN_ROLES)
        self.entra.identity.default = self.app[0]
        self._applications = self._make_applications(names)
        self._servers = Servers(self.certificates)

    @property
    def urls(self) -> dict[str, str]:
        return {part: listener.url for part, listener in self._listeners.items()}

    @property
    def ca_file(self) -> str:
        return str(self.certificates.ca_file)

    @property
    def cert_file(self) -> str:
        return str(self.certificates.cert_file)

    @property
    def key_file(self) -> str:
        return str(self.certificates.key_file)

    def _url(self, part: str) -> str:
        return self._listeners[part].url

    def _make_entra(self) -> Entra:
        return Entra(
            tenant_id=self.tenant_id,
            clock=self.clock,
            faults=self.faults,
            addresses=Addresses(
                authority=lambda: self._url("authority"),
                graph=lambda: self._url("graph"),
                logs=lambda: self._url("logs"),
                arm=lambda: self._url("arm"),
            ),
            identity_header=self.identity_header,
        )

    def _latest_version(self, vault: str, name: str) -> str | None:
        """Give what a Key Vault reference resolves to; every vault's host is localhost, so that means the first."""
        secrets = self.vaults.get("vault" if vault == "localhost" else vault)
        found = secrets.listed().get(name.lower()) if secrets else None
        return str(found.latest.id) if found and found.latest.enabled else None

    def _make_applications(self, vault_names: Sequence[str]) -> dict[str, ASGIApp]:
        vaults = {name: self._make_vault(name) for name in vault_names}
        self.vaults: dict[str, Any] = {name: app.state.vault for name, app in vaults.items()}
        client_id, secret_text = self.entra.add_identity("receivers")
        receivers = make_downstream(
            clock=self.clock,
            faults=self.faults,
            authority_url=lambda: self._url("authority"),
            tenant_id=self.tenant_id,
            ca_file=self.ca_file,
            identity=Identity(client_id=client_id, secret_text=secret_text),
        )
        self.downstream = receivers.state.downstream
        manager = ResourceManager(
            tokens=self.entra.tokens,
            authority_url=lambda: self._url("authority"),
            graph_url=lambda: self._url("graph"),
            machines=self.machines,
            sites=self.sites,
        )
        control = Control(
            entra=self.entra,
            clock=self.clock,
            faults=self.faults,
            urls=lambda: self.urls,
            vaults=self.vaults,
            downstream=self.downstream,
        )
        return {
            "authority": self.entra.sign_in_app(),
            "graph": self.entra.graph_app(),
            "identity": self.entra.identity_app(),
            "logs": self.entra.logs_app(),
            "arm": make_arm(manager, faults=self.faults),
            "downstream": receivers,
            "control": make_control(control),
            **vaults,
        }

    def _make_vault(self, name: str) -> Any:
        return make_vault(
            name=name,
            clock=self.clock,
            faults=self.faults,
            authority_url=lambda: self._url("authority"),
            tenant_id=self.tenant_id,
            tokens=self.entra.tokens,
        )

    def start(self) -> None:
        """Start the servers, once; the addresses were known before."""
        dated = {part: Dated(app, self.clock) for part, app in self._applications.items()}
        self._servers.start({part: (app, self._listeners[part]) for part, app in dated.items()})

    def stop(self) -> None:
        self._servers.stop()
        for listener in self._listeners.values():
            listener.socket.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def environment(self) -> dict[str, str]:
        """Give what other processes of the sandbox need (sandbox.md "Addresses")."""
        urls = self.urls
        return {
            "SANDBOX_TENANT_ID": self.tenant_id,
            "SANDBOX_AUTHORITY_HOST": urls["authority"],
            "SANDBOX_GRAPH_URL": urls["graph"],
            "SANDBOX_ARM_URL": urls["arm"],
            "SANDBOX_VAULT_URL": urls["vault"],
            "SANDBOX_DOWNSTREAM_URL": urls["downstream"],
            "SANDBOX_LOGS_URL": urls["logs"],
            "SANDBOX_WORKSPACE_ID": self.entra.logs.workspace_id,
            "SANDBOX_CONTROL_URL": urls["control"],
            "SANDBOX_CA_FILE": self.ca_file,
            "SANDBOX_CERT_FILE": self.cert_file,
            "SANDBOX_KEY_FILE": self.key_file,
            "SANDBOX_APP_CLIENT_ID": self.app[0],
            "SANDBOX_APP_CLIENT_SECRET": self.app[1],
            "SANDBOX_ADMIN_CLIENT_ID": self.admin[0],
            "SANDBOX_ADMIN_CLIENT_SECRET": self.admin[1],
            "ROTATION_TENANT_ID": self.tenant_id,
            "ROTATION_GRAPH_URL": urls["graph"],
            "ROTATION_ARM_URL": urls["arm"],
            "ROTATION_LOGS_URL": urls["logs"],
            "ROTATION_VAULT_URL": urls["vault"],
            "AZURE_AUTHORITY_HOST": urls["authority"],
            "AZURE_CLIENT_ID": self.app[0],
            "IDENTITY_ENDPOINT": f"{urls['identity']}/msi/token",
            "IDENTITY_HEADER": self.identity_header,
            **self.trust(),
        }

    def trust(self) -> dict[str, str]:
        """Give the two variables that make SDKs trust the throw-away authority."""
        return {"SSL_CERT_FILE": self.ca_file, "REQUESTS_CA_BUNDLE": self.ca_file}


def export_lines(environment: Mapping[str, str]) -> str:
    """Give shell `export` lines."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())


def read_tenant(path: Path) -> Tenant:
    """Read a tenant document, or what `az ad app list --all -o json` wrote; NotATenant says what is wrong."""
    found = read_json(path, remedy=azure_cli.REMEDY)
    is_document = isinstance(found, Mapping) and "format" in found
    return from_document(found) if is_document else azure_cli.load(path)


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until SIGINT or SIGTERM; the env file holds secrets of the sandbox, so only its owner reads it."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.cloud")
    parser.add_argument("--env-file", type=Path, required=True, help="where to write the `export` lines")
    parser.add_argument("--tenant", type=Path, help="a tenant document, or the output of az ad app list --all")
    parser.add_argument("--vaults", type=int, default=1, help="how many vaults")
    asked = parser.parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    tenant = read_tenant(asked.tenant) if asked.tenant else None
    with Cloud(vaults=asked.vaults, tenant=tenant) as cloud:
        _write_private(asked.env_file, export_lines(cloud.environment()))
        for part, url in cloud.urls.items():
            print(f"{part:12} {url}", flush=True)
        print(f"addresses are in {asked.env_file}; stop with Ctrl-C", flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
