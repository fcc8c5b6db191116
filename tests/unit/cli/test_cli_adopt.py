"""`rotation adopt` at a terminal: what it would mean, the question, what came of it."""

from datetime import timedelta

from rotation.domain.credential import Application
from rotation.domain.identifiers import KeyId
from rotation.domain.secret import SecretText
from rotation.ports.vault import NewVersion
from tests.unit.cli.conftest import Shell


def made(shell: Shell) -> tuple[Application, KeyId, SecretText]:
    application = shell.world.add_application()
    shell.do(shell.world.enrol(application))
    end_at = shell.world.clock.now() + timedelta(days=300)
    minted = shell.world.directory.add_secret(application.object_id, end_at=end_at, display_name="by hand")
    return application, minted.credential.key_id, minted.text


def put(shell: Shell, application: Application, text: SecretText) -> None:
    line = shell.do(shell.world.line(application))
    vault = shell.world.vaults.at(line.enrolment.vault_url)
    shell.do(vault.write(line.enrolment.secret_name, NewVersion(text=text, tags={})))


def test_it_shows_what_it_would_mean_and_asks(shell: Shell) -> None:
    application, key_id, text = made(shell)
    put(shell, application, text)
    no = shell.type("adopt", application.object_id, answers="n\n")
    assert no.exit_code == 1
    shown = " ".join(no.stdout.split())
    assert f"{key_id}, ends" in shown
    assert "and signs in" in shown
    assert f"{application.secrets[0].key_id} stays until there is evidence" in shown
    assert shell.do(shell.world.line(application)).current != key_id
    done = shell.type("adopt", application.object_id, answers="y\n")
    assert done.exit_code == 0, done.output
    assert "Follow it: rotation show" in done.stdout
    assert shell.do(shell.world.line(application)).current == key_id
    again = shell.type("adopt", application.object_id, "--key-id", key_id)
    assert (again.exit_code, "nothing is to be done" in again.stdout) == (0, True)


def test_without_the_value_it_says_who_must_still_be_given_it(shell: Shell) -> None:
    application, key_id, _text = made(shell)
    shown = shell.type("adopt", application.object_id, "--preview")
    assert shown.exit_code == 0
    assert "only the end date is taken" in " ".join(shown.stdout.split())
    facts = shell.facts("adopt", application.object_id, "--key-id", key_id, "--date-only")
    assert (facts["key_id"], facts["value"], facts["rotation"]) == (key_id, None, None)


def test_an_open_rotation_and_a_missing_proof_are_told(shell: Shell) -> None:
    application, _key_id, text = made(shell)
    shell.do(shell.world.open(application))
    shell.do(shell.world.run(timedelta(hours=1)))
    shell.world.clock.advance(timedelta(minutes=1))
    put(shell, application, text)
    shown = " ".join(shell.type("adopt", application.object_id, "--preview").stdout.split())
    assert f"Rotation {shell.world.rotations()[0].id.ulid} ends" in shown


def test_what_is_not_there_is_told_with_what_to_do(shell: Shell) -> None:
    application = shell.world.add_application()
    shell.do(shell.world.enrol(application))
    done = shell.type("adopt", application.object_id)
    assert done.exit_code == 1
    assert "az ad app credential list" in done.stderr
