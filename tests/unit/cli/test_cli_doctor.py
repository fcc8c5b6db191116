"""`rotation doctor` at a terminal: what is well in a line, what is not with its command, and the exit codes."""

from rotation.domain.errors import Unavailable
from rotation.ledger import keys
from tests.fakes.mishaps import Mishap
from tests.fakes.world import destination
from tests.unit.cli.conftest import Shell


def test_a_deployment_that_works_ends_with_zero(shell: Shell) -> None:
    done = shell.type("doctor")
    assert done.exit_code == 0, done.output
    assert "✓ Looked as rotation:" in done.stdout
    assert "4 fine" in done.stdout


def test_everything_can_be_listed_one_by_one(shell: Shell) -> None:
    shown = shell.type("doctor", "--all").stdout
    assert all(name in shown for name in keys.QUEUES)


def test_what_is_broken_is_told_with_the_command_on_one_line(shell: Shell) -> None:
    shell.do(shell.world.scan())
    del shell.world.surroundings.queues["scans"]
    done = shell.type("doctor")
    assert done.exit_code == 1
    command = "az storage queue create --name scans --account-name contoso --auth-mode login"
    assert [line.strip() for line in done.stdout.splitlines() if "queue create" in line] == [command]
    seen = shell.facts("doctor")
    (found,) = [finding for finding in seen["findings"] if finding["standing"] == "broken"]
    assert (seen["healthy"], found["check"], found["subject"], found["remedy"]) == (
        False,
        "queue",
        "scans",
        command,
    )


def test_what_could_not_be_looked_at_is_incomplete(shell: Shell) -> None:
    shell.world.integrations.kinds["automatic"].answers[destination("store").name] = Unavailable("no answer")
    done = shell.type("doctor")
    assert done.exit_code == 4
    assert "⧗" in done.stdout


def test_it_may_be_told_to_write_nothing_and_to_send_something(shell: Shell) -> None:
    shell.type("doctor", "--no-probe")
    assert shell.world.surroundings.tried == []
    assert shell.type("doctor", "--notify").exit_code == 0
    ((_audience, message),) = shell.world.channel.sent
    assert "ada@contoso.example" in str(message.items)
    shell.person = None
    assert shell.type("doctor", "--notify").exit_code == 3
    assert shell.type("doctor").exit_code == 0


def test_who_cannot_sign_in_hears_how(shell: Shell) -> None:
    shell.world.surroundings.mishaps.always("identity", Mishap.DENIED)
    done = shell.type("doctor")
    assert done.exit_code == 1
    assert "az login --tenant" in done.stdout
