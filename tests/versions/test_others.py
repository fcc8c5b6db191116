"""Messages in flight, marks at credentials, tags in the vault, files of the inventory: whatever else outlives a deployment."""

import json
from pathlib import Path

import msgspec
import pytest

from rotation.domain import messages
from rotation.domain.credential import Marker
from rotation.domain.errors import NewerVersion
from rotation.domain.identifiers import RotationId
from rotation.ledger import keys
from rotation.workflows import tags
from rotation.workflows.inventory import InventoryLine, OwnersLine

ROTATION = "a0000000-0000-0000-0000-000000000001.01KJP4DZV00000000000000006"
OF_VERSION_1 = {
    keys.QUEUE_SCANS: '{"v":1,"scan":"01KJP4DZV00000000000000006"}',
    keys.QUEUE_ROTATIONS: f'{{"v":1,"rotation":"{ROTATION}"}}',
    keys.QUEUE_DELIVERIES: f'{{"v":1,"rotation":"{ROTATION}","destination":"erp-vault"}}',
    keys.QUEUE_NOTICES: '{"v":1,"key":"01KJP4DZV00000000000000006.1"}',
}
READERS = {
    keys.QUEUE_SCANS: messages.read_scan,
    keys.QUEUE_ROTATIONS: messages.read_rotation,
    keys.QUEUE_DELIVERIES: messages.read_delivery,
    keys.QUEUE_NOTICES: messages.read_notice,
}
FILES = Path(__file__).parent / "golden"


def test_messages_of_the_first_version_are_read() -> None:
    ours = RotationId.parse(ROTATION)
    assert messages.read_scan(OF_VERSION_1["scans"]).scan == "01KJP4DZV00000000000000006"
    assert messages.read_rotation(OF_VERSION_1["rotations"]) == ours
    assert messages.read_delivery(OF_VERSION_1["deliveries"]) == (ours, "erp-vault")
    assert messages.read_notice(OF_VERSION_1["notices"]) == "01KJP4DZV00000000000000006.1"


def test_messages_are_written_as_the_first_version_reads_them() -> None:
    assert messages.VERSION == 1, "keep messages of this version too, and let both be read"
    assert (
        messages.write(messages.DeliveryMessage(rotation=ROTATION, destination="erp-vault"))
        == (OF_VERSION_1["deliveries"])
    )


@pytest.mark.parametrize("queue", keys.QUEUES)
def test_a_message_of_a_newer_version_is_let_go_and_not_called_unreadable(queue: str) -> None:
    newer = {**json.loads(OF_VERSION_1[queue]), "v": 2, "more": ["of", "something"]}
    with pytest.raises(NewerVersion):
        READERS[queue](json.dumps(newer))


def test_the_mark_of_a_credential_is_read() -> None:
    kept = "ERP sync - default, managed by Rotation, do not remove (rotation:01KJP4DZV00000000000000006.2)"
    assert Marker.read(kept) == Marker("01KJP4DZV00000000000000006", 2)


def test_the_tags_of_a_vault_version_keep_their_names() -> None:
    names = (tags.ROTATION, tags.LINE, tags.ATTEMPT, tags.KEY_ID, tags.STATE, tags.CLIENT_ID, tags.RESERVED)
    kept = ("rotation", "rotation-line", "rotation-attempt", "entra-key-id", "rotation-state", "entra-client-id")
    assert names == (*kept, "reserved"), "versions in vaults bear these: a new name is added, none is changed"


@pytest.mark.parametrize(("file", "kind"), [("inventory.jsonl", InventoryLine), ("owners.jsonl", OwnersLine)])
def test_lines_of_snapshots_are_read_with_and_without_what_a_newer_version_adds(
    file: str, kind: type[InventoryLine | OwnersLine]
) -> None:
    for text in (FILES / file).read_bytes().splitlines():
        kept = msgspec.json.decode(text, type=kind)
        assert msgspec.json.encode(kept) == text
        assert msgspec.json.decode(json.dumps({**json.loads(text), "more": 1}), type=kind) == kept
