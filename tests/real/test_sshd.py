"""`agent` against Debian's own sshd, run by this user on a free port with throw-away keys."""

import os
import socket
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from rotation.domain.delivery import Found, Level
from rotation.domain.errors import AccessDenied, DestinationGone, DestinationRefused, Unavailable
from rotation.domain.secret import SecretText
from tests.contract.harness_agent import UNIT, AgentHarness
from tests.contract.harness_base import CANARY, CANARY_MARK, NEWER
from tests.contract.ssh_server import SshServer

pytestmark = pytest.mark.real

CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp {sftp}
ForceCommand {folder}/bin/record
LogLevel DEBUG2
SetEnv PATH="{path}" UNITS={folder}/units
"""
ROOT = Path(__file__).parents[2]
SFTP_SERVERS = ("lib/openssh", "libexec/openssh", "lib/ssh", "libexec")
"""Below usr: where distributions put `sftp-server`."""
RECORD = """#!/bin/sh
printf '%s\\n' "$SSH_ORIGINAL_COMMAND" >>{folder}/commands
exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
"""
OLD = "old~8Q.value-of-before"
FILES: Mapping[str, tuple[str, str, str]] = {
    "dotenv": ("billing.env", "CLIENT_SECRET", "# kept\r\nA='x\nCLIENT_SECRET=no'\nexport CLIENT_SECRET = {} # too\n"),
    "ini": ("billing.ini", "[Entra] secret", "secret = other\n[entra]\nsecret = x\n[Entra]\nsecret = {} ; kept\n"),
    "json": ("appsettings.json", "/AzureAd/0/Secret", '\ufeff{{ // kept\n "AzureAd": [ {{"Secret" : "{}",}} ] }}\n'),
    "xml": (
        "web.config",
        "/c/add[@key='S']/@value",
        "<?xml version='1.0'?>\n<c><!-- é --><add key='S' value = \"{}\"/></c>\n",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sshd:
    """A running sshd, and the folder of its keys, its log and the files that it serves."""

    server: SshServer
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def commands(self) -> str:
        return (self.server.folder / "commands").read_text()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def started(server: SshServer) -> Sshd:
    found = subprocess.run([ROOT / ".ci" / "bootstrap", "sshd"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    program = Path(found.stdout.strip())
    root = program.parents[2]
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    folder, server.port = server.folder, free_port()
    (folder / "host_key").write_bytes(server.key.export_private_key())
    (folder / "host_key").chmod(0o600)
    (folder / "authorized_keys").write_bytes(server.client.export_public_key())
    (sftp, *_) = [path for place in SFTP_SERVERS if (path := root / "usr" / place / "sftp-server").exists()]
    record = folder / "bin" / "record"
    record.write_text(RECORD.format(folder=folder))
    record.chmod(0o755)
    options = CONFIGURATION.format(port=server.port, folder=folder, sftp=sftp, path=server.environment["PATH"])
    (folder / "sshd_config").write_text(options)
    log = folder / "sshd.log"
    libraries = ":".join(str(path) for path in (root / "usr" / "lib").glob("*-linux-*")) if root != Path("/") else ""
    environment = os.environ | ({"LD_LIBRARY_PATH": libraries} if libraries else {})
    process = subprocess.Popen([program, "-D", "-f", folder / "sshd_config", "-E", log], env=environment)
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=1):
            return Sshd(server=server, process=process, log=log)
        time.sleep(0.05)
    raise AssertionError(log.read_text())


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    server = SshServer(folder=tmp_path)
    server.furnish()
    running = started(server)
    yield running
    running.process.terminate()
    running.process.wait(10)


class SshdHarness(AgentHarness):
    """The contract's harness, at the real server."""

    def __init__(self, sshd: Sshd) -> None:
        super().__init__()
        self.server = sshd.server

    @property
    def connection(self) -> Mapping[str, object]:  # type: ignore[override]  # as in AgentHarness
        return {**super().connection, "user": getuser()}


@pytest.fixture
async def harness(sshd: Sshd) -> SshdHarness:
    harness = SshdHarness(sshd)
    await harness.furnish()
    return harness


