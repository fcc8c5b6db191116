# ruff: noqa: INP001  # as make_phases.py
"""
The site's references of what stands on the wire and in storage, made from the code each time (`docs/make_site.py`).

Routes from OpenAPI, rows from the ledger's own codecs, figures from the gauges and measures that are told.
"""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from rotation import ledger
from rotation.domain import messages
from rotation.ledger import keys
from rotation.ledger.codec import Codec
from rotation.telemetry.metering import GAUGES, MEASURES
from rotation.web.openapi import describe
from rotation.web.table import API
from rotation.workflows.reading import metrics

TOLD = """Made from the code. Keys, and what each row is for, are in [the protocol](../protocol.md). A record is JSON in
the columns `state`, `state_1` ...; column `v` is the version of one that is
[fenced](../adr/0030-versions-of-what-is-kept.md)."""
HELD = {
    "rotations": ("LINE", "ROTATION", "DELIVERY", "HOLDING", "USE", "OUTBOX", "REBUILT", "REISSUE"),
    "lines": ("lines.CODEC",),
    "expiries": ("expiries.CODEC",),
    "notices": ("NOTICE",),
    "scans": ("scans.CODEC",),
    "once": ("once.CODEC",),
    "control": (
        "PAUSE",
        "RAMP",
        "BREAKER",
        "NIGHT",
        "USAGE",
        "BEGINNING",
        "WATCHED",
        "REHEARSED",
        "COPIED",
        "RESUMING",
        "ENDS",
        "INCIDENT",
    ),
}
"""Which records stand in which table; the others hold plain columns alone (docs/protocol.md)."""


def cell(text: object) -> str:
    """Make a text fit for a cell of a table."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write a table."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(cell, row))} |" for row in rows)])


def http_api() -> str:
    """Describe every route, from the OpenAPI document that the app itself gives."""
    whole = describe(API)
    shapes = whole["components"]["schemas"]
    parts = [
        "# HTTP API, route by route",
        "Made from the code, as `/api/openapi.json` is. [HTTP API](../api.md) has examples and what each is for.",
    ]
    for path, operations in sorted(whole["paths"].items()):
        for method, told in operations.items():
            parts += [f"## {method.upper()} /api{path}", f"{told['summary']}\n\n{told['description']}"]
            parts += _asked(told, shapes)
            answers = [(status, _answer(given), given["description"]) for status, given in told["responses"].items()]
            parts.append(table(("status", "body", ""), answers))
    parts += ["## Bodies"]
    for name, shape in shapes.items():
        if shape.get("properties"):
            parts += [f"### {name}", cell(shape.get("description", "")), _fields(shape)]
    return "\n\n".join(part for part in parts if part)


def _asked(told: Mapping[str, Any], shapes: Mapping[str, Any]) -> Iterator[str]:
    if told["parameters"]:
        rows = [
            (f"`{each['name']}`", each["in"], takes(each["schema"]), each.get("description", ""))
            for each in told["parameters"]
        ]
        yield table(("parameter", "in", "takes", ""), rows)
    if "requestBody" in told:
        schema = told["requestBody"]["content"]["application/json"]["schema"]
        name = str(schema.get("$ref", "")).rsplit("/", 1)[-1]
        yield f"Takes {takes(schema)}." if name in shapes else _fields(schema)


def _answer(given: Mapping[str, Any]) -> str:
    for media, content in given.get("content", {}).items():
        return f"{media}: {takes(content['schema'])}"
    return ""


def _fields(shape: Mapping[str, Any]) -> str:
    required = set(shape.get("required", ()))
    rows = [
        (f"`{name}`", takes(field), "required" if name in required else "", field.get("description", ""))
        for name, field in shape.get("properties", {}).items()
    ]
    return table(("field", "is", "", ""), rows)


def takes(schema: Mapping[str, Any]) -> str:
    """Say in a few words what a schema takes."""
    if reference := schema.get("$ref"):
        return str(reference).rsplit("/", 1)[-1]
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(takes(each) for each in options))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{each}`" for each in schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "array":
            return f"list of {takes(schema.get('items', {}))}"
        case "object" if isinstance(schema.get("additionalProperties"), Mapping):
            return f"map of {takes(schema['additionalProperties'])}"
        case kind:
            return str(schema.get("format") or kind or "anything")


def codecs() -> Mapping[str, Codec[Any]]:
    """Find every codec of the ledger, by its name; one called `CODEC` by its module's too."""
    found: dict[str, Codec[Any]] = {}
    for each in pkgutil.iter_modules(ledger.__path__):
        module = importlib.import_module(f"{ledger.__name__}.{each.name}")
        for name, value in vars(module).items():
            if isinstance(value, Codec) and name.isupper():
                found.setdefault(f"{each.name}.{name}" if name == "CODEC" else name, value)
    return found


