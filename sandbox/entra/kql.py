"""The part of the Kusto query language that questions about sign-ins need; anything else is refused."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sandbox.entra import dates

type Row = dict[str, Any]

_TOKEN = re.compile(
    r"""\s*(?:('[^']*'|"[^"]*")|(ago\([^)]*\)|datetime\([^)]*\)|now\(\))|(\w+)|(==|!=|>=|<=|=~|\.\.|[><=(),~]))"""
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "=~": lambda a, b: str(a).lower() == str(b).lower(),
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}
_AGGREGATE: dict[str, Callable[[list[Any]], Any]] = {"max": max, "min": min, "count": len}
_KEY = re.compile(r"(\w+)( = bin \( (\w+) , (\w+) \))?")
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


class BadQuery(Exception):
    """A query that is wrong, or outside this subset: where, summarize, project, sort/order by, take/limit."""


def run_query(text: str, tables: Mapping[str, Iterable[Row]], *, now: datetime) -> list[Row]:
    """Give the rows; BadQuery for anything that this subset does not take."""
    table, *operators = [part.strip() for part in text.strip().rstrip(";").split("|")]
    if table not in tables:
        raise BadQuery(f"'where' operator: Failed to resolve table or column expression named '{table}'")
    rows = list(tables[table])
    for operator in operators:
        name, _, rest = operator.partition(" ")
        tokens = _tokens(rest)
        match name:
            case "where":
                rows = [row for row in rows if _Condition(tokens, now).holds(row)]
            case "summarize":
                rows = _summarize(rows, tokens)
            case "project":
                rows = [{new: _column(row, old) for new, old in _renamed(tokens)} for row in rows]
            case "sort" | "order" if tokens[:1] == ["by"]:
                rows = sorted(rows, key=lambda row: _column(row, tokens[1]), reverse=tokens[-1] != "asc")
            case "take" | "limit":
                rows = rows[: int(tokens[0])]
            case _:
                raise BadQuery(f"Query could not be parsed at '{operator}'")
    return rows


def _tokens(text: str) -> list[str]:
    found, position = [], 0
    while position < len(text.rstrip()):
        token = _TOKEN.match(text, position)
        if token is None:
            raise BadQuery(f"Query could not be parsed at '{text[position:]}'")
        found.append(token.group().strip())
        position = token.end()
    return found


def _column(row: Row, name: str) -> Any:
    if name not in row:
        raise BadQuery(f"Failed to resolve scalar expression named '{name}'")
    return row[name]


class _Condition:
    """Comparisons joined by `and`."""

    def __init__(self, tokens: Sequence[str], now: datetime) -> None:
        self._tokens = list(tokens)
        self._now = now

    def holds(self, row: Row) -> bool:
        good = self._one(row)
        while self._tokens:
            if self._take() != "and":
                raise BadQuery("only `and` joins conditions here")
            good = self._one(row) and good
        return good

    def _take(self) -> str:
        if not self._tokens:
            raise BadQuery("Query ended too early")
        return self._tokens.pop(0)

    def _one(self, row: Row) -> bool:
        name = self._take()
        if name in {"isnotempty", "isempty"}:
            value = _column(row, self._list()[0])
            return bool(value) == (name == "isnotempty")
        value, operator = _column(row, name), self._take()
        if operator == "in":
            loose = bool(self._tokens) and self._tokens[0] == "~" and bool(self._take())
            wanted = [self._value(token) for token in self._list()]
            return str(value).lower() in {str(w).lower() for w in wanted} if loose else value in wanted
        if operator == "between":
            low, _, high = self._list(separator="..")
            return bool(self._value(low) <= value <= self._value(high))
        if operator not in _COMPARE:
            raise BadQuery(f"Query could not be parsed at '{operator}'")
        return _COMPARE[operator](value, self._value(self._take()))

    def _list(self, *, separator: str = ",") -> list[str]:
        if self._take() != "(":
            raise BadQuery("'(' expected")
        found = []
        while (token := self._take()) != ")":
            if token != separator or separator == "..":
                found.append(token)
        return found

    def _value(self, token: str) -> Any:
        if token[0] in "'\"":
            return token[1:-1]
        if token == "now()":
            return self._now
        if span := re.fullmatch(r"ago\((\d+)([dhms])\)", token):
            return self._now - timedelta(**{_UNITS[span.group(2)]: int(span.group(1))})
        if instant := re.fullmatch(r"datetime\((.+)\)", token):
            return dates.parse(instant.group(1).strip("'\" "))
        if token.isdigit():
            return int(token)
        raise BadQuery(f"Query could not be parsed at '{token}'")


def _renamed(tokens: Sequence[str]) -> list[tuple[str, str]]:
    parts = [part.split() for part in " ".join(tokens).split(",")]
    return [(part[0], part[-1]) for part in parts]


def _summarize(rows: Sequence[Row], tokens: Sequence[str]) -> list[Row]:
    split = list(tokens).index("by") if "by" in tokens else len(tokens)
    made = [_aggregation(part) for part in " ".join(tokens[:split]).split(",")]
    keys = _keys(tokens[split + 1 :])
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(read(row) for read in keys.values()), []).append(row)
    return [
        {
            **dict(zip(keys, values, strict=True)),
            **{
                name: _AGGREGATE[how]([_column(r, column) if column else r for r in members])
                for name, how, column in made
            },
        }
        for values, members in groups.items()
    ]


def _keys(tokens: Sequence[str]) -> dict[str, Callable[[Row], Any]]:
    """Give what rows are grouped by: columns, or `name = bin(column, span)`."""
    found: dict[str, Callable[[Row], Any]] = {}
    for name, _bin, column, span in _KEY.findall(" ".join(tokens)):
        if not column:
            found[name] = partial(_column, name=name)
        elif not (width := re.fullmatch(r"(\d+)([dhms])", span)):
            raise BadQuery(f"Query could not be parsed at '{span}'")
        else:
            found[name] = partial(_bin_of, column=column, width=timedelta(**{_UNITS[width[2]]: int(width[1])}))
    return found


def _bin_of(row: Row, *, column: str, width: timedelta) -> datetime:
    since: timedelta = _column(row, column) - _EPOCH
    return _EPOCH + width * (since // width)


def _aggregation(text: str) -> tuple[str, str, str]:
    shape = re.fullmatch(r"\s*(?:(\w+) = )?(max|min|count) \( ?(\w*) ?\)\s*", text)
    if shape is None:
        raise BadQuery(f"Query could not be parsed at '{text}'")
    name, how, column = shape.groups()
    return name or f"{how}_{column}", how, column
