"""What pages are made of: files, pictures, words, and when all of it is loaded."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rotation.web.pages import files, pictures, words
from rotation.web.pages.rendering import file
from rotation.workflows.reading.timeline import Week
from tests.fakes.world import World
from tests.unit.web.pages.browser import Browser

ROOT = Path(__file__).parents[4]
NOW = datetime(2026, 11, 30, 14, tzinfo=UTC)


@pytest.mark.parametrize("name", sorted(files.names()))
async def test_a_file_is_kept_for_a_year_at_the_address_of_its_content(world: World, name: str) -> None:
    page = await Browser(world, role=None).get(file(name))
    assert page.status == 200
    assert page.html == (files.FOLDER / name).read_text(encoding="utf-8")
    assert page.headers["Cache-Control"] == files.FOREVER
    old = await Browser(world).get(f"/static/000000000000/{name}")
    assert old.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["nothing.css", "..%2Fpages%2Ffiles.py", "..", "%00.css"])
async def test_nothing_else_is_ever_sent(ada: Browser, name: str) -> None:
    assert (await ada.get(f"/static/x/{name}")).status == 404


def test_files_reach_for_nothing_outside() -> None:
    for name in files.names():
        text = files.content(name)
        outside = [line for line in text.splitlines() if "//" in line.replace("http://www.w3.org/2000/svg", "")]
        assert [line for line in outside if "http" in line or "url(" in line or "@import" in line] == []


def test_the_app_is_indexed_without_a_template_engine() -> None:
    asked = "import function_app, sys; sys.exit('jinja2' in sys.modules or 'rotation.web' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], cwd=ROOT, check=False).returncode == 0


def test_a_picture_piles_weeks_up_on_one_scale() -> None:
    monday = NOW.date()
    weeks = [Week(week=str(n), begins=monday + timedelta(weeks=n)) for n in range(4)]
    weeks[1] = Week(week="1", begins=weeks[1].begins, ours=10, unmanaged=30, certificates=10)
    weeks[2] = Week(week="2", begins=weeks[2].begins, unmanaged=1)
    drawn = pictures.draw(weeks)
    assert drawn.most == 50
    assert [len(bar.boxes) for bar in drawn.bars] == [0, 3, 1, 0]
    unmanaged, certificates, ours = drawn.bars[1].boxes
    assert unmanaged.top + unmanaged.height == pytest.approx(pictures.GROUND)
    assert certificates.top + certificates.height == pytest.approx(unmanaged.top)
    assert ours.top == pytest.approx(pictures.GROUND - pictures.HIGHEST)
    assert drawn.bars[2].boxes[0].height == pictures.LEAST
    assert drawn.bars[1].says == "Week of 2026-12-07: 10 rotated by Rotation, 30 by nobody, 10 certificates"


def test_an_empty_picture_draws_nothing() -> None:
    drawn = pictures.draw([Week(week="0", begins=NOW.date())])
    assert (drawn.most, drawn.bars[0].boxes) == (0, ())


@pytest.mark.parametrize(
    ("away", "says"),
    [
        (timedelta(seconds=30), "now"),
        (timedelta(minutes=5), "in 5 min"),
        (timedelta(hours=6), "in 6 h"),
        (timedelta(days=13), "in 13 days"),
        (timedelta(days=-1), "1 day ago"),
        (timedelta(hours=-3), "3 h ago"),
    ],
)
def test_how_far_away_is_told_in_one_unit(away: timedelta, says: str) -> None:
    assert words.away(NOW + away, NOW) == says


@pytest.mark.parametrize(
    ("length", "says"),
    [
        (timedelta(days=180), "180 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=36), "36 h"),
        (timedelta(minutes=2), "2 min"),
        (timedelta(0), "0 s"),
        (timedelta(seconds=90), "90 s"),
    ],
)
def test_a_span_is_told_in_its_largest_whole_unit(length: timedelta, says: str) -> None:
    assert words.span(length) == says


def test_counts_agree_with_what_they_count() -> None:
    assert words.counted(1, "policy") == "1 policy"
    assert words.counted(2, "policy") == "2 policies"
    assert words.counted(12431, "application") == "12,431 applications"
    assert words.counted(2, "day") == "2 days"


def test_a_sentence_begins_large_and_keeps_its_names() -> None:
    assert words.sentence("ask in Entra, or SharePoint") == "Ask in Entra, or SharePoint"
    assert words.sentence("") == ""
