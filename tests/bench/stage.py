"""Where the measured processes run: a directory of some size, storage of its own, and the app's settings."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.storage import Azurite

ROOT = Path(__file__).parent.parent.parent
CONFIGURATION = Path(__file__).parent / "rotation.yaml"
PATIENCE = 1500.0


class Stage:
    """One sandbox of so many applications; a context manager."""

    def __init__(self, applications: int) -> None:
        self.applications = applications
        self._folder = tempfile.TemporaryDirectory(prefix="rotation-bench-")
        self._directory: subprocess.Popen[str] | None = None
        self._storage: Azurite | None = None
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.bench.directory_server", str(self.applications)]
        self._directory = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        told = self._heard()
        self._storage = Azurite(
            cert_file=Path(told.pop("CERT_FILE")), key_file=Path(told.pop("KEY_FILE")), host="localhost"
        ).start()
        self.environment = {**os.environ, **told, **self._settings(self._storage, told["AZURE_CLIENT_ID"])}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._storage is not None:
            self._storage.stop()
        if self._directory is not None:
            assert self._directory.stdin is not None
            self._directory.stdin.close()
            self._directory.wait()
        self._folder.cleanup()

    def _settings(self, storage: Azurite, client_id: str) -> dict[str, str]:
        return {
            "AzureWebJobsStorage__blobServiceUri": storage.blob_url,
            "AzureWebJobsStorage__queueServiceUri": storage.queue_url,
            "AzureWebJobsStorage__tableServiceUri": storage.table_url,
            "AzureWebJobsStorage__credential": "managedidentity",
            "AzureWebJobsStorage__clientId": client_id,
            "ROTATION_CONFIG": str(CONFIGURATION),
            "ROTATION_VERIFY_VAULT_CHALLENGE": "false",
            "NO_PROXY": "localhost,127.0.0.1",
        }

    def tell_directory(self, **what: float) -> dict[str, int]:
        """Tell the directory's server how to behave, and give what Graph answered so far, by method, path, status."""
        answers: dict[str, int] = self._told(**what)["answers"]
        return answers

    def between_pages(self) -> list[float]:
        """Give the seconds between the requests for pages since the directory's server was told something."""
        between: list[float] = self._told()["between_pages"]
        return between

    def _told(self, **what: float) -> dict[str, Any]:
        assert self._directory is not None
        assert self._directory.stdin is not None
        self._directory.stdin.write(json.dumps(what) + "\n")
        self._directory.stdin.flush()
        return self._heard()

    def run(self, module: str, *arguments: str, settings: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Run a measured process and give what it said of itself."""
        return run_measured(module, arguments, {**self.environment, **(settings or {})})

    def _heard(self) -> dict[str, Any]:
        assert self._directory is not None
        assert self._directory.stdout is not None
        line = self._directory.stdout.readline()
        if not line:
            raise RuntimeError("the directory's server ended")
        told: dict[str, Any] = json.loads(line)
        return told


def run_measured(module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """Run `python -m tests.bench.<module>` and give the line of JSON that it ends with."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} failed: {(done.stderr or done.stdout).strip()[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
