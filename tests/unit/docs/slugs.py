"""Collect the reason slugs that the code of `rotation` can produce, from its syntax trees."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

ROTATION = Path(__file__).parents[3] / "rotation"
SLUG = re.compile(r"[a-z]+(?:-[a-z]+)*")
TELLING = frozenset({"alarm", "_block"})
"""Calls whose second argument is a slug."""
BUG = "bug"
"""The problem type of what no error describes (`web/problems.py`)."""


@functools.cache
def produced() -> dict[str, str]:
    """Give each slug with one place that produces it."""
    found = {BUG: "rotation/web/problems.py"}
    for path in sorted(ROTATION.rglob("*.py")):
        tree = ast.parse(path.read_text())
        named = dict(_constants(tree))
        for node in ast.walk(tree):
            for value in _values(node):
                for text in _texts(value, named):
                    if SLUG.fullmatch(text):
                        found.setdefault(text, f"{path.relative_to(ROTATION.parent)}:{getattr(node, 'lineno', 0)}")
    return found


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() as text)):
                yield name, text


def _values(node: ast.AST) -> Iterator[ast.expr]:
    """Give the expressions that become a reason: `reason=...`, `reason = ...` of a class, and told slugs."""
    match node:
        case ast.ClassDef(body=body):
            for part in body:
                match part:
                    case ast.Assign(targets=[ast.Name(id="reason")], value=value):
                        yield value
        case ast.Call(func=called, args=arguments, keywords=keywords):
            yield from (keyword.value for keyword in keywords if keyword.arg in {"reason", "blocked"})
            name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if name in TELLING and len(arguments) > 1:
                yield arguments[1]


def _texts(value: ast.expr, named: dict[str, str]) -> Iterator[str]:
    match value:
        case ast.Constant(value=str() as text):
            yield text
        case ast.Name(id=name) if name in named:
            yield named[name]
        case ast.BoolOp(values=parts):
            for part in parts:
                yield from _texts(part, named)
        case ast.JoinedStr(values=[ast.Constant(value=str() as text), *_]):
            yield text.rstrip("-")
