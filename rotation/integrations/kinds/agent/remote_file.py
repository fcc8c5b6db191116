"""Read a file over SFTP, and replace it at one stroke: a whole new file beside it, on disk, then renamed over it."""

import contextlib
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self, cast

import asyncssh

from rotation.domain.delivery import Shipment
from rotation.domain.errors import AccessDenied, DestinationRefused, Unavailable
from rotation.domain.identifiers import DestinationName
from rotation.integrations.kinds.agent.place import FileText
from rotation.integrations.kinds.agent.ssh import Session

LARGEST = 1024 * 1024
PRIVATE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Who owns a file, and who may do what with it."""

    uid: int
    gid: int
    mode: int

    @property
    def others_may_read(self) -> bool:
        """Tell whether every account of the server may read it."""
        return bool(self.mode & stat.S_IROTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file as it stands there."""

    text: FileText
    rights: Rights
    modified_at: int
    """Seconds since 1970 by the server's clock; SFTP knows no finer ones."""


class Beside:
    """Names of what a delivery leaves beside the file until it is cleaned up."""

    def __init__(self, path: str, to: DestinationName) -> None:
        self._stem = f"{path}.rotation-{to}-"

    def backup(self, shipment: Shipment) -> str:
        """Name the copy of what was there before this rotation."""
        return f"{self._stem}{shipment.rotation.ulid}.bak"

    def part(self, shipment: Shipment) -> str:
        """Name the new file while it is being written."""
        return f"{self._stem}{shipment.rotation.ulid}.new"

    def is_ours(self, path: str, until: Shipment) -> bool:
        """Tell whether *path* was left by this destination's deliveries, up to this rotation's."""
        ulid, _, ending = path.removeprefix(self._stem).partition(".")
        return path.startswith(self._stem) and ending in {"bak", "new"} and ulid <= until.rotation.ulid


class RemoteFile:
    """One file on one server."""

    def __init__(self, session: Session, path: str, sftp: asyncssh.SFTPClient) -> None:
        self._session = session
        self._path = path
        self._sftp = sftp

    @classmethod
    @contextlib.asynccontextmanager
    async def at(cls, path: str, session: Session) -> AsyncIterator[Self]:
        """Open SFTP for as long as the block lasts."""
        async with session.connection.start_sftp_client() as sftp:
            yield cls(session, path, sftp)

    async def read(self) -> Found:
        """
        Read it.

        Raises:
            DestinationRefused: It is a link, a folder, too large, or not UTF-8.
        """
        attributes = await self._sftp.lstat(self._path)
        mode = attributes.permissions or 0
        if not stat.S_ISREG(mode):
            raise DestinationRefused(
                f"{self._path} is no plain file: name what a link leads to", reason="file-unreadable"
            )
        if (attributes.size or 0) > LARGEST:
            raise DestinationRefused(f"{self._path} is larger than {LARGEST} bytes", reason="file-unreadable")
        text = _decoded(await self._bytes(self._path))
        if text is None:
            raise DestinationRefused(f"{self._path} is not UTF-8", reason="file-unreadable")
        rights = Rights(uid=attributes.uid or 0, gid=attributes.gid or 0, mode=stat.S_IMODE(mode))
        return Found(text=text, rights=rights, modified_at=int(attributes.mtime or 0))

    async def back_up(self, found: Found, backup: str, *, part: str) -> None:
        """Keep a copy with the same rights, unless this rotation has one."""
        if not await self._sftp.exists(backup):
            await self._write(part, found.text, found.rights)
            await self._sftp.posix_rename(part, backup)

    async def replace(self, found: Found, text: FileText, *, part: str) -> None:
        """
        Put *text* in the place of what was *found*.

        Raises:
            Unavailable: Somebody else changed the file meanwhile; look again.
            AccessDenied: Its owner cannot be kept.
        """
        await self._write(part, text, found.rights)
        if (await self.read()).text != found.text:
            await self._sftp.remove(part)
            raise Unavailable(f"{self._path} was changed while it was being rewritten")
        self._session.changing = True
        await self._sftp.posix_rename(part, self._path)
        self._session.changing = False

    async def remove_beside(self, beside: Beside, until: Shipment) -> None:
        """Remove what deliveries up to this one left."""
        folder = self._path.rpartition("/")[0]
        for name in await self._sftp.listdir(folder or "/"):
            path = f"{folder}/{name}"
            if beside.is_ours(path, until):
                with contextlib.suppress(asyncssh.SFTPNoSuchFile):
                    await self._sftp.remove(path)

    async def _bytes(self, path: str) -> bytes:
        async with self._sftp.open(path, "rb", encoding=None) as file:
            return cast("bytes", await file.read(LARGEST + 1))

    async def _write(self, path: str, text: FileText, rights: Rights) -> None:
        """Write a whole new file; nobody else can read it before it has the rights of the one that it is made like."""
        with contextlib.suppress(asyncssh.SFTPNoSuchFile):
            await self._sftp.remove(path)
        attributes = asyncssh.SFTPAttrs(permissions=PRIVATE)
        async with self._sftp.open(path, "xb", attributes, encoding=None) as file:
            await file.write(text.read().encode())
            await self._take_over(path, rights)
            with contextlib.suppress(asyncssh.SFTPOpUnsupported):
                await file.fsync()

    async def _take_over(self, path: str, rights: Rights) -> None:
        own = await self._sftp.stat(path)
        kept = True
        if (own.uid, own.gid) != (rights.uid, rights.gid):
            try:
                await self._sftp.chown(path, rights.uid, rights.gid)
            except asyncssh.SFTPError:
                kept = False
        if not kept:
            await self._sftp.remove(path)
            raise AccessDenied(
                f"{self._path} belongs to uid {rights.uid}, gid {rights.gid}, which this account cannot give to a new "
                "file: sign in as that owner, or as root"
            )
        await self._sftp.chmod(path, rights.mode)


def _decoded(raw: bytes) -> FileText | None:
    """Read it as UTF-8; the library's error would hold the file."""
    with contextlib.suppress(UnicodeDecodeError):
        return FileText(raw.decode())
    return None
