"""Orders of the list, and cursors: where the next page begins, in this snapshot or a newer one."""

import base64
import binascii
import json
from array import array
from collections.abc import Sequence
from enum import StrEnum

from rotation.domain.errors import Misread
from rotation.workflows.reading.inventory.columns import MOST, Columns

LONGEST = 4096
"""Characters of a cursor; a display name has at most 256."""

type Key = tuple[bytes | int, bytes]


class Order(StrEnum):
    """By what; a leading dash: the other way round."""

    NAME = "name"
    NAME_DOWN = "-name"
    ENDS = "ends"
    """The secret that ends next first."""
    ENDS_DOWN = "-ends"
    SECRETS = "secrets"
    """The most live secrets first."""
    SECRETS_DOWN = "-secrets"

    @property
    def descending(self) -> bool:
        """Tell whether it is the other way round."""
        return self.value.startswith("-")


def key_of(columns: Columns, place: int, order: Order) -> Key:
    """Give what an application is sorted by: the object id tells equal ones apart."""
    by = order.value.removeprefix("-")
    if by == Order.NAME:
        return columns.folded.raw(place), columns.object_ids.raw(place)
    first = columns.soonest[place] if by == Order.ENDS else MOST - columns.live[place]
    return first, columns.object_ids.raw(place)


def in_order(columns: Columns, order: Order) -> "array[int]":
    """Give the places of all applications in order; sorted once a snapshot, however often it is asked for."""
    found = columns.orders.get(order)
    if found is None:
        places = sorted(range(len(columns)), key=lambda place: key_of(columns, place, order), reverse=order.descending)
        found = columns.orders[order] = array("I", places)
    return found


def cursor_of(columns: Columns, place: int, order: Order) -> str:
    """Name the place behind which the next page begins."""
    first, last = key_of(columns, place, order)
    told = [order, first if isinstance(first, int) else first.decode(), last.hex()]
    return base64.urlsafe_b64encode(json.dumps(told, ensure_ascii=False).encode()).decode().rstrip("=")


def place_after(columns: Columns, places: Sequence[int], cursor: str, *, order: Order) -> int:
    """
    Find where the next page begins among *places*, whatever was added or went since the cursor was made.

    Raises:
        Misread: It is not a cursor of a list in this order.
    """
    behind = _read(cursor, order)
    low, high = 0, len(places)
    while low < high:
        middle = (low + high) // 2
        key = key_of(columns, places[middle], order)
        if (key >= behind) if order.descending else (key <= behind):
            low = middle + 1
        else:
            high = middle
    return low


def _read(cursor: str, order: Order) -> Key:
    wrong = Misread("cursor", cursor[:80], f"what an earlier page of this list, ordered by {order}, gave")
    if len(cursor) > LONGEST:
        raise wrong
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        of, first, last = told
        key = first if isinstance(first, int) else str(first).encode(), bytes.fromhex(last)
    except (ValueError, TypeError, binascii.Error):
        raise wrong from None
    if of != order or isinstance(first, int) != (not order.value.endswith(Order.NAME)):
        raise wrong
    return key
