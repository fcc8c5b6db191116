"""`postgresql` against a real server: TLS, SCRAM, and a role that may do no more than its page says."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any, LiteralString

import psycopg
import pytest
import trustme

from rotation.domain.capability import Readiness
from rotation.domain.delivery import Found, Level
from rotation.domain.errors import AccessDenied, DestinationGone, DestinationRefused, RotationError, Unavailable
from rotation.domain.identifiers import DestinationName
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.catalogue import Catalogue
from rotation.integrations.connections import read
from rotation.ports.integration import Integration
from rotation.ports.vault import NewVersion
from tests.contract.harness_base import CANARY, HOME, NEWER, shipment
from tests.contract.harness_postgresql import PostgresqlHarness
from tests.fakes.clock import MovableClock
from tests.fakes.vault import MemoryVault, MemoryVaults

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]
PASSWORD = "CANARY~of the role"
UNPRIVILEGED = 65534
"""PostgreSQL does not run as root: then it runs as nobody."""
TABLES: LiteralString = """
CREATE ROLE rotation LOGIN PASSWORD 'CANARY~of the role';
CREATE SCHEMA app;
GRANT USAGE ON SCHEMA app TO rotation;
CREATE TABLE app.settings (id integer PRIMARY KEY, secret varchar(60), mark text, colour text DEFAULT 'blue');
GRANT SELECT (id, secret, mark), INSERT (id, secret, mark), UPDATE (secret, mark) ON app.settings TO rotation;
CREATE TABLE app.loose (id integer, secret text);
INSERT INTO app.loose VALUES (1, 'one'), (1, 'two');
GRANT SELECT, INSERT ON app.loose TO rotation;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server, and its owner."""

    port: int
    folder: Path
    authority: str

    def owner(self, query: LiteralString) -> list[Any]:
        with closing(self.connect()) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.folder),
            port=self.port,
            dbname="postgres",
            user="postgres",
            client_encoding="utf8",
            autocommit=True,
        )


def programs() -> Path:
    found = subprocess.run([ROOT / ".ci" / "bootstrap", "postgres"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return Path(found.stdout.strip())


def run_as() -> dict[str, Any]:
    return {"user": UNPRIVILEGED, "group": UNPRIVILEGED, "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(mkdtemp(prefix="postgres-"))
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    (folder / "server.pem").chmod(0o600)
    if os.geteuid() == 0:
        for each in (folder, folder / "server.pem"):
            os.chown(each, UNPRIVILEGED, UNPRIVILEGED)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log, running = _started(folder, port)
    try:
        yield _ready(Server(port=port, folder=folder, authority=authority.cert_pem.bytes().decode()))
    finally:
        running.terminate()
        running.wait(20)
        log.close()
        shutil.rmtree(folder)


def _started(folder: Path, port: int) -> tuple[IO[bytes], subprocess.Popen[bytes]]:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "LD_LIBRARY_PATH": _libraries()}
    initdb: list[str | Path] = [
        "-D",
        folder / "data",
        "-U",
        "postgres",
        "--auth-local=trust",
        "--auth-host=scram-sha-256",
        "-N",
    ]
    subprocess.run(
        [programs() / "initdb", *initdb], check=True, capture_output=True, env=environment, cwd=folder, **run_as()
    )
    told = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        "fsync": "off",
        "ssl": "on",
    }
    told |= {"ssl_cert_file": folder / "server.pem", "ssl_key_file": folder / "server.pem", "log_min_messages": "info"}
    options = [part for name, value in told.items() for part in ("-c", f"{name}={value}")]
    log = (folder / "log").open("wb")
    running = subprocess.Popen(
        [programs() / "postgres", "-D", folder / "data", *options],
        stdout=log,
        stderr=log,
        env=environment,
        cwd=folder,
        **run_as(),
    )
    return log, running


def _libraries() -> str:
    return ":".join(map(str, (ROOT / ".tools" / "postgres" / "usr" / "lib").glob("*-linux-*")))


def _ready(server: Server) -> Server:
    until = time.monotonic() + 60
    while True:
        try:
            server.owner(TABLES)
        except psycopg.OperationalError:
            assert time.monotonic() < until, (server.folder / "log").read_text()
            time.sleep(0.1)
        else:
            return server


class RealHarness(PostgresqlHarness):
    """Our services, with another server's address."""

    def __init__(self, server: Server) -> None:
        self.clock = MovableClock(datetime.now(UTC))
        self.vaults = MemoryVaults(MemoryVault(HOME, self.clock), clock=self.clock)
        self.server = server

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "host": "localhost",
            "port": self.server.port,
            "database": "postgres",
            "table": "app.settings",
            "key": {"id": "7"},
            "value_column": "secret",
            "rotation_column": "mark",
            "ca_certificate": self.server.authority,
            "private_network": True,
        }

    async def token(self, scope: str) -> SecretText:
        assert scope == "https://ossrdbms-aad.database.windows.net/.default"
        return SecretText(PASSWORD)


