"""`rotation rebuild` at a terminal: what it found, what it wrote, what comes next."""

from datetime import timedelta

from rotation.domain.credential import Marker
from rotation.domain.identifiers import RotationId
from rotation.domain.line import Line
from rotation.workflows import rotate
from tests.fakes.world import LINE
from tests.unit.cli.conftest import Shell


def lost(shell: Shell, *, after: timedelta = timedelta(hours=1)) -> Line:
    application = shell.world.add_application()
    shell.do(shell.world.enrol(application))
    shell.do(shell.world.open(application))
    shell.do(shell.world.run(after))
    line = shell.do(shell.world.line(application))
    name = Marker(shell.world.ulids.make(), 1).label("somebody's")
    shell.world.directory.add_secret(application.object_id, end_at=shell.world.clock.now(), display_name=name)
    shell.world.lose_storage()
    return line


def test_without_yes_it_tells_and_writes_nothing(shell: Shell) -> None:
    line = lost(shell)
    done = shell.type("rebuild")
    assert done.exit_code == 0, done.output
    shown = " ".join(done.stdout.split())
    assert "1 application and 1 vault read. 1 line to take up again." in shown
    assert f"{line.current} 2026-08" in shown
    assert "published last" in shown
    assert "its old one?" in shown
    assert "a stray, ends" in shown
    assert "Nothing was written" in shown
    assert shell.do(shell.world.record(line.id.application)).rebuilt == {}


def test_with_yes_it_writes_and_says_what_comes_next(shell: Shell) -> None:
    line = lost(shell)
    done = shell.type("rebuild", "--yes")
    assert done.exit_code == 0, done.output
    assert f"rotation enrol {line.id.application} --line default" in done.stdout
    assert shell.do(shell.world.record(line.id.application)).rebuilt[LINE].id == line.id
    assert shell.type("enrol", line.id.application, "--line", "default", "--yes").exit_code == 0
    assert "1 line enrolled here: nothing to rebuild." in " ".join(shell.type("rebuild").stdout.split())


def test_as_json_it_tells_the_same(shell: Shell) -> None:
    line = lost(shell)
    seen = shell.facts("rebuild", "--vault", "https://another.example")
    assert [each["id"]["name"] for each in seen["lines"]] == ["default"]
    assert len(seen["vaults"]) == 2
    assert seen["strays"][0]["application"] == line.id.application
    assert shell.facts("rebuild", "--yes")["done"]["written"] == [
        {"application": line.id.application, "name": "default"}
    ]


def test_what_could_not_be_read_or_written_ends_with_4(shell: Shell) -> None:
    line = lost(shell)
    services = shell.world.calm()
    shell.do(rotate.take_application(services, RotationId(line.id.application, services.ulids.make())))
    held = shell.type("rebuild", "--yes")
    assert (held.exit_code, "Not yet" in held.stdout) == (4, True)
    shell.world.directory.malformed.append(("7", "no appId"))
    shell.world.directory.delete(line.id.application)
    unread = shell.type("rebuild")
    assert unread.exit_code == 4
    assert "not read" in unread.stdout
    assert "does not list its application" in " ".join(unread.stdout.split())


def test_a_secret_that_was_never_published_is_told_as_such(shell: Shell) -> None:
    lost(shell, after=timedelta(seconds=1))
    assert "never published" in shown(shell)


def test_the_older_of_a_pair_and_one_that_is_gone_are_told_as_such(shell: Shell) -> None:
    application = shell.world.add_application()
    shell.do(shell.world.enrol(application))
    for _time in range(2):
        shell.do(shell.world.open(application, succeed=True))
        shell.do(shell.world.run(timedelta(hours=1)))
    line = shell.do(shell.world.line(application))
    shell.world.lose_storage()
    assert "older of a pair" in shown(shell)
    assert line.current is not None
    shell.world.directory.drop_secret(application.object_id, line.current)
    assert "published last, and gone" in shown(shell)


def shown(shell: Shell) -> str:
    return " ".join(shell.type("rebuild").stdout.split())
