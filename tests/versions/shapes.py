"""Every kind of record that the ledger keeps, its shape, and one record for each form that it takes."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import zip_longest
from types import NoneType, UnionType
from typing import Any, Literal, NewType, TypeAliasType, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter

from rotation.ledger import application, control, expiries, lines, notices, once, scans
from rotation.ledger.codec import Codec

CODECS: Mapping[str, Codec[Any]] = {
    "line": application.LINE,
    "rebuilt": application.REBUILT,
    "reissue": application.REISSUE,
    "rotation": application.ROTATION,
    "delivery": application.DELIVERY,
    "holding": application.HOLDING,
    "use": application.USE,
    "outbox": notices.OUTBOX,
    "pause": control.PAUSE,
    "ramp": control.RAMP,
    "breaker": control.BREAKER,
    "night": control.NIGHT,
    "usage": control.USAGE,
    "beginning": control.BEGINNING,
    "watched": control.WATCHED,
    "rehearsed": control.REHEARSED,
    "copied": control.COPIED,
    "incident": control.INCIDENT,
    "resuming": control.RESUMING,
    "indexed-line": lines.CODEC,
    "expiry": expiries.CODEC,
    "ends": expiries.ENDS,
    "scan": scans.CODEC,
    "notice": notices.NOTICE,
    "taken": once.CODEC,
}
AT = datetime(2026, 3, 2, 2, 1, 5, 250000, tzinfo=UTC)
TOLD = frozenset({"title", "description"})


def shape(codec: Codec[Any]) -> Any:
    """Give the JSON schema of a kind of record, without what only explains it."""
    return _bare(TypeAdapter(codec.kind).json_schema(mode="serialization"))


def _bare(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {
            name: {key: _bare(each) for key, each in value.items()} if name in {"properties", "$defs"} else _bare(value)
            for name, value in sorted(schema.items())
            if name not in TOLD
        }
    return [_bare(each) for each in schema] if isinstance(schema, list) else schema


def samples(codec: Codec[Any]) -> list[Any]:
    """Give one record for each form: every class of a union, every word of an enum, empty and full."""
    return list(_forms(codec.kind))


def _forms(kind: Any) -> Iterator[Any]:
    origin, parts = get_origin(kind), get_args(kind)
    if isinstance(kind, TypeAliasType):
        yield from _forms(kind.__value__)
    elif isinstance(kind, NewType):
        yield from _forms(kind.__supertype__)
    elif origin in {Union, UnionType}:
        for part in parts:
            yield from _forms(part)
    elif origin is Literal:
        yield from parts
    elif is_dataclass(kind):
        yield from _records(kind)
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield from kind
    else:
        yield from _collections(kind, origin, parts) if origin else iter(_PLAIN[kind])


def _collections(kind: Any, origin: Any, parts: tuple[Any, ...]) -> Iterator[Any]:
    if origin is tuple and parts[-1] is not Ellipsis:
        yield from _rows([_forms(part) for part in parts])
    elif issubclass(origin, Mapping):
        yield from ({}, dict(zip(_forms(parts[0]), _forms(parts[1]), strict=False)))
    else:
        assert issubclass(origin, tuple | list) or origin.__name__ == "Sequence", kind
        yield from ((), tuple(_forms(parts[0])))


def _records(kind: Any) -> Iterator[Any]:
    """Every form of every field at least once, side by side; and one record of what must be given alone."""
    types = get_type_hints(kind)
    given = [field for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING]
    yield kind(**{field.name: next(_forms(types[field.name])) for field in given})
    columns = [list(_forms(types[field.name])) for field in fields(kind)]
    for row in _rows([iter(column) for column in columns]):
        yield kind(**{field.name: value for field, value in zip(fields(kind), row, strict=True)})


def _rows(columns: list[Iterator[Any]]) -> Iterator[tuple[Any, ...]]:
    """Go on with a column's first form where it has no more."""
    firsts: dict[int, Any] = {}
    ended = object()
    for row in zip_longest(*columns, fillvalue=ended):
        for place, value in enumerate(row):
            firsts.setdefault(place, value)
        yield tuple(firsts[place] if value is ended else value for place, value in enumerate(row))


_PLAIN: Mapping[Any, tuple[Any, ...]] = {
    str: ("text", "two words, ä"),
    int: (1, 0),
    bool: (True, False),
    float: (0.5,),
    datetime: (AT,),
    timedelta: (timedelta(days=7, seconds=30),),
    NoneType: (None,),
}
