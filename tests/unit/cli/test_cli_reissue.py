"""`rotation reissue` at a terminal: what it touches, the question, the typed name, what came of it."""

from datetime import timedelta

from rotation.domain.credential import Application
from rotation.domain.identifiers import RotationId
from rotation.workflows import rotate
from tests.unit.cli.conftest import Shell


def rotated(shell: Shell) -> Application:
    application = shell.world.add_application()
    shell.do(shell.world.enrol(application))
    shell.do(shell.world.open(application))
    shell.do(shell.world.run(timedelta(hours=3)))
    return application


def test_a_lost_vault_is_shown_asked_about_and_begun(shell: Shell) -> None:
    rotated(shell)
    shell.world.change_policy(vault="https://elsewhere.example")
    seen = shell.type("reissue", "--vault", "vault", "--preview")
    assert seen.exit_code == 0, seen.output
    assert "1 line to rotate again, 0 done or never there." in seen.stdout
    assert "is kept in https://elsewhere.example" in seen.stdout
    no = shell.type("reissue", "--vault", "vault", "--reason", "lost", answers="n\n")
    assert no.exit_code == 1
    assert "1 line to rotate again" in shell.type("reissue", "--vault", "vault", "--preview").stdout
    done = shell.type("reissue", "--vault", "vault", "--reason", "lost", "--yes")
    assert done.exit_code == 0, done.output
    assert "1 line due." in done.stdout
    shell.do(shell.world.scan())
    shell.do(shell.world.run(timedelta(hours=1)))
    again = shell.type("reissue", "--vault", "vault", "--reason", "lost", "--yes")
    assert "0 lines to rotate again, 1 done" in again.stdout
    assert "goes on since" in again.stdout


def test_a_leak_asks_for_the_vaults_name(shell: Shell) -> None:
    rotated(shell)
    leaked = ("reissue", "--vault", "vault", "--compromised", "--reason", "leaked")
    assert shell.type(*leaked, "--yes").exit_code == 2
    wrong = shell.type(*leaked, answers="vau1t\n")
    assert wrong.exit_code == 2
    assert "burnt:" in wrong.stdout
    assert len(shell.world.rotations()) == 1, "nothing was done"
    done = shell.type(*leaked, answers="vault\n")
    assert done.exit_code == 0, done.output
    assert f"rotation show {shell.world.rotations()[1].id}" in done.stdout
    again = shell.facts(*leaked, "--confirm", "vault")
    assert [each["ulid"] for each in again["opened"]] == [shell.world.rotations()[1].id.ulid]


def test_what_could_not_be_begun_ends_with_4(shell: Shell) -> None:
    application = rotated(shell)
    services = shell.world.calm()
    shell.do(rotate.take_application(services, RotationId(application.object_id, services.ulids.make())))
    done = shell.type("reissue", "--vault", "vault", "--reason", "lost", "--yes")
    assert (done.exit_code, "Not yet" in done.stdout) == (4, True)


def test_a_vault_that_no_line_uses_is_told(shell: Shell) -> None:
    assert shell.type("reissue", "--vault", "nowhere", "--reason", "lost", "--yes").exit_code == 2
