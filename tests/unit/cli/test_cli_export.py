"""`rotation export`: rows on standard output or in a file of one's own, whole or not at all, and no secret among them."""

import csv
import json
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from rotation.domain.errors import Unavailable
from rotation.workflows.auditing import LAG, copy_history
from rotation.workflows.reading.export import COLUMNS, Table
from tests.fakes.audit import MemoryAuditTrail
from tests.fakes.clock import START
from tests.fakes.directory_state import make_application
from tests.fakes.mishaps import Mishap
from tests.unit.cli.conftest import Shell


@pytest.fixture
def lived(shell: Shell) -> Shell:
    """Three applications, of which the first has been rotated; everything was scanned and copied."""
    for number in (1, 2, 3):
        shell.do(shell.world.enrol(shell.world.add_application(number)))
    shell.type("rotate", make_application(1).object_id)
    shell.do(shell.world.scan())
    shell.do(shell.world.run(timedelta(hours=1)))
    shell.do(shell.world.scan())
    shell.world.clock.advance(LAG + timedelta(seconds=1))
    shell.do(copy_history(shell.world.calm()))
    return shell


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize("wanted", Table)
def test_every_table_has_its_columns_its_rows_and_no_secret(lived: Shell, wanted: Table) -> None:
    done = lived.type("export", wanted)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0] == ",".join(COLUMNS[wanted])
    as_json = lived.type("export", wanted, "--json").stdout
    (found,) = json.loads(as_json).values()
    assert len(found) == len(table(done.stdout)) > 0
    assert [list(row) for row in found] == [list(COLUMNS[wanted])] * len(found)
    assert lived.world.texts()
    assert [text for text in lived.world.texts() if text in done.output + as_json] == []


def test_credentials_are_what_is_exported_without_a_word(lived: Shell) -> None:
    done = lived.type("export")
    assert done.stdout_bytes == lived.type("export", "credentials", "--format", "csv").stdout_bytes
    assert done.stdout_bytes.count(b"\r\n") == done.stdout_bytes.count(b"\n") > 3
    assert done.stderr == ""


def test_rows_come_in_the_order_in_which_they_are_kept(lived: Shell) -> None:
    names = [row["name"] for row in table(lived.type("export", "lines").stdout)]
    assert names == ["Application 1", "Application 2", "Application 3"]
    first = make_application(1).object_id
    whens = [row["at"] for row in table(lived.type("export", "--audit").stdout) if row["object_id"] == first]
    assert whens == sorted(whens)
    assert len(whens) > 3


def test_a_name_is_no_formula(shell: Shell) -> None:
    shell.world.directory.add(replace(make_application(7), display_name='=HYPERLINK("http://x")'))
    shell.do(shell.world.scan())
    assert [row["name"] for row in table(shell.type("export").stdout)] == ['\'=HYPERLINK("http://x")']
    assert shell.facts("export")["credentials"][0]["name"] == '=HYPERLINK("http://x")'


def test_an_inventory_without_applications_is_a_heading(shell: Shell) -> None:
    shell.do(shell.world.scan())
    assert shell.type("export").stdout == ",".join(COLUMNS[Table.CREDENTIALS]) + "\n"
    assert shell.facts("export") == {"credentials": []}
    assert shell.facts("export", "rotations") == {"rotations": []}
    assert shell.facts("export", "--audit") == {"audit": []}


def test_without_a_complete_scan_it_is_incomplete(shell: Shell, tmp_path: Path) -> None:
    done = shell.type("export", "--output", str(tmp_path / "all.csv"))
    assert done.exit_code == 4
    assert "rotation scan asks for one" in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert shell.facts("export")["error"] == "no-inventory"


def test_the_audit_trail_begins_with_a_day(lived: Shell) -> None:
    assert lived.facts("export", "--audit", "--since", f"{START:%Y-%m-%d}") == lived.facts("export", "audit")
    assert lived.facts("export", "--audit", "--since", f"{START + timedelta(days=2):%Y-%m-%d}") == {"audit": []}


