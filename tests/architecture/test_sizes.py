"""How long things may be (architecture.md, Sizes). Raising a number needs an ADR."""

import ast
from pathlib import Path

from tests.architecture.sources import ROOT, Function, called, functions, hold, modules

MODULE, INTEGRATION, TEST, FUNCTION, POSITIONAL = 300, 200, 500, 40, 3

LONG_MODULES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}
COMMANDS = "rotation/cli/"
"""Typer calls a command by name; its parameters are the options and arguments of the command line."""


def most_lines(path: Path) -> int:
    """Give the cap of one file."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "tests":
        return TEST
    return INTEGRATION if parts[:2] == ("rotation", "integrations") else MODULE


def lines_of(function: Function) -> int:
    """Count a body's lines without its docstring."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    return 0 if not body else (function.end_lineno or 0) - body[0].lineno + 1


def positional(function: Function, *, inside: bool) -> int:
    """Count what a caller may give by position, besides self."""
    given = [*function.args.posonlyargs, *function.args.args]
    bound = inside and not any(
        isinstance(each, ast.Name) and each.id == "staticmethod" for each in function.decorator_list
    )
    return len(given) - (1 if bound else 0)


def test_modules_are_short() -> None:
    everything = (ROOT / "function_app.py", *modules("rotation", "sandbox", "tests"))
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in everything}
    broken = {
        called(path): f"{count} lines, more than {most_lines(path)}"
        for path, count in lengths.items()
        if count > most_lines(path)
    }
    hold(broken, LONG_MODULES)


def test_functions_are_short() -> None:
    broken = {
        f"{called(path)}:{name}": f"{lines_of(function)} lines, more than {FUNCTION}"
        for path in modules("rotation", "sandbox", "tests")
        for name, function, _inside in functions(path)
        if lines_of(function) > FUNCTION
    }
    hold(broken, LONG_FUNCTIONS)


def test_few_things_are_given_by_position() -> None:
    """Left out: tests, whose fixtures pytest gives by name, and operators, whose signatures are Python's."""
    broken = {
        f"{called(path)}:{name}": f"{positional(function, inside=inside)} positional, more than {POSITIONAL}"
        for path in modules("rotation", "sandbox")
        for name, function, inside in functions(path)
        if positional(function, inside=inside) > POSITIONAL
        and not function.name.startswith("__")
        and not called(path).startswith(COMMANDS)
    }
    hold(broken, {})