@dataclass(frozen=True, slots=True)
class Scene:
    """A row that is empty at first."""

    server: Server
    harness: RealHarness
    kind: Integration

    def to(self, connection: Mapping[str, object] | None = None, **settings: Any) -> Destination:
        how = connection or {"type": "basic", "user": "rotation", "secret": "connection"}
        return Destination(
            name=DestinationName("there"),
            kind="postgresql",
            settings={**self.harness.settings, **settings},
            fingerprint="any",
            connection=None if how["type"] == "identity" else read("database", how),
        )

    async def deliver(self, place: int = 0, **settings: Any) -> str:
        to, text = self.to(**settings), (CANARY, NEWER)[place]
        return (await self.kind.deliver(to, made(place), text)).facts["written"]

    def held(self) -> Any:
        return self.server.owner("SELECT secret, colour FROM app.settings")


def made(place: int) -> Any:
    return shipment(place, now=datetime.now(UTC))


@pytest.fixture
async def scene(server: Server) -> Scene:
    server.owner("TRUNCATE app.settings; INSERT INTO app.settings VALUES (7, NULL, NULL, 'green')")
    harness = RealHarness(server)
    await harness.vaults.at(HOME).write("connection", NewVersion(text=SecretText(PASSWORD), tags={}))
    return Scene(server, harness, Catalogue(harness.services).of(harness.destination))


async def test_a_row_is_written_once_and_in_order(scene: Scene) -> None:
    assert [await scene.deliver(), await scene.deliver(), await scene.deliver(1)] == ["yes", "was there", "yes"]
    assert scene.held() == [(NEWER.reveal(), "green")]
    with pytest.raises(DestinationRefused) as refused:
        await scene.deliver(0)
    assert refused.value.reason == "newer-is-there"
    verdict = await scene.kind.verify(scene.to(), made(1), NEWER)
    assert (verdict.found, verdict.level) == (Found.CURRENT, Level.STORED)


async def test_a_row_is_made_where_that_is_allowed(scene: Scene) -> None:
    scene.server.owner("TRUNCATE app.settings")
    with pytest.raises(DestinationGone):
        await scene.deliver()
    assert await scene.deliver(create=True) == "row made"
    assert scene.held() == [(CANARY.reveal(), "blue")]


async def test_a_check_sees_rights_too(scene: Scene) -> None:
    assert (await scene.kind.check(scene.to())).readiness is Readiness.READY
    loose = scene.to(table="app.loose", rotation_column=None, key={"id": "2"}, create=True)
    check = await scene.kind.check(loose)
    assert (check.readiness, "no right to UPDATE" in check.why) == (Readiness.MISCONFIGURED, True)


async def test_our_identity_signs_in_with_its_token(scene: Scene) -> None:
    to = scene.to({"type": "identity"}, user="rotation")
    assert (await scene.kind.check(to)).readiness is Readiness.READY


@pytest.mark.parametrize(
    ("changes", "error", "reason"),
    [
        ({"table": "app.nothing"}, DestinationGone, "destination-gone"),
        ({"value_column": "nothing"}, DestinationGone, "destination-gone"),
        ({"database": "nothing"}, DestinationGone, "destination-gone"),
        ({"value_column": "colour"}, AccessDenied, "access-denied"),
        ({"table": "app.loose", "rotation_column": None, "key": {"id": "1"}}, DestinationRefused, "key-not-unique"),
        (
            {"table": "app.loose", "rotation_column": None, "key": {"id": "9"}, "create": True},
            DestinationRefused,
            "key-not-unique",
        ),
        ({"key": {"id": "seven"}}, DestinationRefused, "destination-refused"),
        ({"ca_certificate": trustme.CA().cert_pem.bytes().decode()}, Unavailable, "unavailable"),
        ({"host": "127.0.0.1"}, Unavailable, "unavailable"),
        ({"port": 1}, Unavailable, "unavailable"),
    ],
)
async def test_refusals_are_told_apart(
    scene: Scene, changes: dict[str, Any], error: type[RotationError], reason: str
) -> None:
    scene.server.owner("GRANT UPDATE ON app.loose TO rotation")
    try:
        with pytest.raises(error) as refused:
            await scene.deliver(**changes)
    finally:
        scene.server.owner("REVOKE UPDATE ON app.loose FROM rotation")
    assert type(refused.value) is error
    assert refused.value.reason == reason


async def test_a_wrong_password_is_told(scene: Scene) -> None:
    await scene.harness.vaults.at(HOME).write("connection", NewVersion(text=SecretText("CANARY~wrong"), tags={}))
    with pytest.raises(AccessDenied) as refused:
        await scene.deliver()
    assert "CANARY" not in repr(refused.value)


async def test_a_value_that_is_too_long_is_told_without_it(scene: Scene) -> None:
    with pytest.raises(DestinationRefused) as refused:
        await scene.kind.deliver(scene.to(), made(0), SecretText("CANARY~" * 20))
    assert refused.value.reason == "value-does-not-fit"
    assert "CANARY" not in repr(refused.value)


async def test_a_row_that_somebody_holds_is_waited_for_later(scene: Scene) -> None:
    with closing(scene.server.connect()) as other, other.transaction():
        other.execute("SELECT 1 FROM app.settings WHERE id = 7 FOR UPDATE")
        with pytest.raises(Unavailable):
            await scene.deliver()
    assert await scene.deliver() == "yes"


async def test_the_servers_own_log_holds_no_value(scene: Scene) -> None:
    await scene.deliver()
    log = (scene.server.folder / "log").read_text()
    assert "database system is ready" in log
    assert CANARY.reveal() not in log
