"""
Sign in to a server over SSH at a guarded address, its host key pinned, and say what goes wrong.

Errors are raised after asyncssh's own exception is gone: its frames hold what was being written.
"""

import asyncio
import contextlib
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import asyncssh

from rotation.domain.errors import (
    AccessDenied,
    DestinationGone,
    DestinationRefused,
    OutcomeUnknown,
    RotationError,
    Unavailable,
)
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.connections import Identity, SshKey, connection_of
from rotation.integrations.outbound.guard import Address, resolve
from rotation.integrations.services import IntegrationServices

_DENIED = (asyncssh.PermissionDenied, asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect)
_GONE = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where to connect to, as whom, and how long everything there may take."""

    host: str
    port: int
    key: SshKey
    timeout: float
    private_network: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended (-1: it was killed), and what it said."""

    status: int
    said: str = field(repr=False)


@dataclass(slots=True)
class Session:
    """One connection; whoever is about to change something says so, for a loss is then a doubt."""

    connection: asyncssh.SSHClientConnection
    changing: bool = False

    async def run(self, argv: Sequence[str], *, stdin: str = "", hear: bool = True) -> Ended:
        """Run a command; nothing secret is ever among *argv*, and without *hear* nothing that it says is read."""
        out = asyncssh.PIPE if hear else asyncssh.DEVNULL
        done = await self.connection.run(
            shlex.join(argv), input=stdin, stdout=out, stderr=asyncssh.DEVNULL, errors="replace"
        )
        if done.exit_status is None:
            raise ConnectionResetError("it was lost before the command told how it ended")
        return Ended(status=done.exit_status, said=str(done.stdout or ""))


def ssh_key(of: Destination) -> SshKey:
    """
    Give the connection's key.

    Raises:
        DestinationRefused: The destination names no connection (reason `connection-needed`).
    """
    connection = connection_of(of, SshKey, Identity)
    if isinstance(connection, SshKey):
        return connection
    raise DestinationRefused(f"{of.name}: transport ssh needs a connection of type ssh-key", reason="connection-needed")


async def visit[Answer](way: Way, services: IntegrationServices, do: Callable[[Session], Awaitable[Answer]]) -> Answer:
    """
    Do something over one connection.

    Raises:
        OutcomeUnknown: It was lost while something was being changed.
        Unavailable: It does not answer, or was lost before that.
        AccessDenied, DestinationGone: What the server says.
        DestinationRefused: Its host key is another one, or our own key is of no use.
    """
    addresses = await resolve(way.host, way.port, private_network=way.private_network)
    options = _options(way, await services.connection_secret(way.key.secret))
    sessions: list[Session] = []
    try:
        async with _session(way, addresses, options) as session:
            sessions.append(session)
            return await do(session)
    except (asyncssh.Error, OSError, TimeoutError) as error:
        refusal = _refusal(error, way, changing=any(session.changing for session in sessions))
    raise refusal


def _options(way: Way, key: SecretText) -> asyncssh.SSHClientConnectionOptions:
    """Read both keys, and nothing from this machine: no agent, no configuration, no known hosts."""
    host_key = private_key = None
    with contextlib.suppress(asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
        host_key = asyncssh.import_public_key(way.key.host_key)
        private_key = asyncssh.import_private_key(key.reveal())
    if host_key is None:
        raise DestinationRefused("the connection's `host_key` cannot be read", reason="host-key-differs")
    if private_key is None:
        raise DestinationRefused(
            f"the private key {way.key.secret!r} cannot be read: OpenSSH or PEM, without a passphrase",
            reason="connection-secret-wrong",
        )
    return asyncssh.SSHClientConnectionOptions(
        username=way.key.user,
        client_keys=[private_key],
        known_hosts=([host_key], [], []),
        config=None,
        agent_path=None,
        preferred_auth=["publickey"],
        disable_trivial_auth=True,
        gss_host=None,
        connect_timeout=way.timeout,
        login_timeout=way.timeout,
    )


@contextlib.asynccontextmanager
async def _session(
    way: Way, addresses: Sequence[Address], options: asyncssh.SSHClientConnectionOptions
) -> AsyncIterator[Session]:
    """
    Connect to the first address that lets us, and hang up at the end.

    When the time is over it hangs up too: whoever waits for an answer then has its error, which a cancellation would
    not give them, for closing a file means asking the server once more.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + way.timeout
    async with asyncio.timeout_at(deadline):
        connection = await _first_that_connects(way, addresses, options)
    cut = loop.call_at(deadline, connection.abort)
    try:
        yield Session(connection)
    finally:
        cut.cancel()
        connection.abort()


async def _first_that_connects(
    way: Way, addresses: Sequence[Address], options: asyncssh.SSHClientConnectionOptions
) -> asyncssh.SSHClientConnection:
    for address in addresses[:-1]:
        with contextlib.suppress(OSError):
            return await asyncssh.connect(str(address), way.port, options=options)
    return await asyncssh.connect(str(addresses[-1]), way.port, options=options)


def _refusal(error: Exception, way: Way, *, changing: bool) -> RotationError:
    where, what = way.host, type(error).__name__
    match error:
        case asyncssh.HostKeyNotVerifiable() | asyncssh.KeyExchangeFailed():
            return DestinationRefused(
                f"{where} does not show the host key that the connection names", reason="host-key-differs", host=where
            )
        case asyncssh.PermissionDenied():
            return AccessDenied(f"{where} does not let {way.key.user!r} in with this key", host=where)
        case _ if isinstance(error, _DENIED):
            return AccessDenied(f"{where}: {way.key.user!r} may not read or write that file", host=where)
        case _ if isinstance(error, _GONE):
            return DestinationGone(f"{where}: there is no such file or folder", host=where)
        case asyncssh.SFTPOpUnsupported():
            return DestinationRefused(f"{where}: its SFTP server cannot replace a file at one stroke", host=where)
        case _ if changing:
            return OutcomeUnknown(f"{where} was told to change the file and gave no answer ({what})", host=where)
        case _:
            return Unavailable(f"{where} cannot be reached over SSH, or was lost ({what})", host=where)
