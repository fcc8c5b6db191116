"""The weeks after: a scan a day, everybody signs in with what they hold, and people do or do not paste in time."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

from sandbox.demo.configuration import mail
from sandbox.demo.stage import Stage
from sandbox.downstream.downstream import Outcome as SignedIn
from sandbox.tenant.cast.members import CastMember

DAY = timedelta(days=1, minutes=2)
"""A little more, so that what is looked at daily is due when the day has moved."""
WEEK = timedelta(days=7, minutes=2)
CLOSELY = (range(3), range(34, 99))
"""Days lived one by one: when secrets are handed over, and when the old ones go. Between them, week by week."""
PASTES_ON = 2
"""On this day the person who does their hand-off in time does it."""
IN_TIME = "ci-sync-azure"


def live(stage: Stage, days: int, over: Callable[[], bool]) -> timedelta:
    """
    Move on until *over* says so, at most so many days, and give how long it was.

    Each move runs the night that fell due by it; the digest follows its scan. The quiet weeks in the middle are lived
    a week at a time: that is what a minute has room for, and nothing is decided in them.
    """
    lived = timedelta()
    with stage.screen.working(f"{days} days: scans, evidence, reminders, and everybody signs in", total=days) as work:
        while lived < timedelta(days=days):
            step = _step(lived)
            stage.move(step)
            lived += step
            stage.wait_until_quiet()
            stage.run_now("recover")
            stage.run_now("daily_digest")
            outcomes = sign_in(stage)
            stage.wait_until_nothing_is_under_way()
            if lived.days == PASTES_ON:
                paste(stage, member_of(stage, IN_TIME))
            failing = [each.name for each in outcomes if not each.ok]
            told = f"day {lived.days}: {len(outcomes) - len(failing)} of {len(outcomes)} systems sign in"
            told += f", not {', '.join(failing)}" if failing else ""
            work.tell(told, done=lived.days, aloud=step > DAY)
            if over():
                break
    return lived


def _step(lived: timedelta) -> timedelta:
    """Give a day or a week, but never past the day from which each counts again."""
    if any(lived.days in closely for closely in CLOSELY):
        return DAY
    following = timedelta(days=min(closely.start for closely in CLOSELY if closely.start > lived.days))
    return min(WEEK, following - lived + timedelta(minutes=2))


def sign_in(stage: Stage) -> list[SignedIn]:
    """Let every downstream system sign in with what it holds."""
    return asyncio.run(stage.world.cloud.downstream.sign_in_all())


def member_of(stage: Stage, key: str) -> CastMember:
    return next(member for member in stage.members if member.key == key)


def paste(stage: Stage, member: CastMember) -> None:
    """Let the owner do the hand-off: open the link, paste, and say so at the command line."""
    line = next(line for line in stage.lines() if line["application"] == member.object_id)
    shown = stage.ask(f"rotations/{line['rotation']}")
    waiting = next(each for each in shown["deliveries"] if each["phase"] == "awaiting-person")
    link = next(field["value"] for field in waiting["hand_off"]["fields"] if field["link"])
    _hand_over(stage, member, link)
    form = waiting["hand_off"]
    said = {**dict.fromkeys(form["questions"], "yes"), **dict.fromkeys(form["records"], "as before")}
    answers = [word for text, answer in said.items() for word in ("--answer", f"{text}={answer}")]
    owner = mail(member.owner, stage.tenant.default_domain)
    stage.terminal.ask("acknowledge", line["rotation"], waiting["destination"], *answers, by=owner)


def _hand_over(stage: Stage, member: CastMember, link: str) -> None:
    url = urlsplit(link)
    _, _, name, version = url.path.split("/")
    reference: Mapping[str, Any] = {"vault_url": f"{url.scheme}://{url.netloc}", "name": name, "version": version}
    cloud = stage.world.cloud
    context = ssl.create_default_context(cafile=cloud.ca_file)
    with httpx.Client(verify=context, trust_env=False) as client:
        address = f"{cloud.urls['downstream']}/people/{member.key}"
        client.post(address, json={**reference, "client_id": member.client_id}).raise_for_status()
