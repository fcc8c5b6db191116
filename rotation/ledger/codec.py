"""
Write records as columns and read them back (ADR 0030).

Two versions of the program are at work while one is deployed, and the older one again after a rollback. A record that
decides something is **fenced**: its row tells its version, and an older program that meets a newer one stops before it
writes. A record that only tells something **grows**: newer programs add fields with defaults and nothing else, so
either reads the other's.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rotation.domain.errors import BrokenInvariant, NewerVersion
from rotation.ports.tables import Value

COLUMN_LIMIT = 32_000
"""Characters of one text column; the service takes 32,768 (platform.md E)."""
VERSION = "v"
"""Column with the version of a fenced record; a row without it is of version 1."""


class Codec[Record]:
    """
    One kind of record as JSON in the columns `state`, `state_1`, ...: readable with any table tool.

    Args:
        kind: The type of the record.
        version: Of its shape, where it is fenced; raised with every change of it (tests/versions holds that).
            None: it grows.
    """

    def __init__(self, kind: Any, *, version: int | None = 1) -> None:
        self.kind = kind
        self.version = version

    @cached_property
    def _adapter(self) -> TypeAdapter[Record]:
        """Made when first used: all of them together are a tenth of a cold start (docs/performance.md)."""
        return TypeAdapter(self.kind)

    def columns(self, record: Record) -> dict[str, Value]:
        """Give the columns that hold *record*."""
        text = self._adapter.dump_json(record).decode()
        parts = [text[start : start + COLUMN_LIMIT] for start in range(0, len(text), COLUMN_LIMIT)]
        columns: dict[str, Value] = {} if self.version is None else {VERSION: self.version}
        columns.update({"state" if place == 0 else f"state_{place}": part for place, part in enumerate(parts)})
        return columns

    def record(self, columns: Mapping[str, Value]) -> Record:
        """
        Read what `columns` wrote, of this version or an earlier one.

        Raises:
            NewerVersion: A newer version of the program wrote it.
            BrokenInvariant: The columns are not ours.
        """
        self._meet(columns.get(VERSION))
        parts = [str(columns.get("state", ""))]
        while (following := columns.get(f"state_{len(parts)}")) is not None:
            parts.append(str(following))
        try:
            return self._adapter.validate_json("".join(parts))
        except ValidationError as error:
            where = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors()[:3])
            raise BrokenInvariant(f"a row of the ledger cannot be read: {where}", reason="unreadable-row") from None

    def _meet(self, version: Value | None) -> None:
        if self.version is not None and isinstance(version, int) and version > self.version:
            what = getattr(self.kind, "__name__", str(self.kind)).lower()
            raise NewerVersion(
                f"a newer version of this program wrote this {what}: its row is of version {version}, and this program "
                f"reads up to {self.version}",
            )
