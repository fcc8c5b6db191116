"""Shells complete commands: bash loads what `rotation` gives it, and asks."""

import os
import subprocess

from tests.architecture.sources import ROOT

TRY = """
eval "$(_ROTATION_COMPLETE=source_bash rotation)"
COMP_WORDS=(rotation re) COMP_CWORD=1
_rotation_completion rotation re rotation
printf '%s\\n' "${COMPREPLY[@]}"
"""


def test_bash_completes_the_commands() -> None:
    path = {**os.environ, "PATH": f"{ROOT / 'bin'}:{os.environ['PATH']}"}
    found = subprocess.run(["bash", "-c", TRY], env=path, capture_output=True, text=True, check=True).stdout.split()
    assert {"release", "replay", "resume", "retire", "retry"} <= set(found)
    assert not [each for each in found if not each.startswith("re")]