def test_a_right_that_is_missing_is_told_by_the_exit_code(shell: Shell) -> None:
    shell.world.audit_trail.mishaps.always("read", Mishap.DENIED)
    assert shell.type("export", "--audit").exit_code == 3
    shell.world.audit_trail.mishaps.always("read", Mishap.UNAVAILABLE)
    assert shell.type("export", "--audit").exit_code == 4


@pytest.mark.parametrize(
    "options",
    [
        ("everything",),
        ("lines", "--audit"),
        ("lines", "--since", "2026-03-02"),
        ("--audit", "--since", "yesterday"),
        ("--format", "xml"),
        ("--format", "csv", "--json"),
        ("--force",),
        ("--output", "."),
        ("--output", "no/such/folder/all.csv"),
    ],
)
def test_what_makes_no_sense_is_wrong_use(shell: Shell, options: tuple[str, ...]) -> None:
    done = shell.type("export", *options)
    assert (done.exit_code, done.stdout) == (2, "")


def test_a_file_is_private_and_says_what_it_holds(lived: Shell, tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    done = lived.type("export", "lines", "-o", str(file))
    assert done.exit_code == 0, done.output
    assert f"✓ 3 rows of lines in {file}" in done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(table(file.read_text())) == 3
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_is_written_as_its_name_ends_unless_told(lived: Shell, tmp_path: Path) -> None:
    told = lived.facts("export", "lines", "--output", str(tmp_path / "lines.JSON"))
    assert told == {"table": "lines", "format": "json", "rows": 3, "file": str(tmp_path / "lines.JSON")}
    assert len(json.loads((tmp_path / "lines.JSON").read_text())["lines"]) == 3
    assert lived.facts("export", "lines", "--output", str(tmp_path / "a"), "--format", "json")["format"] == "json"
    assert lived.facts("export", "lines", "--output", str(tmp_path / "b"))["format"] == "csv"


def test_a_file_that_is_there_stays_unless_forced(lived: Shell, tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    file.write_text("mine")
    done = lived.type("export", "lines", "--output", str(file))
    assert done.exit_code == 2
    assert "--force" in done.stderr
    assert file.read_text() == "mine"
    assert lived.type("export", "lines", "--output", str(file), "--force").exit_code == 0
    assert len(table(file.read_text())) == 3


class CutOff(MemoryAuditTrail):
    """Stops answering when it has given everything but the last line."""

    async def read(self, since: date, until: date = date.max) -> AsyncIterator[bytes]:
        given = [line async for line in super().read(since, until)]
        for line in given[:-1]:
            yield line
        raise Unavailable("the audit trail does not answer")


@pytest.fixture
def failing(lived: Shell) -> Shell:
    """The same, and the last row of the audit trail cannot be read."""
    cut = CutOff()
    cut.days = lived.world.audit_trail.days
    lived.world.audit_trail = cut
    return lived


@pytest.mark.parametrize("how", ["csv", "json"])
def test_rows_that_are_cut_off_are_told_beside_them(failing: Shell, how: str) -> None:
    options = ("--json",) if how == "json" else ()
    done = failing.type("export", "--audit", *options)
    assert done.exit_code == 4
    assert "does not answer" in done.stderr
    assert "cut off after" in done.stderr
    assert "does not answer" not in done.stdout
    assert "enrolled" in done.stdout
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(done.stdout)


def test_a_file_that_is_cut_off_is_no_file_and_costs_none(failing: Shell, tmp_path: Path) -> None:
    file = tmp_path / "audit.csv"
    assert failing.type("export", "--audit", "--output", str(file)).exit_code == 4
    assert list(tmp_path.iterdir()) == []
    file.write_text("of yesterday")
    assert failing.type("export", "--audit", "--output", str(file), "--force").exit_code == 4
    assert file.read_text() == "of yesterday"
    assert failing.facts("export", "--audit", "--output", str(tmp_path / "b"))["exit"] == 4
