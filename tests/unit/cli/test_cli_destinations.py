"""The commands about destinations: check tells what is wrong and with which code, deliver goes back on purpose."""

from datetime import timedelta

from rotation.cli.complaints import Exit
from rotation.domain.capability import Check, Readiness
from rotation.domain.errors import AccessDenied, Unavailable
from rotation.workflows.operating import pause
from tests.fakes.world import World, configure, destination
from tests.unit.cli.conftest import Shell

STORE, SECOND = destination("store"), destination("second")


def two(shell: Shell) -> None:
    shell.world = World(configuration=configure(STORE, SECOND))


def test_all_ready_is_well(shell: Shell) -> None:
    two(shell)
    done = shell.type("destinations", "check")
    assert done.exit_code == Exit.FINE
    assert done.stdout.count("✓ Ready") == 2


def test_none_configured_is_well_too(shell: Shell) -> None:
    shell.world = World(configuration=configure(readers=("somebody",)))
    done = shell.type("destinations", "check")
    assert (done.exit_code, done.stdout.strip()) == (Exit.FINE, "No destination is configured.")


def test_what_is_misconfigured_says_what_to_do_and_is_a_finding(shell: Shell) -> None:
    two(shell)
    kind = shell.world.integrations.kinds["automatic"]
    kind.answers[STORE.name] = AccessDenied("give our identity get and set on the secret")
    kind.answers[SECOND.name] = Unavailable("no answer")
    done = shell.type("destinations", "check")
    assert done.exit_code == Exit.FINDINGS
    assert "■ Misconfigured" in done.stdout
    assert "give our identity get and set on the secret" in " ".join(done.stdout.split())
    assert "⧗ Unknown" in done.stdout


def test_what_is_only_unknown_has_a_code_of_its_own_and_warnings_show(shell: Shell) -> None:
    two(shell)
    kind = shell.world.integrations.kinds["automatic"]
    kind.answers[STORE.name] = Unavailable("no answer")
    kind.answers[SECOND.name] = Check(readiness=Readiness.READY, warnings=("the token ends soon",))
    done = shell.type("destinations", "check")
    assert done.exit_code == Exit.INCOMPLETE
    assert "! the token ends soon" in done.stdout


def test_as_json_the_same_facts(shell: Shell) -> None:
    two(shell)
    shell.world.integrations.kinds["automatic"].answers[STORE.name] = AccessDenied("no")
    told = shell.facts("destinations", "check", "store")["destinations"]
    assert told == [
        {
            "name": "store",
            "kind": "automatic",
            "readiness": "misconfigured",
            "why": "no",
            "warnings": [],
            "reason": "access-denied",
        }
    ]


def test_a_name_of_none_is_not_found(shell: Shell) -> None:
    two(shell)
    done = shell.type("destinations", "check", "shop")
    assert done.exit_code == Exit.WRONG_USE
    assert "no destination is called shop; there are store, second" in " ".join(done.stderr.split())


def rotated_twice(shell: Shell) -> tuple[str, str]:
    """Give the application and the older version."""
    world = shell.world
    application = world.add_application(ends_in=timedelta(days=300))
    shell.do(world.enrol(application))
    for _time in range(2):
        shell.do(world.open(application, succeed=True))
        shell.do(world.run(timedelta(hours=2)))
    publication = world.rotations()[0].publication
    assert publication is not None
    return application.object_id, publication.version


def test_going_back_shows_asks_and_delivers(shell: Shell) -> None:
    application, version = rotated_twice(shell)
    done = shell.type("deliver", application, "--version", version, answers="the new one breaks it\ny\n")
    assert done.exit_code == 0, done.output
    told = " ".join(done.stdout.split())
    assert "goes back" in told
    assert "no old secret is removed" in told
    shell.do(shell.world.run(timedelta(hours=1)))
    first = shell.world.rotations()[0].minted
    assert first is not None
    assert shell.world.stored("store") == first.key_id


def test_a_no_changes_nothing(shell: Shell) -> None:
    application, version = rotated_twice(shell)
    done = shell.type("deliver", application, "--version", version, "--reason", "why not", answers="n\n")
    assert done.exit_code == Exit.FINDINGS
    assert "went-back" not in shell.world.events()


def test_a_preview_changes_nothing_and_names_the_brake(shell: Shell) -> None:
    application, version = rotated_twice(shell)
    shell.do(pause(shell.world.services(), by="ada", reason="freeze"))
    done = shell.type("deliver", application, "--version", version, "--preview")
    assert done.exit_code == 0
    assert "It would wait: paused by ada: freeze" in done.stdout
    assert shell.facts("deliver", application, "--version", version, "--preview")["places"][0]["name"] == "store"
    assert "went-back" not in shell.world.events()


def test_json_without_a_yes_is_refused_and_with_one_it_needs_a_reason(shell: Shell) -> None:
    application, version = rotated_twice(shell)
    assert shell.facts("deliver", application, "--version", version)["error"] == "not-confirmed"
    assert shell.type("deliver", application, "--version", version, "--yes", "--json").exit_code == Exit.WRONG_USE
    told = shell.facts("deliver", application, "--version", version, "--yes", "--reason", "it breaks")
    assert told == {"rotation": str(shell.world.rotations()[0].id), "version": version, "by": "ada@contoso.example"}


def test_a_version_that_cannot_be_used_is_refused(shell: Shell) -> None:
    application, _version = rotated_twice(shell)
    done = shell.type("deliver", application, "--version", "f" * 32, "--yes", "--reason", "x")
    assert done.exit_code == Exit.FINDINGS
    assert "version-unusable" in done.stderr
