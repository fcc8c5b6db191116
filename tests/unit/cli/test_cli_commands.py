"""Promises of the commands, kept over fakes."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import Result

from rotation.cli.braking import follow
from rotation.domain.messages import read_scan
from rotation.domain.policy import Terms
from rotation.ledger import keys
from rotation.workflows.scanning import begin_scan, run_scan
from tests.fakes.mishaps import Mishap
from tests.fakes.world import QUICK, World, configure, destination
from tests.unit.cli.conftest import WIDTH, Shell

NOWHERE = "ffffffff-0000-4000-8000-000000000000"


def enrolled(shell: Shell, number: int = 1) -> str:
    """Enrol an application and give its object id."""
    application = shell.world.add_application(number)
    shell.do(shell.world.enrol(application))
    return application.object_id


def test_status_of_an_empty_installation_teaches_the_first_steps(shell: Shell) -> None:
    done = shell.type("status")
    assert done.exit_code == 0
    assert "Nothing is enrolled yet." in done.stdout
    assert "rotation plan" in done.stdout


def test_status_counts_states_and_lists_what_needs_somebody() -> None:
    shell = Shell(world=World(configuration=configure(destination("wolf", "person"))))
    object_id = enrolled(shell)
    shell.type("rotate", object_id)
    shell.do(shell.world.run(timedelta(hours=1)))
    seen = shell.facts("status")
    assert seen["states"] == {"waiting": 1}
    assert [need["what"] for need in seen["needs"]] == ["Application 1"]
    assert "☞ waiting" in shell.type("status").stdout


def test_status_lists_every_line_when_asked(shell: Shell) -> None:
    enrolled(shell)
    assert [line["state"] for line in shell.facts("status", "--all")["lines"]] == ["healthy"]


def test_plan_tells_what_tonight_would_open_and_writes_nothing(shell: Shell) -> None:
    enrolled(shell, 1)
    enrolled(shell, 2)
    written, sent = len(shell.world.tables.commits), len(shell.world.queues.sent)
    seen = shell.facts("plan")
    assert [due["application"] for due in seen["due"]] == ["Application 1", "Application 2"]
    assert seen["would_open"] == 2
    assert "2 due, 2 would open tonight" in shell.type("plan").stdout
    assert (len(shell.world.tables.commits), len(shell.world.queues.sent)) == (written, sent)


def test_plan_says_which_brake_holds(shell: Shell) -> None:
    enrolled(shell)
    shell.type("pause", "--reason", "change freeze")
    done = shell.type("plan")
    assert "Nothing would be opened: paused by ada@contoso.example: change freeze" in " ".join(done.stdout.split())
    assert shell.facts("plan")["would_open"] == 0


def test_a_preview_enrols_nothing(shell: Shell) -> None:
    application = shell.world.add_application()
    done = shell.type("enrol", application.object_id, "--preview")
    assert done.exit_code == 0
    assert application.secrets[0].key_id in done.stdout
    assert shell.facts("status")["lines"] == 0


def test_enrol_shows_the_preview_and_asks(shell: Shell) -> None:
    application = shell.world.add_application()
    assert shell.type("enrol", application.object_id, answers="n\n").exit_code == 1
    assert shell.facts("status")["lines"] == 0
    done = shell.type("enrol", application.client_id, answers="y\n")
    assert done.exit_code == 0, done.output
    line = shell.do(shell.world.line(application))
    assert line.enrolment.by == "ada@contoso.example"
    assert line.enrolment.handed_over == (application.secrets[0].key_id,)


def test_enrol_hands_over_only_the_key_ids_that_are_named(shell: Shell) -> None:
    application = shell.world.add_application(secrets=3)
    chosen = application.secrets[1].key_id
    assert shell.type("enrol", application.object_id, "--key-id", chosen, "--yes").exit_code == 0
    assert shell.do(shell.world.line(application)).enrolment.handed_over == (chosen,)


def test_enrol_says_everything_that_stands_against_it(shell: Shell) -> None:
    application = shell.world.add_application()
    shell.world.directory.record(application.object_id).roles = ("Application.ReadWrite.All",)
    done = shell.type("enrol", application.object_id, "--preview")
    assert done.exit_code == 1
    assert "--tier-zero" in done.stdout
    assert shell.type("enrol", application.object_id, "--tier-zero", "--yes").exit_code == 0


def test_release_tells_what_somebody_must_now_watch(shell: Shell) -> None:
    object_id = enrolled(shell)
    seen = shell.facts("release", object_id)
    assert len(seen["watch"]) == 1
    assert shell.facts("status")["lines"] == 0


def test_release_of_everything_is_said_twice_and_prints_every_end_date(shell: Shell) -> None:
    enrolled(shell, 1)
    enrolled(shell, 2)
    assert shell.type("release").exit_code == 2
    assert shell.type("release", "x", "--all").exit_code == 2
    assert shell.type("release", "--all", answers="n\n").exit_code == 1
    done = shell.type("release", "--all", answers="y\n")
    assert done.exit_code == 0, done.output
    assert "2 lines released" in done.stdout
    assert done.stdout.count("current") == 2
    assert shell.facts("release", "--all", "--yes")["released"] == []


def test_rotate_opens_and_says_how_to_follow(shell: Shell) -> None:
    object_id = enrolled(shell)
    done = shell.type("rotate", object_id, "--ticket", "CHG-7")
    rotation = shell.world.rotations()[0]
    assert done.exit_code == 0
    assert f"rotation show {rotation.id.ulid}" in " ".join(done.stdout.split())
    assert rotation.asked_by == "ada@contoso.example"


def test_rotate_twice_is_refused_in_three_lines(shell: Shell) -> None:
    object_id = enrolled(shell)
    shell.type("rotate", object_id)
    done = shell.type("rotate", object_id)
    assert done.exit_code == 1
    what, where, how = done.stderr.splitlines()
    assert "is open (planned)" in what
    assert where.strip().startswith("where:  already-open")
    assert how.strip().startswith("remedy: it yields to --succeed")


def test_a_compromise_names_the_burnt_key_ids(shell: Shell) -> None:
    object_id = enrolled(shell)
    assert shell.type("rotate", object_id, "--reason", "compromised").exit_code == 2
    assert shell.type("rotate", object_id, "--now").exit_code == 2
    assert shell.type("rotate", object_id, "--reason", "compromised", "--burnt", "the old one").exit_code == 2
    burnt = shell.do(shell.world.line(shell.world.directory.truth(object_id))).keys[0].key_id  # type: ignore[arg-type]
    done = shell.type("rotate", object_id, "--reason", "compromised", "--burnt", burnt, "--now", answers="y\n")
    assert done.exit_code == 0, done.output
    assert shell.world.rotations()[0].burnt == (burnt,)
    assert shell.world.rotations()[0].remove_first


def test_a_compromise_is_not_declared_by_asking_for_json(shell: Shell) -> None:
    object_id = enrolled(shell)
    burnt = shell.do(shell.world.line(shell.world.directory.truth(object_id))).keys[0].key_id  # type: ignore[arg-type]
    declared = ("rotate", object_id, "--reason", "compromised", "--burnt", burnt, "--now", "--json")
    done = shell.type(*declared)
    assert done.exit_code != 0
    assert json.loads(done.stdout)["error"] == "not-confirmed"
    assert shell.world.rotations() == []
    assert shell.type(*declared, "--yes").exit_code == 0
    assert len(shell.world.rotations()) == 1


def test_a_compromise_is_declared_after_seeing_whom_it_hits(shell: Shell) -> None:
    object_id = enrolled(shell)
    foreign = shell.world.directory.add_secret(object_id, end_at=shell.world.clock.now() + timedelta(days=90))  # type: ignore[arg-type]
    burnt = shell.do(shell.world.line(shell.world.directory.truth(object_id))).keys[0].key_id  # type: ignore[arg-type]
    done = shell.type("rotate", object_id, "--reason", "compromised", "--burnt", burnt, answers="n\n")
    assert done.exit_code == 1
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if "-" in line}
    assert "burnt: removed" in rows[burnt]
    assert "foreign" in rows[foreign.credential.key_id]
    assert "need the new one: store" in done.stdout
    assert shell.world.rotations() == []


def test_a_burnt_key_id_is_not_removed_first_without_a_yes(shell: Shell) -> None:
    object_id = enrolled(shell)
    done = shell.type("rotate", object_id, "--reason", "compromised", "--burnt", NOWHERE, "--now", answers="n\n")
    assert done.exit_code == 1
    assert shell.world.rotations() == []


def test_show_tells_a_rotation_with_destinations_and_what_is_missing(shell: Shell) -> None:
    object_id = enrolled(shell)
    shell.type("rotate", object_id)
    shell.do(shell.world.run(timedelta(hours=1)))
    rotation = str(shell.world.rotations()[0].id)
    seen = shell.facts("show", rotation)
    assert seen == shell.facts("show", rotation.rpartition(".")[2].lower())
    assert (seen["phase"], seen["deliveries"][0]["level"]) == ("overlapping", "stored")
    done = shell.type("show", rotation)
    assert "verified: stored" in done.stdout
    assert "Before the old secret" in done.stdout
    assert "planned" in done.stdout


def test_show_tells_an_application_by_id_and_by_name(shell: Shell) -> None:
    object_id = enrolled(shell)
    shell.do(shell.world.scan())
    by_id, by_name = shell.facts("show", object_id), shell.facts("show", "Application 1")
    assert by_id == by_name
    assert {secret["line"] for secret in by_id["secrets"]} == {"default"}
    assert "✓" in shell.type("show", object_id).stdout


def test_show_tells_one_line_either_way(shell: Shell) -> None:
    object_id = enrolled(shell)
    assert shell.facts("show", f"{object_id}|default") == shell.facts("show", object_id, "--line", "default")


@pytest.mark.parametrize(
    ("what", "code"),
    [(NOWHERE, 2), (f"{NOWHERE}.01ARZ3NDEKTSV4RRFFQ69G5FAV", 2), (f"{NOWHERE}.x", 2), (f"{NOWHERE}|No", 2), ("x", 2)],
)
def test_what_is_not_there_is_told_by_the_exit_code(shell: Shell, what: str, code: int) -> None:
    assert shell.type("show", what).exit_code == code


def test_what_asks_may_not_approve_and_another_may(shell: Shell) -> None:
    shell.world.change_terms(replace(QUICK, approval=True))
    object_id = enrolled(shell)
    shell.type("rotate", object_id)
    rotation = str(shell.world.rotations()[0].id)
    refused = shell.type("approve", rotation)
    assert refused.exit_code == 1
    assert "whoever asked cannot approve" in refused.stderr
    shell.person = "grace@contoso.example"
    assert shell.type("approve", rotation, "--ticket", "CHG-7").exit_code == 0
    assert shell.type("approve", rotation).exit_code == 1


def hand_off() -> tuple[Shell, str]:
    shell = Shell(world=World(configuration=configure(destination("wolf", "person"), terms=Terms())))
    object_id = enrolled(shell)
    shell.type("rotate", object_id)
    shell.do(shell.world.run(timedelta(hours=1)))
    return shell, str(shell.world.rotations()[0].id)


def test_a_hand_off_shows_what_to_fill_in_and_the_command_that_ends_it() -> None:
    shell, rotation = hand_off()
    shown = " ".join(shell.type("show", rotation).stdout.split())
    assert "Client Secret Value" in shown
    assert f"rotation acknowledge {rotation.rpartition('.')[2]} wolf" in shown


def test_acknowledging_needs_every_answer() -> None:
    shell, rotation = hand_off()
    refused = shell.type("acknowledge", rotation, "wolf", "--answer", "Did you save?=yes")
    assert refused.exit_code == 1
    assert "Did you test the connection?" in refused.stderr
    undone = acknowledge(shell, rotation, tested="no")
    assert undone.exit_code == 1
    assert "not done yet: Did you test the connection?" in " ".join(undone.stderr.split())
    assert shell.facts("show", rotation)["deliveries"][0]["phase"] == "awaiting-person"
    done = acknowledge(shell, rotation, tested="yes")
    assert done.exit_code == 0, done.output
    delivery = shell.facts("show", rotation)["deliveries"][0]
    assert delivery["says"] == "acknowledged by ada@contoso.example, not yet seen"


def acknowledge(shell: Shell, rotation: str, *, tested: str) -> Result:
    answers = ("--answer", "Did you save?=yes", "--answer", f"Did you test the connection?={tested}")
    return shell.type("acknowledge", rotation, "wolf", *answers)


@pytest.mark.parametrize("answer", ["Did you save?", "Did you save?= "])
def test_an_answer_says_something(answer: str) -> None:
    shell, rotation = hand_off()
    assert shell.type("acknowledge", rotation, "wolf", "--answer", answer).exit_code == 2


def blocked(shell: Shell) -> str:
    """Let a rotation stop because the vault says no."""
    object_id = enrolled(shell)
    shell.world.vaults.memory("https://vault.example").refusing = "vault-refused"
    shell.type("rotate", object_id)
    shell.do(shell.world.run(timedelta(hours=4)))
    shell.world.vaults.memory("https://vault.example").refusing = None
    assert shell.world.phases() == ["blocked"]
    return str(shell.world.rotations()[0].id)


def test_a_blocked_rotation_goes_on_when_told(shell: Shell) -> None:
    rotation = blocked(shell)
    assert f"rotation retry {rotation.rpartition('.')[2]}" in " ".join(shell.type("show", rotation).stdout.split())
    assert shell.type("retry", rotation).exit_code == 0
    assert shell.world.phases() == ["minting"]


def test_everything_that_stopped_for_one_reason_goes_on_when_told(shell: Shell) -> None:
    blocked(shell)
    assert shell.facts("retry", "--reason", "vault-refused") == {"retried": 1, "reason": "vault-refused"}
    again = shell.type("retry", "--reason", "vault-refused")
    assert (again.exit_code, again.stdout) == (1, "Nothing is stopped for vault-refused.\n")


def test_retry_wants_a_rotation_or_a_reason(shell: Shell) -> None:
    assert shell.type("retry").exit_code == 2


def test_an_unpublished_rotation_can_be_abandoned_with_a_reason(shell: Shell) -> None:
    object_id = enrolled(shell)
    shell.type("rotate", object_id)
    rotation = str(shell.world.rotations()[0].id)
    assert shell.type("abandon", rotation, "--reason", "wrong application").exit_code == 0
    assert shell.world.phases() == ["abandoned"]
    assert shell.type("abandon", rotation, "--reason", "again").exit_code == 1


def test_pause_asks_why_and_resume_closes_the_breaker_only_when_told(shell: Shell) -> None:
    assert shell.type("pause", answers="freeze\n").exit_code == 0
    control = shell.world.services().control
    shell.do(control.breaker.change(lambda before: replace(before, open_reason="access-denied")))
    assert "still open (access-denied)" in shell.type("resume", "--reason", "over").stdout
    assert shell.facts("resume", "--reason", "mended", "--breaker")["breaker"] is None


def test_scan_asks_the_app_and_records_who(shell: Shell) -> None:
    seen = shell.facts("scan", "--dry-run")
    assert (seen["asked_by"], seen["dry_run"], seen["finished_at"]) == ("ada@contoso.example", True, None)
    assert [read_scan(text).scan for text in shell.world.queues.texts(keys.QUEUE_SCANS)] == [seen["id"]]


async def test_a_scan_is_followed_until_it_is_finished() -> None:
    world = World()
    world.add_application()
    services = world.services()
    asked = await begin_scan(services, by="ada")
    seen, _ = await asyncio.gather(follow(services, asked, quiet=True, every=0.001), run_scan(services, asked))
    assert (seen.complete, seen.counts["applications"]) == (True, 1)


def test_scan_knows_its_passes(shell: Shell) -> None:
    assert shell.type("scan", "--pass", "secret").exit_code == 2
    assert shell.facts("scan", "--pass", "certificates")["passes"] == ["certificates"]


def test_what_writes_needs_a_name(shell: Shell) -> None:
    shell.person = None
    done = shell.type("pause", "--reason", "x")
    assert done.exit_code == 3
    assert "az login, or --as" in done.stderr
    assert shell.facts("pause", "--reason", "x", "--as", "root@jumphost")["by"] == "root@jumphost"


def test_who_is_signed_in_goes_before_who_they_say_they_are(shell: Shell) -> None:
    done = shell.type("pause", "--reason", "x", "--as", "somebody else")
    assert "by ada@contoso.example" in done.stdout
    assert "that is recorded, not --as" in done.stderr


@pytest.mark.parametrize(
    ("mishap", "code"), [(Mishap.DENIED, 3), (Mishap.UNAVAILABLE, 4), (Mishap.THROTTLED, 4)], ids=str
)
def test_a_service_that_refuses_or_fails_is_told_by_the_exit_code(shell: Shell, mishap: Mishap, code: int) -> None:
    shell.world.directory.reads.always("application", mishap)
    assert shell.type("show", NOWHERE).exit_code == code


def test_an_error_is_json_too_when_json_is_asked_for(shell: Shell) -> None:
    seen = shell.facts("show", NOWHERE)
    assert (seen["error"], seen["exit"]) == ("no-such-application", 2)


def test_every_screen_fits_the_terminal(shell: Shell) -> None:
    long = "Application with a name that does not end before the line of the terminal does 漢字漢字漢字"
    application = shell.world.add_application(secrets=3)
    shell.world.directory.change(replace(application, display_name=long))
    shell.do(shell.world.enrol(application))
    shell.do(shell.world.scan())
    shell.do(shell.world.run(timedelta(hours=1)))
    rotation = str(shell.world.rotations()[0].id)
    for command in (("status",), ("status", "--all"), ("plan",), ("show", application.object_id), ("show", rotation)):
        done = shell.type(*command)
        assert done.exit_code == 0, done.output
        assert max(map(len, done.stdout.splitlines())) <= WIDTH, command


def test_a_name_cannot_steer_the_terminal(shell: Shell) -> None:
    application = shell.world.add_application()
    shell.world.directory.change(replace(application, display_name="\x1b[31m[bold]red\u202eevil\r\nnext"))
    done = shell.type("show", application.object_id)
    assert "[bold]red" in done.stdout
    assert not {"\x1b", "\u202e", "\r"} & set(done.stdout)


def test_no_secret_text_is_ever_shown(shell: Shell) -> None:
    object_id = enrolled(shell)
    shell.type("rotate", object_id)
    shell.do(shell.world.run(timedelta(hours=1)))
    rotation = str(shell.world.rotations()[0].id)
    shown = [
        shell.type(*each, *how).output
        for each in (("show", object_id), ("show", rotation), ("status",))
        for how in ((), ("--json",))
    ]
    assert not [text for text in shell.world.texts() if text in json.dumps(shown)]
