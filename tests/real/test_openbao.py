"""`vault-kv` against a real server: OpenBao with TLS, an AppRole and a policy of its own."""

import asyncio
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from rotation.domain.delivery import Found, Level
from rotation.domain.errors import AccessDenied, DestinationRefused
from rotation.domain.identifiers import DestinationName, TenantId
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.catalogue import Catalogue
from rotation.integrations.connections import read
from rotation.integrations.services import IntegrationServices
from rotation.ports.integration import Integration
from rotation.ports.vault import NewVersion
from tests.contract.harness_base import CANARY, HOME, NEWER, TENANT, no_token, shipment
from tests.fakes import clouds
from tests.fakes.clock import MovableClock
from tests.fakes.directory import MemoryDirectory
from tests.fakes.vault import MemoryVault, MemoryVaults
from tests.real.conftest import TOOLS

pytestmark = pytest.mark.real
BAO = TOOLS / "openbao" / "bin" / "bao"
PATH = "team/payments"
POLICY = f"""
path "secret/data/{PATH}" {{ capabilities = ["create", "read", "update", "patch"] }}
path "secret/metadata/{PATH}" {{ capabilities = ["create", "read", "update"] }}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bao:
    """A running server, and its root."""

    url: str
    context: ssl.SSLContext
    role_id: str
    secret_id: str

    def root(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"x-vault-token": "root"}
        with httpx.Client(verify=self.context, trust_env=False) as client:
            answer = client.request(method, f"{self.url}/v1/{path}", headers=headers, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bao]:
    assert BAO.exists(), "OpenBao is missing: `make test-real` installs it"
    folder = tmp_path_factory.mktemp("bao")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ["-dev", "-dev-tls", f"-dev-tls-cert-dir={folder}", "-dev-root-token-id=root", "-dev-no-store-token"]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [str(BAO), "server", *arguments, f"-dev-listen-address=127.0.0.1:{port}"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={"HOME": str(folder), "PATH": os.environ["PATH"]},
        )
    try:
        yield _ready(f"https://127.0.0.1:{port}", folder)
    finally:
        running.terminate()
        running.wait(10)


def _ready(url: str, folder: Path) -> Bao:
    until = time.monotonic() + 30
    while not (folder / "vault-ca.pem").exists():
        assert time.monotonic() < until, (folder / "log").read_text()
        time.sleep(0.05)
    context = ssl.create_default_context(cafile=folder / "vault-ca.pem")
    bare = Bao(url=url, context=context, role_id="", secret_id="")
    while True:
        try:
            bare.root("POST", "sys/auth/approle", {"type": "approle"})
            break
        except httpx.TransportError:
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
    bare.root("POST", "sys/policies/acl/rotation", {"policy": POLICY})
    bare.root("POST", "auth/approle/role/rotation", {"token_policies": ["rotation"], "token_ttl": "10m"})
    role = bare.root("GET", "auth/approle/role/rotation/role-id")["data"]["role_id"]
    secret = bare.root("POST", "auth/approle/role/rotation/secret-id")["data"]["secret_id"]
    return Bao(url=url, context=context, role_id=role, secret_id=secret)


@dataclass(frozen=True, slots=True)
class Scene:
    """One destination at a server whose secret is not there yet."""

    bao: Bao
    kind: Integration
    to: Destination

    async def deliver(self, place: int = 0) -> str:
        receipt = await self.kind.deliver(self.to, made(place), (CANARY, NEWER)[place])
        return receipt.facts["version"]

    async def found(self, place: int = 0) -> Found:
        return (await self.kind.verify(self.to, made(place), (CANARY, NEWER)[place])).found

    def held(self) -> Any:
        return self.bao.root("GET", f"secret/data/{PATH}")["data"]["data"]


def made(place: int) -> Any:
    return shipment(place, now=datetime.now(UTC))


async def scene_of(bao: Bao, **settings: Any) -> Scene:
    clock = MovableClock(datetime.now(UTC))
    vaults = MemoryVaults(MemoryVault(HOME, clock), clock=clock)
    await vaults.at(HOME).write("bao", NewVersion(text=SecretText(bao.secret_id), tags={}))
    services = IntegrationServices(
        vaults=vaults,
        home_vault=HOME,
        open_client=lambda: httpx.AsyncClient(verify=bao.context, trust_env=False),
        clock=clock,
        tenant_id=TenantId(TENANT),
        directory=MemoryDirectory(clock),
        token=no_token,
        token_as=no_token,
        **clouds.public(),
    )
    connection = read("bao", {"type": "approle", "role_id": bao.role_id, "secret": "bao"})
    to = Destination(
        name=DestinationName("there"),
        kind="vault-kv",
        settings={"address": bao.url, "path": PATH, "private_network": True, **settings},
        fingerprint="",
        connection=connection,
    )
    return Scene(bao, Catalogue(services).of(to), to)


@pytest.fixture
async def scene(bao: Bao) -> Scene:
    bao.root("DELETE", f"secret/metadata/{PATH}")
    return await scene_of(bao)


async def test_delivered_once_read_back_and_never_covered_by_an_older_one(scene: Scene) -> None:
    assert await scene.found() is Found.ABSENT
    assert [await scene.deliver(), await scene.deliver()] == ["1", "1"]
    assert await scene.found() is Found.CURRENT
    assert await scene.found(1) is Found.OLDER
    assert await scene.deliver(1) == "2"
    with pytest.raises(DestinationRefused) as refused:
        await scene.deliver(0)
    assert refused.value.reason == "newer-is-there"
    verdict = await scene.kind.verify(scene.to, made(1), NEWER)
    assert (verdict.found, verdict.level) == (Found.CURRENT, Level.STORED)


async def test_the_secret_s_other_fields_stay(scene: Scene) -> None:
    scene.bao.root("POST", f"secret/data/{PATH}", {"data": {"user": "payments", "url": "https://erp.example"}})
    await scene.deliver()
    held = scene.held()
    assert held.pop("client_secret") == CANARY.reveal()
    assert held == {"user": "payments", "url": "https://erp.example"}


async def test_a_stranger_s_value_is_left_alone_unless_it_may_be_adopted(scene: Scene) -> None:
    scene.bao.root("POST", f"secret/data/{PATH}", {"data": {"client_secret": "somebody else's"}})
    with pytest.raises(DestinationRefused) as refused:
        await scene.deliver()
    assert refused.value.reason == "destination-name-taken"
    assert scene.held() == {"client_secret": "somebody else's"}
    adopting = await scene_of(scene.bao, adopt=True)
    await adopting.deliver()
    assert scene.held() == {"client_secret": CANARY.reveal()}


async def test_a_value_without_its_mark_is_marked_and_not_written_again(scene: Scene) -> None:
    """A crash between the two writes."""
    scene.bao.root("POST", f"secret/data/{PATH}", {"data": {"client_secret": CANARY.reveal()}})
    assert await scene.deliver() == "1"
    assert await scene.found(1) is Found.OLDER


async def test_a_deleted_version_is_written_anew(scene: Scene) -> None:
    await scene.deliver()
    scene.bao.root("DELETE", f"secret/data/{PATH}")
    assert await scene.found() is Found.ABSENT
    assert await scene.deliver() == "2"


async def test_two_at_once_write_one_version_each_or_one_comes_back(scene: Scene) -> None:
    answers = await asyncio.gather(scene.deliver(), scene.deliver(), return_exceptions=True)
    assert any(isinstance(answer, str) for answer in answers)
    assert await scene.found() is Found.CURRENT
    assert scene.bao.root("GET", f"secret/metadata/{PATH}")["data"]["current_version"] == 1


async def test_another_path_is_refused_by_the_server_s_policy(bao: Bao) -> None:
    other = await scene_of(bao, path="team/other")
    with pytest.raises(AccessDenied):
        await other.deliver()
