"""One vault served by itself, over HTTPS: for its contract tests and for trying a client against it."""

import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
import uvicorn
from starlette.types import ASGIApp

from sandbox.entra.tokens import VAULT, Tokens
from sandbox.keyvault.app import make_vault
from sandbox.keyvault.vault import Vault
from sandbox.shared import Faults, SandboxClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """A served vault with what stands around it; `token` gives what its sign-in would."""

    url: str
    ca_file: str
    vault: Vault
    clock: SandboxClock
    faults: Faults
    tokens: Tokens

    def token(self, app_id: str = "app-1", *, audience: str = VAULT) -> str:
        return self.tokens.issue(app_id=app_id, object_id=f"oid-of-{app_id}", audience=audience)


@contextmanager
def vault_alone(folder: Path, *, authority_url: str = "https://localhost:1") -> Iterator[Alone]:
    """Serve a vault until the end of the block; the throw-away CA's certificate is put into `folder`."""
    tenant_id = str(uuid.uuid4())
    clock, faults, tokens = SandboxClock(), Faults(), Tokens(tenant_id=tenant_id)
    app = make_vault(
        name="alone",
        clock=clock,
        faults=faults,
        authority_url=lambda: authority_url,
        tenant_id=tenant_id,
        tokens=tokens,
    )
    authority = trustme.CA()
    ca_file = str(folder / "ca.pem")
    authority.cert_pem.write_to_path(ca_file)
    with served(app, authority=authority) as url:
        yield Alone(url=url, ca_file=ca_file, vault=app.state.vault, clock=clock, faults=faults, tokens=tokens)


@contextmanager
def served(app: ASGIApp, *, authority: trustme.CA) -> Iterator[str]:
    """Serve an application on a free port in a thread of its own, and give its address."""
    config = uvicorn.Config(app, port=0, lifespan="off", log_level="error")
    config.load()
    config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(config.ssl)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"https://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
