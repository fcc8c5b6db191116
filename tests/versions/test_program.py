"""The program says which version it is, everywhere the same."""

import tomllib

from typer.testing import CliRunner

from rotation import __version__
from rotation.cli.app import app
from tests.architecture.sources import ROOT


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == __version__


def test_the_command_line_tells_it() -> None:
    told = CliRunner().invoke(app, ["--version"])
    assert (told.exit_code, told.output.strip()) == (0, __version__)
