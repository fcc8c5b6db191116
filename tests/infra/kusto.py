"""
The part of the Kusto query language that infra/ uses, read and run: a question that is not KQL, or asks for a column
or function that is not there, fails here and not in a workspace.

A missing value is null: tostring makes it empty, and every comparison with it is false, as Kusto has it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lark import Lark, Token, Transformer

type Row = dict[str, Any]
type Expression = Callable[[Row], Any]
type Operator = Callable[[list[Row]], list[Row]]

GRAMMAR = r"""
start: NAME ("|" operator)*
?operator: "where" either -> where
    | "extend" assigned ("," assigned)* -> extend
    | "project" assigned ("," assigned)* -> project
    | "summarize" aggregated ("," aggregated)* ["by" assigned ("," assigned)*] -> summarize
    | ("order" | "sort") "by" NAME [DIRECTION] -> order
    | ("take" | "limit") INT -> take
    | "render" NAME -> render
assigned: [NAME "="] either
aggregated: [NAME "="] NAME "(" [either ("," either)*] ")"
?either: both ("or" both)*
?both: compared ("and" compared)*
?compared: added [COMPARE added] | added "in" "(" added ("," added)* ")" -> among
?added: multiplied (PLUS multiplied)*
?multiplied: value (TIMES value)*
?value: NAME "(" [either ("," either)*] ")" -> called
    | NAME "." NAME -> member
    | NAME -> column
    | SPAN -> span
    | NUMBER -> number
    | STRING -> text
    | "(" either ")"
