import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import trustme
from azure.core.credentials import AzureNamedKeyCredential
from azure.storage.queue import QueueServiceClient

from sandbox.host.process import HostProcess
from sandbox.storage import ACCOUNT, KEY, Azurite

pytestmark = pytest.mark.sandbox

APP = Path(__file__).parent / "host_app"
CLIENT_ID = "0c5c4a3e-5f0e-4c57-8a3b-93b1f3b1a001"
MOVED = timedelta(days=40)


@contextmanager
def served(answer: Callable[[str], object], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answer GETs with JSON on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps(answer(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def storage_token() -> str:
    """Sign a token that Azurite takes: its clock is the real one (platform.md L)."""
    now = datetime.now(UTC)
    claims = {
        "aud": "https://storage.azure.com",
        "iss": "https://sts.windows.net/00000000-0000-0000-0000-000000000001/",
        "nbf": now - timedelta(minutes=1),
        "iat": now,
        "exp": now + timedelta(hours=1),
    }
    return jwt.encode(claims, "a key that nobody checks, long enough for HMAC", algorithm="HS256")


def test_a_host_without_any_secret_uses_its_identity_and_the_sandboxs_clock(tmp_path: Path) -> None:
    context = _certificates(tmp_path)
    asked: list[dict[str, list[str]]] = []

    def managed_identity(path: str) -> dict[str, Any]:
        asked.append(parse_qs(urlsplit(path).query))
        expires_on = int((datetime.now(UTC) + MOVED + timedelta(hours=1)).timestamp())
        return {
            "access_token": storage_token(),
            "expires_on": str(expires_on),
            "resource": "https://storage.azure.com",
            "token_type": "Bearer",
        }

    with (
        Azurite(cert_file=tmp_path / "cert.pem", key_file=tmp_path / "key.pem", host="localhost") as storage,
        served(managed_identity) as identity_port,
        served(lambda _path: {"offset_seconds": MOVED.total_seconds()}, context) as control_port,
        QueueServiceClient(
            storage.queue_url,
            credential=AzureNamedKeyCredential(ACCOUNT, KEY),
            connection_verify=str(tmp_path / "ca.pem"),
        ) as service,
    ):
        service.create_queue("work").close()
        settings = _settings(storage, identity_port, tmp_path)
        arguments = ("--control", f"https://localhost:{control_port}")
        with HostProcess(APP, settings, folder=tmp_path / "host", arguments=arguments):
            with service.get_queue_client("work") as queue:
                queue.send_message(base64.b64encode(b"hello").decode())
            end = time.monotonic() + 15
            while not _has_seen_both(notes := _notes(tmp_path)) and time.monotonic() < end:
                time.sleep(0.1)
    assert _has_seen_both(notes)
    hello = next(note for note in notes if note.get("done") == "hello")
    assert datetime.fromisoformat(hello["at"]) - datetime.now(UTC) > MOVED - timedelta(minutes=1)
    assert asked[0]["client_id"] == [CLIENT_ID]


def _certificates(folder: Path) -> ssl.SSLContext:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    issued.configure_cert(context)
    return context


def _settings(storage: Azurite, identity_port: int, tmp_path: Path) -> dict[str, str]:
    return {
        "AzureWebJobsStorage__queueServiceUri": storage.queue_url,
        "AzureWebJobsStorage__blobServiceUri": storage.blob_url,
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": CLIENT_ID,
        "IDENTITY_ENDPOINT": f"http://127.0.0.1:{identity_port}/msi/token",
        "IDENTITY_HEADER": "header",
        "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
        "REQUESTS_CA_BUNDLE": str(tmp_path / "ca.pem"),
        "DAILY": "0 0 2 * * *",
        "WORK_QUEUE": "work",
        "NOTES": str(tmp_path / "notes"),
    }


def _notes(folder: Path) -> list[dict[str, Any]]:
    notes = folder / "notes"
    return [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []


def _has_seen_both(notes: list[dict[str, Any]]) -> bool:
    """Tell whether a message came through the queue and a timer has its lease from the blob storage."""
    queue = any(note.get("done") == "hello" for note in notes)
    return queue and any(note.get("timer") == "every_second" for note in notes)
