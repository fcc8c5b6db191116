"""What the app's own inventory says about a tenant: due, expired, never-ending, strays, and what ends when."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.demo.stage import Stage

LEAD_TIME = timedelta(days=60)
"""The built-in one: what ends sooner would be rotated tonight, were it enrolled."""
_NEVER = 2200
"""Years from here on mean never: portals and scripts write 2299."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """One client secret as the nightly scan wrote it down."""

    application: str
    name: str
    ends_at: datetime
    stray: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All secrets, sorted into what somebody must know; earliest end first."""

    due: Sequence[Secret]
    expired: Sequence[Secret]
    never: Sequence[Secret]
    strays: Sequence[Secret]
    later: int

    def as_json(self) -> dict[str, int]:
        counted = {name: len(getattr(self, name)) for name in ("due", "expired", "never", "strays")}
        return counted | {"later": self.later}


def read_inventory(stage: Stage) -> Inventory:
    """Read the snapshot that the app wrote, as its pages do."""
    now = stage.world.cloud.clock.now()
    text = stage.books.blob("snapshots", "secrets.jsonl.gz").decode()
    own = stage.own_client_ids
    rows = [row for row in map(json.loads, text.splitlines()) if row["appId"] not in own]
    found = sorted(_secrets(rows), key=lambda secret: secret.ends_at)
    valid = [secret for secret in found if secret.ends_at > now and secret.ends_at.year < _NEVER]
    return Inventory(
        due=[secret for secret in valid if secret.ends_at <= now + LEAD_TIME],
        expired=[secret for secret in found if secret.ends_at <= now],
        never=[secret for secret in found if secret.ends_at.year >= _NEVER],
        strays=[secret for secret in found if secret.stray],
        later=sum(secret.ends_at > now + LEAD_TIME for secret in valid),
    )


def _secrets(applications: Iterable[dict[str, Any]]) -> Iterator[Secret]:
    for application in applications:
        for secret in application["secrets"]:
            yield Secret(
                application=application["name"] or application["appId"],
                name=secret["name"] or "(no name)",
                ends_at=datetime.fromisoformat(secret["end"]),
                stray=secret["status"] == "stray",
            )
