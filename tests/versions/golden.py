"""What earlier versions wrote, kept as files: `<kind>.<edition>.json`, the highest edition is today's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rotation.ledger.codec import Codec
from tests.versions.shapes import CODECS, samples, shape

FOLDER = Path(__file__).parent / "golden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """One kind of record as one version wrote it."""

    kind: str
    edition: int
    shape: Any
    rows: list[dict[str, Any]]

    @property
    def codec(self) -> Codec[Any]:
        """How today's program reads and writes it."""
        return CODECS[self.kind]


def editions(kind: str) -> list[Golden]:
    """Give what is kept of one kind, oldest first."""
    found = [_read(path) for path in FOLDER.glob(f"{kind}.*.json")]
    return sorted(found, key=lambda each: each.edition)


def _read(path: Path) -> Golden:
    kind, edition, _json = path.name.split(".")
    kept: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Golden(kind=kind, edition=int(edition), shape=kept["shape"], rows=kept["rows"])


def write_today() -> list[str]:
    """Keep what today's program writes, of each kind whose shape is kept nowhere yet; gives their names."""
    written = []
    for kind, codec in CODECS.items():
        kept = editions(kind)
        if kept and kept[-1].shape == shape(codec):
            continue
        edition = codec.version or len(kept) + 1
        rows = [codec.columns(record) for record in samples(codec)]
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        text = f'{{"shape": {json.dumps(shape(codec))},\n"rows": [\n{lines}\n]}}'
        path = FOLDER / f"{kind}.{edition}.json"
        if path.exists():
            raise SystemExit(f"{path.name} is there and of another shape: raise the version of that codec first")
        path.write_text(f"{text}\n", encoding="utf-8")
        written.append(path.name)
    return written
