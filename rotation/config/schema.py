"""
Export the JSON Schema of `rotation.yaml`, so that editors complete and explain it.

`python -m rotation.config.schema > rotation.schema.json`
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema

from rotation.config.kinds import Kind
from rotation.config.model import DestinationPart, File

DRAFT = "https://json-schema.org/draft/2020-12/schema"
NAME_PATTERN = "^[a-z0-9-]{1,40}$"


class _Plain(GenerateJsonSchema):
    """Without titles made from field names, and without `null` as a default: leaving a key out says that."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if made.get("default", ...) is None:
            del made["default"]
        return made

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        inner: CoreSchema = schema["schema"]
        return self.generate_inner(inner)


def json_schema(kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Describe the file; below `destinations`, one alternative for each kind, told apart by `kind`."""
    schema = File.model_json_schema(schema_generator=_Plain)
    shared = schema["$defs"]
    common = shared.pop(DestinationPart.__name__)["properties"]
    alternatives: list[dict[str, Any]] = []
    for name in sorted(kinds):
        alternatives += _alternatives(name, kinds[name], common, shared=shared)
    for name in ("destinations", "audiences"):
        schema["properties"][name]["propertyNames"] = {"pattern": NAME_PATTERN}
    schema["properties"]["destinations"]["additionalProperties"] = {"oneOf": alternatives}
    return {"$schema": DRAFT} | schema | {"title": "rotation.yaml"}


def _alternatives(
    name: str, kind: Kind, common: Mapping[str, Any], *, shared: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    prefix = re.sub(r"\W", "_", name)
    settings = kind.settings_model.model_json_schema(
        schema_generator=_Plain, ref_template=f"#/$defs/{prefix}.{{model}}"
    )
    shared |= {f"{prefix}.{key}": value for key, value in settings.pop("$defs", {}).items()}
    for shape in _shapes(settings, shared):
        word = {"const": name, "description": shape.get("description", settings.get("description", ""))}
        yield {
            "type": "object",
            "properties": {**common, "kind": word, **shape.get("properties", {})},
            "required": ["kind", *shape.get("required", [])],
            "additionalProperties": False,
        }


def _shapes(schema: dict[str, Any], shared: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Follow references and alternatives down to mappings."""
    if "$ref" in schema:
        yield from _shapes(shared[schema["$ref"].removeprefix("#/$defs/")], shared)
    elif "oneOf" in schema or "anyOf" in schema:
        for each in schema.get("oneOf", schema.get("anyOf", [])):
            yield from _shapes(each, shared)
    else:
        yield schema


def main() -> None:
    """Write the schema of the kinds that ship to standard output."""
    from rotation.integrations.catalogue import KINDS  # noqa: PLC0415 - only the export needs the real kinds

    sys.stdout.write(text(KINDS))


def text(kinds: Mapping[str, Kind]) -> str:
    """Write the schema as it is committed."""
    return json.dumps(json_schema(kinds), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
