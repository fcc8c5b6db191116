"""Change one row by what it is at that moment, under its etag; again where somebody was faster."""

from collections.abc import Awaitable, Callable, Mapping

from rotation.domain.errors import StaleRecord, Unavailable
from rotation.ledger.fence import Place
from rotation.ports.tables import Insert, Replace, Row, Tables, Value

TRIES = 30

type Make = Callable[[Row | None], Awaitable[Mapping[str, Value] | None]]
"""Give the columns that follow from a row as it is now; None: it stays as it is."""


async def change_row(tables: Tables, place: Place, make: Make, *, reason: str = Unavailable.reason) -> None:
    """
    Write what *make* gives for the row; it is asked again where another wrote in between.

    Raises:
        Unavailable: Too many others change it at once (*reason*).
    """
    for _try in range(TRIES):
        row = await tables.get(place.table, place.partition, place.key)
        values = await make(row)
        if values is None:
            return
        change = Replace(key=place.key, values=values, etag=row.etag) if row else Insert(key=place.key, values=values)
        try:
            await tables.commit(place.table, place.partition, [change])
        except StaleRecord:
            continue
        return
    raise Unavailable(f"row {place.key} of {place.table} is written by too many at once", reason=reason)
