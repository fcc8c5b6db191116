"""`Play`: the demo's cast in a running sandbox, with its people's terminal and their Azure CLI."""

import io
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer
import yaml

from rotation.cli.app import app
from sandbox.demo.configuration import configuration
from sandbox.demo.screen import Screen
from sandbox.demo.stage import SETTINGS, NeverQuiet, Stage, staged
from sandbox.demo.terminal import Answer
from sandbox.running.settling import place_secrets, settle
from sandbox.running.world import World
from sandbox.shared import SandboxClock
from sandbox.tenant.cast import cast, with_cast
from sandbox.tenant.cast.members import CastMember, Placed, Wish
from sandbox.tenant.generator import generate
from tests.real.conftest import AzureCli

OPERATOR = "ada@contoso.example"
PATIENCE = 8
LONGEST = 300.0
INCOMPLETE = 4
SECOND = "grace@contoso.example"
VAULT = "localhost"
"""What the Azure CLI calls the sandbox's vault: the first part of its address."""

type Filled = str | Callable[["Play"], str | list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    One command as the pages show it.

    Attributes:
        fill: What stands for each placeholder of it.
        answers: What the person types when asked.
        code: How it ends, if not with 0: with 1 where it says that there is nothing to do.
        says: Words that its answer holds.
        by: Who types it.
        first: What happens in the world before.
    """

    shown: str
    fill: Mapping[str, Filled] = field(default_factory=dict)
    answers: str | Callable[["Play"], str] = "y\ny\n"
    code: int = 0
    says: str = ""
    by: str = OPERATOR
    first: Callable[["Play"], None] | None = None


class Play:
    """The world of the commands."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.cloud = stage.world.cloud
        self.folder = folder
        self.said = ""
        self.az = AzureCli(self.cloud, folder)
        self.az.register(self.cloud)
        signed_in = self.az.sign_in(self.cloud, self.cloud.admin)
        assert signed_in.status == 0, signed_in.error

    def member(self, key: str) -> CastMember:
        return next(member for member in self.stage.members if member.key == key)

    def line(self, key: str) -> dict[str, Any]:
        """Give what the API lists of a character's line."""
        return next(line for line in self.stage.lines() if line["application"] == self.member(key).object_id)

    def current(self, key: str) -> str:
        """Give the key id that is the line's current one."""
        return str(self.line(key)["current"])

    def older_version(self, key: str) -> str:
        """Give the version of a line's vault secret that was published before the latest."""
        name = self.member(key).line_secret_name
        versions = self.az.must("keyvault", "secret", "list-versions", "--vault-name", VAULT, "--name", name)
        there = sorted((each for each in versions if each["attributes"]["enabled"]), key=_made_at)
        return str(there[-2]["id"]).rsplit("/", 1)[-1]

    def answers(self, key: str) -> list[str]:
        """Give yes to each question of a hand-off, and something for what it wants to know."""
        shown = self.stage.ask(f"rotations/{self.line(key)['rotation']}")
        form = next(each["hand_off"] for each in shown["deliveries"] if each["phase"] == "awaiting-person")
        said = {**dict.fromkeys(form["questions"], "yes"), **dict.fromkeys(form["records"], "as before")}
        first, *more = (f"{text}={answer}" for text, answer in said.items())
        return [first, *(word for each in more for word in ("--answer", each))]

    def let_the_night_pass(self) -> None:
        """Wait until the scan has opened whatever may be opened, and all of it stands."""
        until = time.monotonic() + LONGEST
        while not all(line["phase"] or line["state"] == "blocked" for line in self.stage.lines()):
            assert time.monotonic() < until, self.stage.lines()
            time.sleep(0.5)
        self.settle()

    def settle(self) -> None:
        """Wait until only time or a person helps anybody, also on a machine that has other things to do."""
        for _try in range(PATIENCE):
            with suppress(NeverQuiet):
                self.stage.wait_until_nothing_is_under_way()
                return
        self.stage.wait_until_nothing_is_under_way()

    def made_by_hand(self, key: str) -> str:
        """Give the key id of the secret that a person made last."""
        listed = self.az.must("ad", "app", "credential", "list", "--id", self.member(key).client_id)
        return next(str(each["keyId"]) for each in listed if each["displayName"] == "by hand")

    def delete_from_vault(self, name: str) -> None:
        """Delete a vault secret, which leaves its name taken."""
        self.az.must("keyvault", "secret", "delete", "--vault-name", VAULT, "--name", name)

    def keep(self, name: str, text: str) -> str:
        """Write a file of the person at the terminal."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def enrol_the_rest(self) -> None:
        """Let every other owner say yes; some vault names are taken just afterwards."""
        there = {line["application"] for line in self.stage.lines()}
        for member in self.stage.members:
            if member.wish is Wish.ENROL and member.object_id not in there:
                self.stage.terminal.ask("enrol", member.object_id, by=OPERATOR)
            place_secrets(self.cloud, member, Placed.AFTER_ENROLMENT)

    def type(self, step: Step) -> Answer:
        """Type a step's command with all its places filled."""
        words = self._filled(step)
        match words:
            case ["az", *rest, ">", _file]:
                return self._ask_azure(rest)
            case ["az", *rest]:
                return self._ask_azure(rest)
            case [".venv/bin/python" | "python", "-m", "rotation" | "sandbox.cli", *rest] | ["rotation", *rest]:
                who = ("--as", step.by) if _asks_who(rest) else ()
                return self._type([*rest, *who], step)
        raise AssertionError(f"nobody here can type {words[0]}")

    def _type(self, words: Sequence[str], step: Step) -> Answer:
        """Type it, and again while the app works on the same: that is what the command line says to do."""
        answers = step.answers if isinstance(step.answers, str) else step.answers(self)
        until = time.monotonic() + LONGEST
        while _again(answer := self.stage.terminal.type(*words, answers=answers)):
            assert time.monotonic() < until, answer
            time.sleep(1)
        return answer

    def _ask_azure(self, words: Sequence[str]) -> Answer:
        done = self.az.run(*words)
        self.said = done.out
        return Answer(code=done.status, out=done.out, error=done.error)

    def _filled(self, step: Step) -> list[str]:
        """Put in what stands for each placeholder: a whole word, which may become several."""
        words: list[str] = []
        for word in shlex.split(step.shown):
            value = step.fill.get(word, word)
            given = value if isinstance(value, str) else value(self)
            words += [given] if isinstance(given, str) else given
        return words


def _again(answer: Answer) -> bool:
    said = " ".join(f"{answer.out} {answer.error}".split()).lower()
    return answer.code == INCOMPLETE and "run it again" in said


def _made_at(version: Mapping[str, Any]) -> str:
    return str(version["attributes"]["created"])


def _asks_who(words: Sequence[str]) -> bool:
    command: object = typer.main.get_command(app)
    for word in words:
        command = getattr(command, "commands", {}).get(word, command)
    return any("--as" in getattr(each, "opts", ()) for each in getattr(command, "params", ()))


def _configuration(world: World, members: Sequence[CastMember], domain: str) -> str:
    """The demo's, where one destination waits for a second person."""
    document = yaml.safe_load(configuration(world.cloud, members, domain))
    document["destinations"]["billing-api"]["approval"] = "required"
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return text


@contextmanager
def playing(folder: Path) -> Iterator[Play]:
    """Start all of it, and end all of it."""
    now = SandboxClock().now()
    members = cast(now)
    tenant = with_cast(generate(applications=10, seed=7, now=now), now)
    with World(tenant, settings={**SETTINGS, "RECOVER_SCHEDULE": "*/4 * * * * *"}) as world:
        world.start_cloud()
        settle(world.cloud, members)
        world.cloud.entra.behaviour.update({"sign_in_report_lag_seconds": timedelta(hours=6).total_seconds()})
        world.write_config(_configuration(world, members, tenant.default_domain))
        with staged(Screen(io.StringIO()), world, tenant, members=members) as stage:
            yield Play(stage, folder)
