"""Queues and tables have one place where they are named, and integrations one list of strangers."""

import ast
import tomllib

from rotation.ledger import keys
from tests.architecture.sources import ROOT, called, hold, modules, tree

NAMES = set(keys.TABLES) | set(keys.QUEUES)
ALSO_WORDS = {
    "rotation/cli/": "fields of the JSON that is shown",
    "rotation/config/": "keys of rotation.yaml",
    "rotation/triggers/http.py": "routes",
    "rotation/web/": "fields of the JSON that is shown",
    "rotation/ledger/control.py": "the one partition of a table",
    "rotation/ledger/notices.py": "the one partition of a table",
    "rotation/workflows/reading/export.py": "names of what can be exported",
    "rotation/workflows/scanning.py": "the name of a weekly pass",
    "rotation/workflows/secrets_pass.py": "a field of the snapshot",
}
"""Where these are everyday words, and what for."""


def docstrings(module: ast.Module) -> set[int]:
    """Give the identities of texts that are statements of their own."""
    return {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}


def test_each_queue_and_table_is_named_in_one_place() -> None:
    assert len(set(keys.TABLES)) == len(keys.TABLES)
    assert len(set(keys.QUEUES)) == len(keys.QUEUES)
    broken = {
        f"{called(path)}:{node.value}": "is rotation/ledger/keys.py's to name"
        for path in modules("rotation")
        if path != ROOT / "rotation" / "ledger" / "keys.py" and not called(path).startswith(tuple(ALSO_WORDS))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and node.value in NAMES and id(node) not in docstrings(tree(path))
    }
    hold(broken, {})


def test_each_kind_of_integration_is_held_to_be_a_stranger_to_the_others() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (strangers,) = [each["modules"] for each in contracts if each["type"] == "independence"]
    assert strangers == ["rotation.integrations.kinds.*"]


def test_no_room_of_the_program_is_left_out_of_the_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [each for each in contracts if each["type"] == "layers"]
    named = {name.strip() for layer in layers["layers"] for name in layer.split("|")}
    rooms = {
        path.name.removesuffix(".py") for path in (ROOT / "rotation").iterdir() if path.suffix == ".py" or path.is_dir()
    }
    assert rooms - {"__init__", "__pycache__"} <= named
    assert layers["exhaustive"] is True
