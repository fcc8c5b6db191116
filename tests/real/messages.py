"""A digest as people get it, for pictures and for looking at it in other people's programs."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rotation.ports.notices import Item, Message

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SAID = datetime(2026, 11, 27, 7, tzinfo=UTC)
BASE = "https://rotation.contoso.com"
EVIL = "<script>document.title = 'run'</script><img src=https://evil.example/x> [click](https://evil.example) **b**"


def picture(name: str, otherwise: Path) -> Path:
    """Give where a picture goes: into the folder that ROTATION_PICTURES names, or where nobody keeps it."""
    folder = os.environ.get("ROTATION_PICTURES")
    return (Path(folder) if folder else otherwise) / name


def _due(days: int) -> datetime:
    return SAID + timedelta(days=days)


EVERY_KIND = (
    Item(
        state="expired",
        subject="legacy-export",
        text="nobody rotates its secret 'portal 2024'",
        due_at=_due(-2),
        uid="a",
        link=f"{BASE}/applications/1",
        action="Enrol",
        snooze=f"{BASE}/snooze/x",
        identifier="key id 7c1f0c1e-8a55-4d4e-9a52-52a6a2c0e7f1",
    ),
    Item(
        state="waiting",
        subject="Arctic Wolf MA",
        text="Paste the new secret into Arctic Wolf: waits for you",
        due_at=_due(5),
        uid="b",
        link=f"{BASE}/hand-offs/1/arctic-wolf",
        action="Open the steps",
    ),
    Item(
        state="approaching",
        subject="hr-sync",
        text="nobody rotates its SAML signing certificate 'CN=hr-sync'",
        due_at=_due(12),
        uid="c",
        link=f"{BASE}/applications/2",
        action="Renew",
        snooze=f"{BASE}/snooze/y",
        identifier="key id 1f0c1e7c-8a55-4d4e-9a52-52a6a2c0e7f1",
    ),
    Item(
        state="blocked",
        subject="billing-api",
        text="stopped (vault-refused): the vault's firewall does not let our identity in",
        due_at=_due(23),
        uid="d",
        link=f"{BASE}/rotations/1",
        action="What to do",
    ),
    Item(
        state="done",
        subject="payments-api",
        text="rotated, good until 2027-05-26, old ones removed",
        link=f"{BASE}/rotations/2",
        action="Show",
    ),
)
"""One of every kind of thing that a digest tells."""


def digest() -> Message:
    """Make one with every kind of thing that a digest tells."""
    return Message(
        title="41 credentials need you",
        summary="Entra credentials · payments",
        items=EVERY_KIND,
        left_out=37,
        link=f"{BASE}/",
        said_at=SAID,
    )
