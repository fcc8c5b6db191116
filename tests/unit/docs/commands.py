"""Collect the commands that the pages show: in blocks of shell, and as code within a sentence."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = sorted([*(page for page in ROOT.glob("*.md") if page.stem != "CHANGELOG"), *(ROOT / "docs").rglob("*.md")])

SHELLS = {"sh", "bash", "console", "shell"}
PROGRAM = (
    r"(?:rotation|make|az|azd|aws|func|git|gh|curl|pwsh|docker|kubectl|npm|npx|node|pip|uv|uvx|python3?|psql|ssh|sudo"
    r"|journalctl|set|export|etag=\S+|key=\S+|TOKEN=\S+|for|\.venv/bin/\S+|\.ci/\S+|\.tools/\S+|bin/\S+|infra/scripts/\S+\.sh)"
)
BEGINS = re.compile(rf"{PROGRAM}(?: |$)")
BLOCK = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`]+)`")
REMARK = re.compile(r"\s+#\s.*$")
ALONE = {"rotation", "make", "az", "set", "export", "git", "for", "node", "python", "ssh", "sudo"}
"""Words that a sentence also uses for the program itself, or for something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One command as a page shows it, without its remark and with single blanks."""

    text: str
    page: str


def shown() -> list[Shown]:
    """Give every command of every page, in the pages' order."""
    found = []
    for path in PAGES:
        page = path.relative_to(ROOT).as_posix()
        text = path.read_text(encoding="utf-8")
        found += [Shown(text=each, page=page) for each in (*_in_blocks(text), *_in_sentences(text))]
    return found


def untagged() -> list[str]:
    """Name the blocks that show commands and are not marked as shell, so that nobody would look for them there."""
    found = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        other = (block for block in BLOCK.finditer(text) if block[2] not in SHELLS)
        page = path.relative_to(ROOT)
        found += [f"{page}:{text[: block.start()].count('\n') + 1}" for block in other if _shows_commands(block[3])]
    return found


def _shows_commands(text: str) -> bool:
    return any(BEGINS.match(line.strip()) for line in text.splitlines())


def _in_blocks(text: str) -> Iterator[str]:
    for block in BLOCK.finditer(text):
        if block[2] in SHELLS:
            whole = block[3].replace("\\\n", " ")
            yield from (_plain(line) for line in whole.splitlines() if _plain(line))


def _in_sentences(text: str) -> Iterator[str]:
    for code in INLINE.findall(BLOCK.sub("", text)):
        words = _plain(code)
        if BEGINS.match(words) and words not in ALONE:
            yield words


def _plain(line: str) -> str:
    return " ".join(REMARK.sub("", line).split())
