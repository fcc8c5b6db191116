"""The Python files that rules are about, and their syntax trees, each parsed once."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

type Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules(*folders: str) -> tuple[Path, ...]:
    """Give every module below these folders of the repository."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found, folders
    return tuple(path for path in found if not {"node_modules", "__pycache__"} & set(path.parts))


@cache
def tree(path: Path) -> ast.Module:
    """Parse one module."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def called(path: Path) -> str:
    """Name a file as people see it: from the repository's root."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[tuple[str, Function, bool]]:
    """Give each function with its dotted name, and whether it stands in a class."""
    yield from _functions(tree(path), "", inside=False)


def _functions(node: ast.AST, prefix: str, *, inside: bool) -> Iterator[tuple[str, Function, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{child.name}", child, inside
            yield from _functions(child, f"{prefix}{child.name}.", inside=False)
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.", inside=True)
        else:
            yield from _functions(child, prefix, inside=inside)


def calls(path: Path) -> Iterator[ast.Call]:
    """Give each call in a module."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def hold(broken: dict[str, str], exempt: dict[str, str]) -> None:
    """Fail with what breaks a rule and is not exempt, and with exemptions that are of no use."""
    new = [f"{name}: {broken[name]}" for name in sorted(broken.keys() - exempt.keys())]
    stale = [f"{name}: exempt, and keeps the rule" for name in sorted(exempt.keys() - broken.keys())]
    assert not new + stale, "\n" + "\n".join(new + stale)
    assert all(reason.strip() for reason in exempt.values()), "an exemption needs a reason"
