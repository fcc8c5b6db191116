"""One application as a line of the inventory: what the snapshot of the secrets pass holds (protocol.md, Ledger)."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from rotation.domain.identifiers import LineName
from rotation.domain.policy import Mode, Policy
from rotation.ports.directory import ListedApplication

SNAPSHOT, OWNERS = "secrets", "owners"
"""The files of the nightly pass and of the weekly one that reads owners."""

type Standing = tuple[str, LineName | None]
"""What a secret is to us (`monitored`, `current`, ...), and the line that it belongs to."""


class InventorySecret(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """A client secret, by the names of the file."""

    key_id: str = msgspec.field(name="keyId")
    name: str | None
    end: datetime
    status: str


class InventoryLine(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """An application, by the names of the file; msgspec writes and reads a hundred thousand in a second."""

    object_id: str = msgspec.field(name="id")
    client_id: str = msgspec.field(name="appId")
    name: str
    policy: str | None
    mode: str
    enrolled: Sequence[str]
    disabled: bool
    secrets: Sequence[InventorySecret]


class OwnersLine(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """Who owns an application, by the names of the file."""

    object_id: str = msgspec.field(name="id")
    owners: Sequence[str]
    """`Anna Kim <anna@contoso.com>` each; at most twenty."""


_ENCODER = msgspec.json.Encoder()


def line_of(
    application: ListedApplication,
    policy: Policy | None,
    standings: Sequence[Standing],
    *,
    enrolled: Sequence[LineName] = (),
) -> InventoryLine:
    """Make the line of one application; *standings* are those of its secrets, in their order."""
    return InventoryLine(
        object_id=application.object_id,
        client_id=application.client_id,
        name=application.display_name or "",
        policy=policy.name if policy else None,
        mode=policy.mode if policy else Mode.MONITOR,
        enrolled=enrolled,
        disabled=bool(application.disabled),
        secrets=[
            InventorySecret(key_id=secret.key_id, name=secret.display_name, end=secret.ends, status=status)
            for secret, (status, _line) in zip(application.secrets, standings, strict=True)
        ],
    )


def text_of(lines: Sequence[InventoryLine | OwnersLine]) -> bytes:
    """Write lines as JSON, each with its break at the end."""
    return _ENCODER.encode_lines(lines)