DIRECTION: "asc" | "desc"
COMPARE: "==" | "!=" | ">=" | "<=" | ">" | "<" | "startswith" | "has" | "contains"
PLUS: "+" | "-"
TIMES: "*" | "/"
SPAN.3: /\d+[dhms]\b/
NAME: /[A-Za-z_]\w*/
STRING: /"[^"]*"|'[^']*'/
%import common.INT
%import common.NUMBER
%import common.WS
%ignore WS
%ignore /\/\/[^\n]*/
"""
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "startswith": lambda a, b: str(a).lower().startswith(str(b).lower()),
    "has": lambda a, b: str(b).lower() in re.split(r"[^0-9a-z]+", str(a).lower()),
    "contains": lambda a, b: str(b).lower() in str(a).lower(),
}


def _number(kind: type[int] | type[float]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        try:
            return kind(value)
        except (TypeError, ValueError):
            return None

    return read


def _bin(value: Any, width: timedelta) -> Any:
    epoch = datetime(1, 1, 1, tzinfo=UTC)
    return epoch + width * ((value - epoch) // width)


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "tostring": lambda value: "" if value is None else str(value),
    "tolower": lambda value: str(value).lower(),
    "toint": _number(int),
    "tolong": _number(int),
    "todouble": _number(float),
    "isnotempty": lambda value: value not in (None, ""),
    "bin": _bin,
    "round": lambda value, digits=0: None if value is None else round(value, digits),
    "unixtime_seconds_todatetime": lambda value: None if value is None else datetime.fromtimestamp(value, UTC),
}
_AGGREGATES: Mapping[str, Callable[[list[Row], list[Expression]], Any]] = {
    "count": lambda rows, _of: len(rows),
    "sum": lambda rows, of: sum(of[0](row) or 0 for row in rows),
    "sumif": lambda rows, of: sum(of[0](row) or 0 for row in rows if of[1](row)),
    "countif": lambda rows, of: sum(1 for row in rows if of[0](row)),
    "max": lambda rows, of: max((of[0](row) for row in rows), default=None),
    "min": lambda rows, of: min((of[0](row) for row in rows), default=None),
    "arg_max": lambda rows, of: max(rows, key=of[0]),
}


class _Reader(Transformer[Token, Any]):
    """Makes functions of rows from the tree."""

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self._now = now

    def column(self, parts: list[Token]) -> Expression:
        name = str(parts[0])

        def read(row: Row) -> Any:
            assert name in row, f"there is no column {name}, only {sorted(row)}"
            return row[name]

        read.__name__ = name
        return read

    def member(self, parts: list[Token]) -> Expression:
        outer, inner = self.column(parts[:1]), str(parts[1])

        def read(row: Row) -> Any:
            return outer(row).get(inner)

        read.__name__ = f"{parts[0]}_{inner}"
        return read

    def number(self, parts: list[Token]) -> Expression:
        value = float(parts[0]) if "." in parts[0] else int(parts[0])
        return lambda _row: value

    def text(self, parts: list[Token]) -> Expression:
        return lambda _row: parts[0][1:-1]

    def span(self, parts: list[Token]) -> Expression:
        value = timedelta(**{_UNITS[parts[0][-1]]: int(parts[0][:-1])})
        return lambda _row: value

    def called(self, parts: list[Any]) -> Expression:
        name, given = str(parts[0]), [part for part in parts[1:] if part is not None]
        if name == "ago":
            return lambda row: self._now - given[0](row)
        if name == "not":
            return lambda row: not given[0](row)
        function = _FUNCTIONS[name]
        return lambda row: function(*(each(row) for each in given))

    def multiplied(self, parts: list[Any]) -> Expression:
        return self._folded(parts)

    def added(self, parts: list[Any]) -> Expression:
        return self._folded(parts)

    def _folded(self, parts: list[Any]) -> Expression:
        def read(row: Row) -> Any:
            value = parts[0](row)
            for sign, other in zip(parts[1::2], parts[2::2], strict=True):
                right = other(row)
                if value is None or right is None or (sign == "/" and right == 0):
                    return None
                value = {"*": lambda a, b: a * b, "/": lambda a, b: a / b, "+": lambda a, b: a + b}.get(
                    sign, lambda a, b: a - b
                )(value, right)
            return value

        return read

    def compared(self, parts: list[Any]) -> Expression:
        left, sign, right = parts
        if sign is None:
            return left  # type: ignore[no-any-return]

        def read(row: Row) -> bool:
            one, other = left(row), right(row)
            return one is not None and other is not None and _COMPARE[str(sign)](one, other)

        return read

    def among(self, parts: list[Any]) -> Expression:
        return lambda row: parts[0](row) in [each(row) for each in parts[1:]]

    def both(self, parts: list[Any]) -> Expression:
        return lambda row: all(each(row) for each in parts)

    def either(self, parts: list[Any]) -> Expression:
        return lambda row: any(each(row) for each in parts)

    def assigned(self, parts: list[Any]) -> tuple[str, Expression]:
        name, value = parts
        return str(name or value.__name__), value

    def aggregated(self, parts: list[Any]) -> tuple[str, str, list[Expression]]:
        name, how, *of = parts
        given = [each for each in of if each is not None]
        return str(name or f"{how}_{given[0].__name__ if given else ''}"), str(how), given

    def where(self, parts: list[Any]) -> Operator:
        return lambda rows: [row for row in rows if parts[0](row)]

    def extend(self, parts: list[Any]) -> Operator:
        return lambda rows: [row | {name: value(row) for name, value in parts} for row in rows]

    def project(self, parts: list[Any]) -> Operator:
        return lambda rows: [{name: value(row) for name, value in parts} for row in rows]

    def summarize(self, parts: list[Any]) -> Operator:
        made = [part for part in parts if part is not None and len(part) == 3]
        keys = [part for part in parts if part is not None and len(part) == 2]

        def run(rows: list[Row]) -> list[Row]:
            groups: dict[tuple[Any, ...], list[Row]] = {} if keys else {(): []}
            for row in rows:
                groups.setdefault(tuple(value(row) for _name, value in keys), []).append(row)
            return [
                dict(zip((name for name, _value in keys), at, strict=True)) | self._aggregates(made, members)
                for at, members in groups.items()
            ]

        return run

    def _aggregates(self, made: list[Any], rows: list[Row]) -> Row:
        found: Row = {}
        for name, how, of in made:
            value = _AGGREGATES[how](rows, of)
            found |= {each.__name__: each(value) for each in of} if how == "arg_max" else {name: value}
        return found

    def order(self, parts: list[Any]) -> Operator:
        name, direction = str(parts[0]), parts[1]
        return lambda rows: sorted(rows, key=lambda row: row[name], reverse=direction != "asc")

    def take(self, parts: list[Any]) -> Operator:
        return lambda rows: rows[: int(parts[0])]

    def render(self, _parts: list[Any]) -> Operator:
        return lambda rows: rows

    def start(self, parts: list[Any]) -> tuple[str, list[Operator]]:
        return str(parts[0]), parts[1:]


_GRAMMAR = Lark(GRAMMAR, parser="earley", maybe_placeholders=True)


def run(text: str, tables: Mapping[str, Iterable[Row]], *, now: datetime) -> list[Row]:
    """Give the answer of a query; lark's error where it is none, KeyError or AssertionError for what is not there."""
    table, operators = _Reader(now).transform(_GRAMMAR.parse(text))
    rows = list(tables[table])
    for operator in operators:
        rows = operator(rows)
    return rows
