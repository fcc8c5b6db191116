"""Commands about what gave up, and about an old secret that goes at once."""

from datetime import timedelta

import pytest

from rotation.domain.messages import RotationMessage, write
from rotation.ledger import keys
from rotation.triggers import boundary
from rotation.workflows import giving_up, rotate
from tests.unit.cli.conftest import Shell


def opened(shell: Shell, *, run: timedelta = timedelta(0)) -> str:
    application = shell.world.add_application()
    shell.do(shell.world.enrol(application))
    shell.type("rotate", application.object_id)
    shell.do(shell.world.run(run))
    return str(shell.world.rotations()[0].id)


def gave_up(shell: Shell) -> str:
    rotation = opened(shell)
    text = write(RotationMessage(rotation=rotation))
    shell.do(boundary.poison(shell.world.services, keys.QUEUE_ROTATIONS, text))
    assert shell.world.phases() == ["blocked"]
    return rotation


def test_replay_says_when_nothing_gave_up(shell: Shell) -> None:
    done = shell.type("replay")
    assert (done.exit_code, done.stdout.strip()) == (0, "Nothing gave up.")


def test_replay_sends_back_to_work_and_says_what_nobody_can_read(shell: Shell) -> None:
    rotation = gave_up(shell)
    shell.do(giving_up.unreadable(shell.world.services(), keys.QUEUE_SCANS, "?", reason="not JSON"))
    done = shell.type("replay")
    assert done.exit_code == 0, done.output
    assert "1 rotation sent back to work." in done.stdout
    assert "1 message of the last seven days could not be read" in " ".join(done.stdout.split())
    assert shell.world.phases() != ["blocked"]
    assert shell.facts("replay")["rotations"] == []
    assert rotation


def test_replay_tells_as_json_what_went_back(shell: Shell) -> None:
    rotation = gave_up(shell)
    seen = shell.facts("replay")
    assert (seen["rotations"], seen["scans"], seen["notices"], seen["unreadable"]) == ([rotation], [], [], 0)


def test_replay_says_to_come_again_where_somebody_is_at_work(shell: Shell) -> None:
    gave_up(shell)
    shell.do(rotate.take_application(shell.world.services(), shell.world.rotations()[0].id))
    done = shell.type("replay")
    assert done.exit_code == 4
    assert "run it again in a moment" in " ".join(done.stdout.split())


def test_replay_needs_a_name(shell: Shell) -> None:
    shell.person = None
    assert shell.type("replay").exit_code == 3


def test_retire_shows_what_is_missing_and_asks(shell: Shell) -> None:
    rotation = opened(shell, run=timedelta(hours=1))
    old = shell.world.rotations()[0].predecessors[0]
    no = shell.type("retire", rotation, answers="moved\nn\n")
    assert no.exit_code == 1
    assert old in no.stdout
    assert "(d) missing" in no.stdout
    shell.do(shell.world.run(timedelta(hours=1)))
    assert shell.world.directory.removed == []
    done = shell.type("retire", rotation, "--reason", "moved by hand", answers="y\n")
    assert done.exit_code == 0, done.output
    shell.do(shell.world.run(timedelta(minutes=5)))
    assert [key_id for _application, key_id in shell.world.directory.removed] == [old]


def test_retire_with_json_shows_first_and_takes_a_yes(shell: Shell) -> None:
    rotation = opened(shell, run=timedelta(hours=1))
    old = shell.world.rotations()[0].predecessors[0]
    seen = shell.facts("retire", rotation, "--preview")
    assert [key["key_id"] for key in seen["keys"]] == [old]
    refused = shell.facts("retire", rotation, "--reason", "x")
    assert (refused["error"], refused["exit"]) == ("not-confirmed", 1)
    done = shell.facts("retire", rotation, "--key-id", old, "--reason", "x", "--yes")
    assert (done["key_ids"], done["by"]) == ([old], "ada@contoso.example")


@pytest.mark.parametrize("options", [("--yes",), ("--yes", "--reason", " "), ("--key-id", "old", "--preview")])
def test_retire_wants_a_reason_and_key_ids_that_are_some(shell: Shell, options: tuple[str, ...]) -> None:
    rotation = opened(shell, run=timedelta(hours=1))
    assert shell.type("retire", rotation, *options).exit_code == 2


def test_retire_is_refused_while_a_brake_holds(shell: Shell) -> None:
    rotation = opened(shell, run=timedelta(hours=1))
    shell.type("pause", "--reason", "audit")
    assert "It would be refused now: paused by" in " ".join(shell.type("retire", rotation, "--preview").stdout.split())
    done = shell.type("retire", rotation, "--yes", "--reason", "x")
    assert done.exit_code == 1
    assert "brake-holds" in done.stderr


def test_rotating_a_line_that_is_not_enrolled_is_refused_with_the_command_that_enrols(shell: Shell) -> None:
    application = shell.world.add_application()
    done = shell.type("rotate", application.object_id)
    assert done.exit_code == 1
    assert "not-enrolled" in done.stderr
    assert f"remedy: rotation enrol {application.object_id} --line default" in done.stderr
    assert shell.type("rotate", application.object_id, "--line", "reports").exit_code == 2
