"""Rehearse tonight's run on somebody's own inventory: monitor only, nothing enrolled, nothing touched."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from sandbox.cloud import read_tenant
from sandbox.demo import night, tables
from sandbox.demo.asked import Asked
from sandbox.demo.configuration import watching
from sandbox.demo.inventory import Inventory, Secret, read_inventory
from sandbox.demo.judgement import mails
from sandbox.demo.report import make_report, problems, remarks, search
from sandbox.demo.screen import Screen, sign
from sandbox.demo.stage import SETTINGS, Stage, staged
from sandbox.demo.verdict import Verdict, conclude
from sandbox.running.world import World

SHOWN = 15
_SOON = timedelta(days=7)
_UNREAD = "could not be read"
"""How the scan remarks on an application that it cannot make sense of."""


def tell(asked: Asked, path: Path, screen: Screen) -> Verdict:
    """Run it and give the verdict; NotATenant or OSError before anything is started."""
    began = time.monotonic()
    tenant = read_tenant(path)
    screen.title(f"Rotation · tonight's run on {path.name} · {tenant.display_name}")
    for remark in tenant.remarks:
        screen.show(Text(f"  {remark}", style="dim"))
    with World(tenant, settings=SETTINGS) as world:
        with screen.working("a tenant made of the file, on this machine only"):
            world.start_cloud()
            sender = world.cloud.entra.add_user("Rotation Platform Team").current["mail"]
            world.write_config(watching(sender))
        with staged(screen, world, tenant, members=()) as stage:
            return conclude(asked, stage, _rehearse(stage, began))


def _rehearse(stage: Stage, began: float) -> tuple[dict[str, Any], list[str]]:
    night.scan(stage)
    with stage.screen.working("the digest of what somebody must know"):
        stage.run_now("daily_digest")
        stage.wait_until_quiet()
    found = read_inventory(stage)
    _show(stage, found)
    report = make_report(stage, [], stage.lines(), began=began, now=time.monotonic()) | {"inventory": found.as_json()}
    with stage.screen.working("every log, table, queue, blob and mail searched for secrets"):
        report["canary_leaks"] = search(stage, report)
    report["duration_s"] = round(time.monotonic() - began, 1)
    stage.screen.title("In figures")
    stage.screen.show(tables.figures(report))
    return report, problems(report)


def _show(stage: Stage, found: Inventory) -> None:
    screen, now = stage.screen, stage.world.cloud.clock.now()
    screen.title("What tonight would find")
    for state, count, says in (
        ("approaching", len(found.due), "end within 60 days: rotated tonight, were they enrolled"),
        ("expired", len(found.expired), "expired, and still there"),
        ("waiting", len(found.never), "never end"),
        ("blocked", len(found.strays), "strays: marked by another deployment, never removed by itself"),
        ("healthy", found.later, "end later"),
    ):
        screen.show(sign(state, f"{count:>6,}  {says}"))
    if found.due:
        screen.title("What ends first")
        screen.show(_first(found, now))
    for remark in dict.fromkeys(remarks(stage)):
        if _UNREAD in remark:
            screen.show(sign("expired", remark))
    sent = len(mails(stage))
    told = f"{sent} mail{'' if sent == 1 else 's'} would be sent"
    screen.show(Text(f"\n{told}. Nothing is enrolled, so nothing is rotated."))


def _first(found: Inventory, now: datetime) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("", "application", "secret", "ends"):
        table.add_column(column, overflow="fold")
    for secret in found.due[:SHOWN]:
        table.add_row(*_row(secret, now))
    left = len(found.due) - SHOWN
    if left > 0:
        table.add_row("", f"and {left} more", "", "")
    return table


def _row(secret: Secret, now: datetime) -> tuple[Text, Text, Text, str]:
    left = secret.ends_at - now
    mark = sign("expired" if left < _SOON else "approaching")
    return mark, Text(secret.application), Text(secret.name), f"{secret.ends_at:%Y-%m-%d} (in {left.days} days)"
