"""Microsoft's published API descriptions (OpenAPI 3.0), as JSON Schemas that answers are held against."""

import importlib
import json
from functools import cache
from typing import Any

from tests.real.conftest import TOOLS

GRAPH = "microsoft.com/graph"
VAULT = "azure.com/keyvault"


@cache
def description(name: str) -> dict[str, Any]:
    """Read one description, its schemas in JSON Schema's words."""
    file = TOOLS / "openapi" / f"{name}.json"
    assert file.exists(), "the API descriptions are missing: `make test-real` installs them"
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {"components": {"schemas": {key: _plain(each) for key, each in read["components"]["schemas"].items()}}}


def _plain(node: Any) -> Any:
    """Say OpenAPI 3.0's `nullable` as JSON Schema does."""
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, dict):
        return node
    said = {key: _plain(each) for key, each in node.items() if key not in {"nullable", "discriminator", "example"}}
    if isinstance(said.get("required"), list):
        # The description asks for it everywhere; Graph itself leaves it out with `odata.metadata=minimal`.
        said["required"] = [name for name in said["required"] if name != "@odata.type"]
    return {"anyOf": [said, {"type": "null"}]} if node.get("nullable") is True else said


def problems(name: str, schema: str, answer: Any) -> list[str]:
    """Tell what of *answer* is not as the description's schema says, with where it stands."""
    jsonschema = importlib.import_module("jsonschema")
    whole = description(name)
    assert schema in whole["components"]["schemas"], schema
    validator = jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", **whole}, format_checker=jsonschema.FormatChecker()
    )
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(answer)]


def unknown(name: str, schema: str, answer: dict[str, Any]) -> set[str]:
    """Tell which fields of *answer* the description does not know, annotations left out."""
    return {key for key in answer if "@" not in key} - _properties(description(name), schema)


def _properties(whole: dict[str, Any], schema: str) -> set[str]:
    found: set[str] = set()
    todo: list[Any] = [whole["components"]["schemas"][schema]]
    while todo:
        node = todo.pop()
        found |= set(node.get("properties", {}))
        todo += node.get("allOf", [])
        if "$ref" in node:
            todo.append(whole["components"]["schemas"][node["$ref"].rsplit("/", 1)[-1]])
    return found
