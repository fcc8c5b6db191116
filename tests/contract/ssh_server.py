"""asyncssh as the server: SFTP on a folder of its own, commands with a PATH of its own, mishaps on demand."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

SYSTEMCTL = r"""#!/bin/sh
# Stands for systemd: one unit in $UNITS/<name>: its state, when it became active, how its next restart ends.
unit=$(eval echo \$$#)
[ "$1" = show ] || [ "$1" = restart ] || exit 64
[ -f "$UNITS/$unit.denied" ] && [ "$1" = restart ] && exit 4
if [ "$1" = show ]; then
    if [ ! -f "$UNITS/$unit" ]; then printf 'LoadState=not-found\nActiveState=inactive\n'; exit 0; fi
    printf 'LoadState=loaded\nActiveState=%s\n' "$(cat "$UNITS/$unit")"
    printf 'ActiveEnterTimestampMonotonic=%s\n' "$(cat "$UNITS/$unit.entered" 2>/dev/null || echo 0)"
    exit 0
fi
echo "restart" >>"$UNITS/$unit.log"
while [ -f "$UNITS/$unit.slow" ]; do sleep 0.05; done
if [ -f "$UNITS/$unit.ends" ]; then cp "$UNITS/$unit.ends" "$UNITS/$unit"; grep -q active "$UNITS/$unit" || exit 1; fi
cut -d' ' -f1 /proc/uptime | tr -d . | sed 's/$/0000/' >"$UNITS/$unit.entered"
"""


@dataclass(slots=True, kw_only=True)
class SshServer:
    """Where it listens, who may come in, what lies there, and how it misbehaves."""

    folder: Path
    key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    client: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    port: int = 0
    asked: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    refuses_keys: bool = False
    refuses_files: bool = False
    hangs_up: bool = False
    refuses_owners: bool = False
    shown_uid: int | None = None
    """The owner that files are shown to have."""
    opened: Callable[[str], object] | None = None
    """Told of each file that is opened; what it gives to wait for is waited for."""
    loses: bool = False
    """Does the next rename, or runs the next PowerShell, and hangs up instead of answering."""
    powershell: Callable[[str, str], Awaitable[str]] | None = None
    """Stands for Windows: is given each command and its input."""
    running: list[asyncio.subprocess.Process] = field(default_factory=list)

    @property
    def host_key(self) -> str:
        return self.key.export_public_key().decode().strip()

    @property
    def private_key(self) -> str:
        return self.client.export_private_key().decode()

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "UNITS": str(self.folder / "units")}

    def furnish(self) -> None:
        """Make systemctl and the folder of its units."""
        (self.folder / "bin").mkdir()
        (self.folder / "units").mkdir()
        tool = self.folder / "bin" / "systemctl"
        tool.write_text(SYSTEMCTL)
        tool.chmod(0o755)

    def unit(self, name: str, state: str = "active", *, ends: str = "active") -> None:
        """Add a systemd unit."""
        (self.folder / "units" / name).write_text(state)
        (self.folder / "units" / f"{name}.ends").write_text(ends)

    def restarts(self, name: str) -> int:
        log = self.folder / "units" / f"{name}.log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    async def handle(self, process: asyncssh.SSHServerProcess[str]) -> None:
        """Run a command as sshd would: through a shell."""
        command = process.command or ""
        self.asked.append(command)
        if self.powershell is not None:
            said = await self.powershell(command, await process.stdin.read())
            if self.loses:
                self.loses = False
                process.channel.get_connection().abort()
                return
            process.stdout.write(said)
            process.exit(0)
            return
        done = await asyncio.create_subprocess_shell(
            command,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self.running.append(done)
        out, _ = await done.communicate()
        process.stdout.write(out.decode())
        process.exit(done.returncode or 0)

    async def end_what_runs(self) -> None:
        """Kill commands that nobody waits for any more, with all that they began."""
        for process in self.running:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


class _Door(asyncssh.SSHServer):
    def __init__(self, server: SshServer) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        if self._server.hangs_up:
            conn.abort()

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return not self._server.refuses_keys and key.public_data == self._server.client.public_data


class _Files(asyncssh.SFTPServer):
    """Serves real files by their real paths, so that owners and modes are the system's."""

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes], server: SshServer) -> None:
        super().__init__(chan)
        self._server = server

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        self._server.asked.append(path.decode())
        if self._server.refuses_files:
            raise asyncssh.SFTPPermissionDenied("no")
        if self._server.opened is not None and asyncio.iscoroutine(waits := self._server.opened(path.decode())):
            await waits
        return super().open(path, pflags, attrs)

    def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        found = asyncssh.SFTPAttrs.from_local(super().lstat(path))  # type: ignore[arg-type]  # it gives os.stat_result
        found.uid = found.uid if self._server.shown_uid is None else self._server.shown_uid
        return found

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        if self._server.refuses_owners and attrs.uid is not None:
            raise asyncssh.SFTPPermissionDenied("no")
        super().setstat(path, attrs)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        super().posix_rename(oldpath, newpath)
        self._server.renamed.append(newpath.decode())
        if self._server.loses and not newpath.endswith(b".bak"):
            self._server.loses = False
            self.channel.get_connection().abort()


@asynccontextmanager
async def ssh_server() -> AsyncIterator[SshServer]:
    """Serve on a free port of 127.0.0.1 for as long as the block lasts."""
    folder = Path(tempfile.mkdtemp(prefix="ssh-server-"))
    server = SshServer(folder=folder)
    server.furnish()
    listener = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=lambda: _Door(server),
        server_host_keys=[server.key],
        process_factory=server.handle,
        sftp_factory=lambda chan: _Files(chan, server),
        config=None,
    )
    server.port = listener.get_port()
    try:
        yield server
    finally:
        await server.end_what_runs()
        listener.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(listener.wait_closed(), 5)
        shutil.rmtree(folder)