async def whole(harness: SshdHarness, place: int = 0, **changes: Any) -> Level | None:
    """Deliver as the program does, and give how sure it is."""
    to, shipment, text = harness.with_settings(**changes), harness.shipment(place), (CANARY, NEWER)[place]
    receipt = await harness.integration.deliver(to, shipment, text)
    await harness.integration.activate(to, shipment, receipt)
    verdict = await harness.integration.verify(to, shipment, text)
    assert verdict.found is Found.CURRENT, verdict
    await harness.integration.cleanup(to, shipment)
    return verdict.level


async def test_a_whole_delivery(harness: SshdHarness, sshd: Sshd) -> None:
    before = harness.path.read_text()
    assert await whole(harness) == Level.AUTHENTICATES
    assert harness.path.read_text() == before.replace("OLD~8Q.of-before", CANARY.reveal())
    assert harness.server.restarts(UNIT) == 1
    await whole(harness, 1)
    assert harness.server.restarts(UNIT) == 2
    assert CANARY_MARK not in sshd.said() + sshd.commands()
    assert f"systemctl restart -- {UNIT}\n" in sshd.commands()


@pytest.mark.parametrize("storage", sorted(FILES))
async def test_only_the_one_value_of_a_file_changes(harness: SshdHarness, storage: str) -> None:
    name, at, content = FILES[storage]
    path = harness.server.folder / name
    path.write_bytes(content.format(OLD).encode())
    path.chmod(0o604)
    if os.geteuid() == 0:
        os.chown(path, 12345, 23456)
    owner = (path.stat().st_uid, path.stat().st_gid)
    changes: dict[str, Any] = {"storage": storage, "path": str(path), "at": at, "test": None, "test_signs_in": False}
    assert await whole(harness, **changes) == Level.STORED
    assert path.read_bytes() == content.format(CANARY.reveal()).encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert (path.stat().st_uid, path.stat().st_gid) == owner


async def test_one_backup_with_the_same_rights_is_kept_until_it_is_verified(harness: SshdHarness) -> None:
    before = harness.path.read_bytes()
    for _ in range(2):
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    (backup,) = harness.server.folder.glob("billing.env.*")
    assert backup.read_bytes() == before
    assert stat.S_IMODE(backup.stat().st_mode) == stat.S_IMODE(harness.path.stat().st_mode) == 0o640
    await harness.integration.cleanup(harness.destination, harness.shipment())
    assert not list(harness.server.folder.glob("billing.env.*"))


async def test_another_host_key_is_not_told_anything(harness: SshdHarness, sshd: Sshd) -> None:
    before = harness.path.read_bytes()
    impostor = SshServer(folder=harness.server.folder)
    harness.server.key = impostor.key
    with pytest.raises(DestinationRefused) as refused:
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    assert refused.value.reason == "host-key-differs"
    assert harness.path.read_bytes() == before
    assert "Accepted publickey" not in sshd.said()


async def test_what_the_server_refuses(harness: SshdHarness, sshd: Sshd) -> None:
    gone = harness.with_settings(path=f"{harness.server.folder}/other.env")
    with pytest.raises(DestinationGone):
        await harness.integration.verify(gone, harness.shipment(), CANARY)
    link = harness.server.folder / "link.env"
    link.symlink_to(harness.path)
    with pytest.raises(DestinationRefused, match="plain file"):
        await harness.integration.verify(harness.with_settings(path=str(link)), harness.shipment(), CANARY)
    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    await harness.keep("billing-ssh", SecretText(other))
    with pytest.raises(AccessDenied):
        await harness.integration.check(harness.destination)
    sshd.process.terminate()
    sshd.process.wait(10)
    with pytest.raises(Unavailable):
        await harness.integration.check(harness.destination)


def test_it_is_the_real_server(sshd: Sshd) -> None:
    with socket.create_connection(("127.0.0.1", sshd.server.port), timeout=5) as connection:
        assert connection.recv(64).startswith(b"SSH-2.0-OpenSSH_")
