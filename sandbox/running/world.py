"""`World`: the cloud, Azurite and one Functions host over this repository's app; leaves nothing running."""

import shutil
import socket
import ssl
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from sandbox.cloud import Cloud
from sandbox.entra.sign_in_site import add_sign_in_site, stands_at
from sandbox.host.process import HostProcess
from sandbox.storage import Azurite
from sandbox.tenant.model import Tenant

ROOT = Path(__file__).parent.parent.parent
STORAGE = "AzureWebJobsStorage"
USUAL_SCHEDULES = {
    "SCAN_SCHEDULE": "0 0 2 * * *",
    "RECOVER_SCHEDULE": "0 * * * * *",
    "WEEKLY_SCHEDULE": "0 0 4 * * 0",
    "DIGEST_SCHEDULE": "0 0 7 * * *",
}
SANDBOX_SETTINGS = {
    # A vault of the sandbox asks for tokens of Azure's own domain, which is not its own.
    "ROTATION_VERIFY_VAULT_CHALLENGE": "false",
}


def free_port() -> int:
    """Give a port that nothing listens on now: messages link to the app, so its address is a setting of it."""
    with socket.socket() as found:
        found.bind(("localhost", 0))
        port: int = found.getsockname()[1]
        return port


class World:
    """
    Own every part; `start` brings them up one after the other, `stop` ends them in the other order.

    Attributes: `cloud`, `storage`, `host`, `url` (of the app, its dashboard and its API), `sign_in_client` (of App
    Service's sign-in before it), `folder` (logs, ready line, configuration; removed at the end).

    Args:
        config: Text of rotation.yaml, made once the addresses are known; None is the repository's own file.
        settings: On top of the usual ones: schedules, spans.
        cloud: Another one than usual, not started; it has a second vault. `heard` takes storage's access log.
    """

    def __init__(
        self,
        tenant: Tenant | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        cloud: Cloud | None = None,
        heard: Callable[[str], None] | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rotation-sandbox-"))
        self.cloud = cloud or Cloud(vaults=2, tenant=tenant)
        certificate, key = Path(self.cloud.cert_file), Path(self.cloud.key_file)
        self.storage = Azurite(cert_file=certificate, key_file=key, host="localhost", heard=heard)
        self.config_file = ROOT / "rotation.yaml"
        self._settings = dict(settings or {})
        self._settings.setdefault("NO_PROXY", "localhost,127.0.0.1")
        self.sign_in_client = ""
        self.url = f"https://localhost:{free_port()}"
        self._host: HostProcess | None = None
        self._control: httpx.Client | None = None

    @property
    def host(self) -> HostProcess:
        assert self._host is not None, "the host is started last"
        return self._host

    def write_config(self, text: str) -> None:
        """Let the app read this rotation.yaml; it looks again within a minute of its own clock."""
        self.config_file = self.folder / "rotation.yaml"
        draft = self.config_file.with_suffix(".part")
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.config_file)

    def start_cloud(self) -> None:
        """Start sign-in, Graph, vaults, receivers, control."""
        self.cloud.start()

    def start_storage(self) -> None:
        """Start Azurite; StorageUnavailable says what is missing."""
        self.storage.start()

    def start_host(self, *, arguments: Sequence[str] = ()) -> None:
        """Start the Functions host; HostNotStartedError carries what it said."""
        self.sign_in_client = self.sign_in_client or add_sign_in_site(self.cloud.entra)
        options = [
            "--port",
            self.url.rpartition(":")[2],
            "--sign-in-client",
            self.sign_in_client,
            "--control",
            self.cloud.urls["control"],
            "--cert",
            self.cloud.cert_file,
            "--key",
            self.cloud.key_file,
        ]
        self._host = HostProcess(ROOT, self.settings(), folder=self.folder / "host", arguments=[*options, *arguments])
        self._host.start()
        stands_at(self.cloud.entra, self.sign_in_client, self._host.url)

    def settings(self) -> dict[str, str]:
        """Give the app's settings, as infra sets them in Azure: addresses and an identity, no secret."""
        return {
            **{name: value for name, value in self.cloud.environment().items() if not name.startswith("SANDBOX_")},
            f"{STORAGE}__blobServiceUri": self.storage.blob_url,
            f"{STORAGE}__queueServiceUri": self.storage.queue_url,
            f"{STORAGE}__tableServiceUri": self.storage.table_url,
            f"{STORAGE}__credential": "managedidentity",
            f"{STORAGE}__clientId": self.cloud.app[0],
            "ROTATION_CONFIG": str(self.config_file),
            "ROTATION_DASHBOARD_URL": self.url,
            **SANDBOX_SETTINGS,
            **USUAL_SCHEDULES,
            **self._settings,
        }

    def environment(self) -> dict[str, str]:
        """Give everything that `sandbox/.run/env` says: for people, the command line, other programs."""
        storage = {"SANDBOX_STORAGE_CONNECTION_STRING": self.storage.connection_string}
        return {**self.cloud.environment(), **self.settings(), **storage, **self._functions()}

    def _functions(self) -> dict[str, str]:
        """Give where the app answers, once it does."""
        if self._host is None:
            return {}
        return {
            "SANDBOX_FUNCTIONS_URL": self.host.url,
            "SANDBOX_FUNCTIONS_KEY": self.host.function_key,
            "SANDBOX_FUNCTIONS_MASTER_KEY": self.host.master_key,
            "SANDBOX_SIGN_IN_CLIENT_ID": self.sign_in_client,
        }

    def move(self, delta: timedelta) -> None:
        """Move every clock of the sandbox: the cloud's first, then the host's, which fires what became due."""
        self.cloud.clock.shift(delta)
        offset = self.cloud.clock.offset.total_seconds()
        answer = self.admin.post("/admin/clock", json={"offset_seconds": offset})
        answer.raise_for_status()

    @property
    def admin(self) -> httpx.Client:
        """Speak to the host with its master key."""
        if self._control is None:
            context = ssl.create_default_context(cafile=self.cloud.ca_file)
            headers = {"x-functions-key": self.host.master_key}
            self._control = httpx.Client(base_url=self.host.url, headers=headers, verify=context, timeout=60)
        return self._control

    def stop(self) -> None:
        """End every part, whatever state it is in."""
        if self._control is not None:
            self._control.close()
        if self._host is not None:
            self._host.stop(within_seconds=10)
        self.storage.stop()
        self.cloud.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
