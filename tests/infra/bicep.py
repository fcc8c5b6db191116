"""
Read infra/ without a compiler: pycep parses the Bicep files.

pycep knows the grammar, not the types, and gives a name and a text alike as text ('name' and name are both "name").
It does not know .bicepparam files, so a small reader of the constructs used there stands here.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from pycep import BicepParser

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
MAIN = INFRA / "main.bicep"
FILES = tuple(sorted(INFRA.rglob("*.bicep")))
PARAMETER_FILES = tuple(sorted(INFRA.glob("*.bicepparam")))

type Tree = dict[str, Any]

_parser = BicepParser()
_REMARK = re.compile(r"^\s*//.*$", re.MULTILINE)
_DESCRIPTION = re.compile(r"^@description\('(?:\\'|[^'])*'\)$", re.MULTILINE)
_PARAMETER = re.compile(r"^param (\w+) = (.+?)(?=^param |^//|\Z)", re.MULTILINE | re.DOTALL)


def parse(text: str) -> Tree:
    """Parse Bicep; lark's UnexpectedInput where it is none."""
    tree: Tree = dict(_parser.parse(text=text))
    return tree


@cache
def template(path: Path) -> Tree:
    """Give the parsed file; keys parameters, variables, resources, modules and outputs are there when used."""
    return parse(path.read_text("utf-8"))


def module(name: str) -> Tree:
    """Give the parsed module *name*."""
    return template(INFRA / "modules" / f"{name}.bicep")


def bare(path: Path) -> str:
    """Give the text without remarks and descriptions, where a name is a use or a declaration."""
    return _DESCRIPTION.sub("", _REMARK.sub("", path.read_text("utf-8")))


def variable(tree: Tree, name: str) -> Any:
    """Give a variable's value as written."""
    return tree["variables"][name]["value"]


def decorator(declared: Tree, kind: str) -> Any:
    """Give the argument of a decorator, or None."""
    return next((each["argument"] for each in declared["decorators"] if each["type"] == kind), None)


def body(declared: Tree) -> Tree:
    """Give what stands between the braces of a resource or module, inside its loop or condition."""
    config: Tree = declared["config"]
    while "config" in config:
        config = config["config"]
    return config


def literals(value: object) -> set[str]:
    """Give every text inside *value*, keys aside: literals and names."""
    match value:
        case str():
            return {value}
        case dict():
            return {text for each in value.values() for text in literals(each)}
        case list():
            return {text for each in value for text in literals(each)}
        case _:
            return set()


def parameter_file(path: Path) -> dict[str, str]:
    """Give the values of a .bicepparam file as written, by name."""
    return {name: text.strip() for name, text in _PARAMETER.findall(path.read_text("utf-8"))}
