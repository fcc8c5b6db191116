"""What is committed speaks of no particular machine."""

import re
import shutil
import subprocess

import pytest

from tests.architecture.sources import ROOT, hold

# In pieces, so that this file does not find itself.
FOLDERS = ("wo" + "rk", "ro" + "ot", "tm" + "p", "ho" + r"me/\w+", "Use" + r"rs/\w+")
MACHINE = re.compile(rf"(?<![\w.$%{{}}*/-])/({'|'.join(FOLDERS)})/")
EXEMPT: dict[str, str] = {}


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """Name what git tracks, or would; without git every file of a checkout that has no history."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: what is tracked is unknown here")
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in told.split("\0") if name and (ROOT / name).is_file()]


def test_no_path_of_somebodys_machine(tracked: list[str]) -> None:
    broken = {}
    for name in tracked:
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE.search(line):
                broken[f"{name}:{number}"] = line.strip()[:120]
    hold(broken, EXEMPT)


def test_no_file_chooses_python_for_tools_that_look_for_one(tracked: list[str]) -> None:
    """A `.python-version` makes pyenv's shims of tools in other versions fail, uv among them."""
    assert not [name for name in tracked if name.rsplit("/", 1)[-1] == ".python-version"]
