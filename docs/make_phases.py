# ruff: noqa: INP001  # docs is a folder of pages with this one script in it, not a package
"""
Write docs/phases.md from the table of moves in `rotation.domain.rotation` (`python -m docs.make_phases`).

tests/unit/docs compares the page with what this gives, so the two cannot part.
"""

from dataclasses import fields
from pathlib import Path

from rotation.domain.rotation import ENDED, MOVES, PUBLISHED, UNPUBLISHED

PAGE = Path(__file__).parent / "phases.md"

MEANS = {
    "Planned": "it is recorded; an approval may be waited for",
    "Minting": "a secret is being made: reserve in the vault, look for leftovers, addPassword, stage",
    "Staged": "the text lies in `<name>-staged`; five sign-ins, spread, prove it",
    "Proven": "it signs in, or is declared unprovable; nobody reads it yet",
    "Published": 'it is the newest version of `<name>`: whoever reads "latest" has it',
    "Delivering": "each destination gets it, and each is asked what it holds",
    "Overlapping": "both secrets work; the old ones wait for evidence",
    "Retiring": "one old key id is being removed",
    "Blocked": "stopped with a reason; resumes in the phase that it left",
    "Completed": "every old key id is gone, or can only lapse",
    "Abandoned": "given up before anything was published; what was minted goes as an orphan",
    "Closed": "ended by a successor, by a person, or because the application is gone; nothing is removed by it",
}


def page() -> str:
    """Give the page's text."""
    return "\n".join([*_head(), *_table(), "", "## As a picture", "", *_picture(), ""])


def _head() -> list[str]:
    return [
        "# Phases of a rotation",
        "",
        "Made by `python -m docs.make_phases` from `MOVES` in `rotation/domain/rotation.py`; a test keeps them equal.",
        "`Rotation.moved` refuses every move that is not here (`illegal-move`). What each phase does stands in",
        "[protocol.md](protocol.md).",
        "",
    ]


def _table() -> list[str]:
    rows = ["| phase | means | holds | may become | group |", "|---|---|---|---|---|"]
    for phase, following in MOVES.items():
        held = ", ".join(f"`{field.name}`" for field in fields(phase) if field.name != "phase")
        ways = ", ".join(each.__name__ for each in following) or "-"
        rows.append(f"| **{phase.__name__}** | {MEANS[phase.__name__]} | {held} | {ways} | {_group(phase)} |")
    return rows


def _group(phase: type) -> str:
    groups = {"unpublished": UNPUBLISHED, "published": PUBLISHED, "ended": ENDED}
    return next((name for name, members in groups.items() if phase in members), "open")


def _picture() -> list[str]:
    """Draw the moves between working phases; every one of them may also become Blocked and come back."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> Planned"]
    for phase, following in MOVES.items():
        lines += [
            f"    {phase.__name__} --> {each.__name__}"
            for each in following
            if "Blocked" not in {phase.__name__, each.__name__} and each is not phase
        ]
    lines += [f"    {each.__name__} --> [*]" for each in ENDED]
    return [
        *lines,
        "```",
        "",
        "Left out for legibility: each open phase may become Blocked, and Blocked resumes where it stopped.",
    ]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
