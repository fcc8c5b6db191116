"""The default demo: the cast in a made-up tenant, one night, and the weeks after it."""

import time
from datetime import timedelta
from typing import Any

from sandbox.demo import night, tables
from sandbox.demo.asked import DAYS, Asked
from sandbox.demo.configuration import configuration
from sandbox.demo.days import live, sign_in
from sandbox.demo.judgement import all_retired, endings, mails, wrongs
from sandbox.demo.report import make_report, problems, remarks, search
from sandbox.demo.screen import Screen
from sandbox.demo.stage import SETTINGS, Stage, staged
from sandbox.demo.verdict import Verdict, conclude
from sandbox.running.settling import settle
from sandbox.running.world import World
from sandbox.shared import SandboxClock
from sandbox.tenant.cast import cast, with_cast
from sandbox.tenant.generator import generate

REPORT_LAG = timedelta(hours=6)


def tell(asked: Asked, screen: Screen) -> Verdict:
    """Run it all and give the verdict."""
    began = time.monotonic()
    now = SandboxClock().now()
    members = cast(now)
    tenant = with_cast(generate(applications=asked.applications, seed=asked.seed, now=now), now)
    screen.title(f"Rotation · demo · {tenant.display_name}")
    with World(tenant, settings=SETTINGS) as world:
        with screen.working("a tenant with its directory, sign-in, two vaults and systems"):
            world.start_cloud()
            settle(world.cloud, members)
            world.cloud.entra.behaviour.update({"sign_in_report_lag_seconds": REPORT_LAG.total_seconds()})
            world.write_config(configuration(world.cloud, members, tenant.default_domain))
        with staged(screen, world, tenant, members=members) as stage:
            _play(stage)
            report = _show(stage, began)
            return conclude(asked, stage, report)


def _play(stage: Stage) -> None:
    stage.screen.title("The first night")
    expected = night.enrol(stage)
    night.scan(stage)
    night.follow(stage, expected)
    stage.wait_until_quiet()
    stage.screen.title("The weeks after, in fast motion (the canary, which rotates nightly, rests)")
    resting = configuration(stage.world.cloud, stage.members, stage.tenant.default_domain, canary_rests=True)
    stage.world.write_config(resting)
    live(stage, DAYS, lambda: all_retired(stage))
    night.let_finish(stage)


def _show(stage: Stage, began: float) -> tuple[dict[str, Any], list[str]]:
    signed_in = sign_in(stage)
    lines = stage.lines()
    found = endings(stage, lines, remarks(stage))
    screen = stage.screen
    screen.title("What became of everybody")
    screen.show(tables.ledger(found))
    screen.title("What the systems downstream can do")
    cloud = stage.world.cloud
    screen.show(tables.downstream(cloud.downstream.truth(), cloud.entra.truth.sign_ins))
    screen.title("Who was told")
    screen.show(tables.reminders(mails(stage)))
    report = make_report(stage, signed_in, lines, began=began, now=time.monotonic())
    with screen.working("every log, table, queue, blob and mail searched for secrets"):
        report["canary_leaks"] = search(stage, report)
    report["duration_s"] = round(time.monotonic() - began, 1)
    screen.title("In figures")
    screen.show(tables.figures(report))
    return report, [*problems(report), *wrongs(found)]
