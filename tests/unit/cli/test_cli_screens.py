"""What a terminal of any width shows, what a pipe gets, and who watches a live line."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Self

import pytest
from rich.text import Text
from typer.testing import CliRunner

from rotation.cli import progress, terminal
from rotation.cli.app import app
from rotation.domain.policy import Terms
from tests.fakes.world import World, configure, destination
from tests.unit.cli.conftest import Shell


def hand_off(*places: str) -> tuple[Shell, str]:
    """Let a rotation wait for a person at each of these places."""
    persons = [destination(name, "person") for name in places or ("wolf",)]
    shell = Shell(world=World(configuration=configure(*persons, terms=Terms())))
    application = shell.world.add_application()
    shell.do(shell.world.enrol(application))
    shell.type("rotate", application.object_id)
    shell.do(shell.world.run(timedelta(hours=1)))
    return shell, str(shell.world.rotations()[0].id)


def test_nothing_waits_for_a_person(shell: Shell) -> None:
    assert shell.type("handoffs").stdout.strip() == "✓ Nothing waits for a person."
    assert shell.facts("handoffs") == {"hand_offs": []}


def test_hand_offs_are_listed_with_their_day_and_the_command_that_tells_one() -> None:
    shell, rotation = hand_off()
    ulid = rotation.rpartition(".")[2]
    shown = shell.type("handoffs").stdout
    assert "wolf" in shown
    assert f"rotation handoffs {ulid}" in " ".join(shown.split())
    (seen,) = shell.facts("handoffs")["hand_offs"]
    assert (seen["rotation"], seen["destination"], seen["overdue"]) == (rotation, "wolf", False)


def test_one_hand_off_tells_fields_checklist_questions_and_how_it_ends() -> None:
    shell, rotation = hand_off()
    shown = " ".join(shell.type("handoffs", rotation).stdout.split())
    form = shell.facts("handoffs", rotation)["form"]
    assert form["fields"]
    for told in (*(field["label"] for field in form["fields"]), *form["checklist"], *form["questions"]):
        assert " ".join(told.split()) in shown
    assert f"rotation acknowledge {rotation.rpartition('.')[2]} wolf" in shown


def test_an_overdue_hand_off_says_so() -> None:
    shell, rotation = hand_off()
    shell.do(shell.world.run(timedelta(days=20)))
    assert "overdue" in shell.type("handoffs", rotation).stdout
    assert shell.facts("handoffs")["hand_offs"][0]["overdue"]


def test_of_several_hand_offs_one_is_named() -> None:
    shell, rotation = hand_off("wolf", "bear")
    refused = shell.facts("handoffs", rotation)
    assert (refused["error"], refused["facts"]["destinations"], refused["exit"]) == ("ambiguous", ["bear", "wolf"], 1)
    assert shell.facts("handoffs", rotation, "bear")["destination"] == "bear"
    assert shell.facts("handoffs", rotation, "fox")["error"] == "not-open"


def typed(shell: Shell, *arguments: str, **environment: str) -> str:
    here = terminal.Terminal(services=shell._services, signed_in=shell._signed_in)
    return CliRunner().invoke(app, arguments, obj=here, env={"TERM": "xterm", **environment}).stdout


def listed(shell: Shell) -> str:
    application = shell.world.add_application(secrets=3)
    shell.do(shell.world.enrol(application))
    return application.object_id


@pytest.mark.parametrize("width", [80, 200])
def test_tables_take_the_width_that_there_is_and_text_stays_readable(shell: Shell, width: int) -> None:
    rows = typed(shell, "show", listed(shell), COLUMNS=str(width)).splitlines()
    assert max(map(len, rows)) <= width
    told = typed(shell, "status", COLUMNS=str(width)).splitlines()
    assert max(map(len, told)) <= terminal.READABLE


def test_a_pipe_gets_a_row_on_one_line_and_no_colour(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    object_id = listed(shell)
    shown = typed(shell, "show", object_id)
    assert "\x1b" not in shown
    keys = shell.facts("show", object_id)["secrets"]
    assert all(any(key["key_id"] in row and key["line"] in row for row in shown.splitlines()) for key in keys)


def test_a_missing_reason_is_wrong_use_where_nobody_can_answer(shell: Shell) -> None:
    for command in (("pause", "--json"), ("resume", "--json"), ("abandon", "x", "--json")):
        assert shell.type(*command).exit_code == 2


def test_questions_never_stand_in_what_a_program_reads(shell: Shell) -> None:
    done = shell.type("pause", answers="freeze\n")
    assert "Why?" not in done.stdout
    assert "Why?" in done.stderr


async def test_whoever_watches_sees_the_line_change_until_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Screen:
        def __init__(self, **_how: object) -> None:
            self.is_terminal = True

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_how: object) -> None:
            seen.append("over")

        def update(self, line: Text) -> None:
            seen.append(line.plain)

    monkeypatch.setattr(progress, "Console", Screen)
    monkeypatch.setattr(progress, "Live", Screen)
    monkeypatch.setattr(progress, "LOOK_EVERY_SECONDS", 0.001)
    counts: Mapping[str, int] = {"applications": 7}
    async with progress.watched(lambda _seconds: Text(f"{counts['applications']} applications"), quiet=False):
        await asyncio.sleep(0.02)
    assert seen[0] == "7 applications"
    assert seen[-1] == "over"


async def test_nobody_watches_a_pipe() -> None:
    shown: list[Text] = []

    def told(_seconds: float) -> Text:
        shown.append(Text("▸"))
        return shown[-1]

    async with progress.watched(told, quiet=True):
        await asyncio.sleep(0)
    assert len(shown) <= 1


@pytest.mark.parametrize(("count", "seconds", "told"), [(0, 9, "-/s"), (9, 0.5, "-/s"), (8200, 2, "4,100/s")])
def test_a_rate_is_told_once_there_is_one(count: int, seconds: float, told: str) -> None:
    assert progress.rate(count, seconds) == told
