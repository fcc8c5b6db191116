"""
The words that tenants are made of, read once from `vocabulary.json`.

They stand in JSON because names in every script, with joiners and direction
marks, are what the sandbox is about, and what linters of Python text refuse.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    systems: tuple[str, ...]
    purposes: tuple[str, ...]
    environments: tuple[str, ...]
    regions: tuple[str, ...]
    odd_names: tuple[str, ...]
    credential_names: tuple[str, ...]
    notes: tuple[str, ...]
    tags: tuple[str, ...]
    given_names: tuple[str, ...]
    surnames: tuple[str, ...]
    departments: tuple[str, ...]
    job_titles: tuple[str, ...]


def _read(path: Path) -> Vocabulary:
    found = json.loads(path.read_text(encoding="utf-8"))
    return Vocabulary(**{field.name: tuple(found[field.name]) for field in fields(Vocabulary)})


WORDS = _read(Path(__file__).with_name("vocabulary.json"))
