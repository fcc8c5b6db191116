"""As much of JSON Schema as our own schema uses; a word that it does not know is an error, so nothing goes unchecked."""

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

SILENT = {"title", "description", "default", "discriminator", "$defs", "$schema", "required", "additionalProperties"}
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": operator.ge,
    "exclusiveMinimum": operator.gt,
    "maximum": operator.le,
}
LENGTHS: dict[str, Callable[[Any, Any], bool]] = {
    "minLength": operator.ge,
    "minItems": operator.ge,
    "maxLength": operator.le,
    "maxItems": operator.le,
}


@dataclass(frozen=True, slots=True)
class Checker:
    """Holds the definitions that references lead to."""

    root: dict[str, Any]

    def faults(self, schema: dict[str, Any], value: Any, at: str = "") -> Iterator[str]:
        """Yield where *value* is not what *schema* wants."""
        for word, wanted in schema.items():
            if word in ("oneOf", "anyOf"):
                yield from self._choice(wanted, value, at, alone=word == "oneOf")
            elif word == "$ref":
                yield from self.faults(self.root["$defs"][wanted.removeprefix("#/$defs/")], value, at)
            elif word not in SILENT and not fits(word, wanted, value):
                yield f"{at}: {word} {wanted}"
        if isinstance(value, dict):
            yield from self._mapping(schema, value, at)
        if isinstance(value, list) and "items" in schema:
            for place, item in enumerate(value):
                yield from self.faults(schema["items"], item, f"{at}[{place}]")

    def _choice(self, choices: list[dict[str, Any]], value: Any, at: str, *, alone: bool) -> Iterator[str]:
        fitting = sum(1 for each in choices if not list(self.faults(each, value, at)))
        if not fitting or (alone and fitting > 1):
            yield f"{at}: fits {fitting} alternatives"

    def _mapping(self, schema: dict[str, Any], value: dict[str, Any], at: str) -> Iterator[str]:
        yield from (f"{at}.{name}: missing" for name in schema.get("required", []) if name not in value)
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, inner in value.items():
            yield from self.faults(schema.get("propertyNames", {}), name, f"{at}.{name}")
            if name in known:
                yield from self.faults(known[name], inner, f"{at}.{name}")
            elif others is False:
                yield f"{at}.{name}: unknown"
            elif others:
                yield from self.faults(others, inner, f"{at}.{name}")


def fits(word: str, wanted: Any, value: Any) -> bool:
    """Tell whether a value fits one plain word."""
    match word:
        case "type":
            return isinstance(value, TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))
        case "enum":
            return value in wanted
        case "const":
            return bool(value == wanted and type(value) is type(wanted))
        case "pattern":
            return not isinstance(value, str) or re.search(wanted, value) is not None
        case _ if word in BOUNDS:
            return not isinstance(value, int | float) or BOUNDS[word](value, wanted)
        case _ if word in LENGTHS:
            return not isinstance(value, str | list) or LENGTHS[word](len(value), wanted)
        case "items" | "properties" | "propertyNames":
            return True
        case _:
            raise ValueError(word)