def tables() -> str:
    """Describe each table and queue, with the fields of the records in its rows."""
    known = codecs()
    parts = [
        "# Tables and queues",
        TOLD,
    ]
    for name in sorted(keys.TABLES):
        parts.append(f"## Table {name}")
        held = [known[each] for each in HELD.get(name, ())]
        parts += [part for codec in held for part in _record(codec)] or ["Plain columns, without a record."]
    parts.append("## Queues")
    parts.append(f"Messages are of version {messages.VERSION}; each queue has one for what was given up.")
    parts.append(table(("queue", "given up"), [(f"`{each}`", f"`{keys.poison_of(each)}`") for each in keys.QUEUES]))
    return "\n\n".join(parts)


def _record(codec: Codec[Any]) -> Iterator[str]:
    schema = TypeAdapter(codec.kind).json_schema(mode="serialization")
    title = getattr(codec.kind, "__name__", "") or takes(schema)
    fence = f"version {codec.version}" if codec.version else "grows"
    yield f"**{cell(title)}** ({fence})"
    if schema.get("properties"):
        yield table(("field", "is"), [(f"`{name}`", takes(field)) for name, field in schema["properties"].items()])


def figures() -> str:
    """Describe the gauges of `/api/metrics`, and what OpenTelemetry gets."""
    measured = [
        (f"`{each.name}`", "counter" + (", and `.seconds`" if each.timed else ""), ", ".join(each.labels), f"`{event}`")
        for event, each in MEASURES.items()
    ]
    states = [
        (f"`rotation.state.{fact}`", "gauge", "", f"`{event}`") for event, told in GAUGES.items() for fact in told
    ]
    return "\n\n".join(
        [
            "# Metrics",
            "Made from the code. [Telemetry](../telemetry.md) says how they come to you.",
            "## At /api/metrics, for Prometheus",
            table(("gauge", ""), [(f"`{name}`", says) for name, says in sorted(gauges().items())]),
            "## To OpenTelemetry",
            table(("metric", "kind", "labels", "of the event"), [*measured, *states]),
        ]
    )


def gauges() -> Mapping[str, str]:
    """Find each gauge that `metrics` makes, with what it says of itself."""
    found: dict[str, str] = {}
    for function in ast.walk(ast.parse(inspect.getsource(metrics))):
        if not isinstance(function, ast.FunctionDef):
            continue
        said = {
            node.targets[0].id: node.value.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for call in ast.walk(function):
            if isinstance(call, ast.Call):
                found.update(_gauge(call, said))
    return found


def _gauge(call: ast.Call, said: Mapping[str, Any]) -> Mapping[str, str]:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    name, says = [named.get("name"), named.get("says")] if "name" in named else [*call.args, None, None][:2]
    if not (isinstance(name, ast.Constant) and str(name.value).startswith("rotation_")):
        return {}
    match says:
        case ast.Constant(value=str() as text):
            return {str(name.value): text}
        case ast.Name(id=known) if known in said:
            return {str(name.value): str(said[known])}
    raise AssertionError(f"{str(name.value)!r} does not say what it is")
