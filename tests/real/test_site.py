"""The documentation becomes a site without a warning, and every page of it is reached."""

import os
import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
MKDOCS = ROOT / ".tools" / "docs" / "bin" / "python"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    asked: list[str | Path] = [MKDOCS, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(asked, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_every_page_is_there(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    named = {Path(*page.parts[:-1], "index.html") if page.stem == "README" else page for page in pages}
    assert {str(page) for page in named if not (site / page).exists()} == set()


@pytest.mark.parametrize("page", ["configuration", "command-line", "tables", "http-api", "metrics"])
def test_references_are_made_from_the_code(site: Path, page: str) -> None:
    text = (site / "reference" / f"{page}.html").read_text(encoding="utf-8")
    wanted = {
        "configuration": "hand_off_deadline",
        "command-line": "rotation acknowledge",
        "tables": "missing_since",
        "http-api": "GET /api/lines",
        "metrics": "rotation_deployment",
    }
    assert wanted[page] in text


def test_pages_ask_nobody_for_anything(site: Path) -> None:
    """A reader behind a closed network sees all of it, and nobody learns who reads."""
    asked = re.compile(r"""<(?:script|img|link)[^>]+(?:src|href)=["'](https?://[^"']+)""")
    found = {where for page in site.rglob("*.html") for where in asked.findall(page.read_text(encoding="utf-8"))}
    assert {where for where in found if "canonical" not in where} == set()
