"""Write records as columns and read them back."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rotation.domain.errors import BrokenInvariant
from rotation.ports.tables import Value

COLUMN_LIMIT = 32_000
"""Characters of one text column; the service takes 32,768 (platform.md E)."""


class Codec[Record]:
    """One kind of record as JSON in the columns `state`, `state_1`, ...: readable with any table tool."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    @cached_property
    def _adapter(self) -> TypeAdapter[Record]:
        """Made when first used: all of them together are a tenth of a cold start (docs/performance.md)."""
        return TypeAdapter(self._kind)

    def columns(self, record: Record) -> dict[str, Value]:
        """Give the columns that hold *record*."""
        text = self._adapter.dump_json(record).decode()
        parts = [text[start : start + COLUMN_LIMIT] for start in range(0, len(text), COLUMN_LIMIT)]
        return {"state" if place == 0 else f"state_{place}": part for place, part in enumerate(parts)}

    def record(self, columns: Mapping[str, Value]) -> Record:
        """
        Read what `columns` wrote.

        Raises:
            BrokenInvariant: The columns are not ours, or of a later version of the program.
        """
        parts = [str(columns.get("state", ""))]
        while (following := columns.get(f"state_{len(parts)}")) is not None:
            parts.append(str(following))
        try:
            return self._adapter.validate_json("".join(parts))
        except ValidationError as error:
            where = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors()[:3])
            raise BrokenInvariant(f"a row of the ledger cannot be read: {where}", reason="unreadable-row") from None
