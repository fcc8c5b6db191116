"""Storage operations of a night: the first, one on which nothing changed, one with few changes."""

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import httpx

from sandbox.tenant.generator import generate
from tests.bench.directory_server import SEED
from tests.bench.figures import Figure
from tests.bench.scan_cost import Effort
from tests.bench.stage import Stage

CHANGED = 25
ENDS_EVERY = timedelta(days=4)
"""Over all weeks of the horizon: a transaction holds one week."""
CONSTANT = 12
"""Writes of a night that found nothing new: the scan's own row, its lease, the night."""
ROWS_A_TRANSACTION, WEEKS = 50, 60


def storage_figures(effort: Effort) -> Iterator[Figure]:
    """Run three nights over one directory."""
    with Stage(effort.applications) as stage:
        first = stage.run("scan_ours")
        quiet = stage.run("scan_ours")
        _add_secrets(stage)
        few = stage.run("scan_ours")
    rows = int(first["counts"]["expiries_written"])
    yield Figure(
        name="storage-first-night-transactions",
        value=first["tables"]["expiries write"] + first["tables"]["control write"],
        unit=f"transactions for {rows} rows",
        goal=rows / ROWS_A_TRANSACTION + WEEKS,
    )
    yield Figure(
        name="storage-quiet-night-expiries", value=quiet["tables"].get("expiries write", 0), unit="writes", goal=0
    )
    yield Figure(
        name="storage-quiet-night-writes", value=_writes(quiet["tables"]), unit="writes", goal=CONSTANT, kept=True
    )
    yield Figure(
        name="storage-horizon-rows",
        value=rows / first["counts"]["applications"],
        unit="rows an application",
        kept=True,
    )
    yield Figure(
        name="storage-quiet-night-reads",
        value=quiet["tables"].get("expiries read", 0) + quiet["tables"]["control read"],
        unit="reads of the horizon and of what is written down of it",
    )
    yield Figure(
        name="storage-writes-a-changed-credential",
        value=(sum(few["tables"].values()) - sum(quiet["tables"].values())) / CHANGED,
        unit="operations more than on a quiet night",
        goal=4,
        ratio=True,
        kept=True,
    )


def _writes(asked: Mapping[str, int]) -> int:
    return sum(count for what, count in asked.items() if what.endswith("write"))


def _add_secrets(stage: Stage) -> None:
    """Let a stranger add secrets that end within the horizon, each to another application that takes one."""
    now = datetime.now(UTC)
    tenant = generate(applications=stage.applications, seed=SEED, now=now)
    context = ssl.create_default_context(cafile=stage.environment["SSL_CERT_FILE"])
    added = 0
    with httpx.Client(verify=context, base_url=stage.environment["SANDBOX_CONTROL_URL"], trust_env=False) as client:
        for application in tenant.applications():
            asked = {"app_id": application["appId"], "end": (now + ENDS_EVERY * (added + 1)).isoformat()}
            added += client.post("/secrets", json=asked).is_success
            if added == CHANGED:
                return
    raise RuntimeError("too few applications took another secret")
