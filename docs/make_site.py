# ruff: noqa: INP001  # as make_phases.py
"""
What the site has beyond the pages here (a hook of MkDocs): README and its neighbours, and the references.

The references are made from the code each time, so that they cannot go stale: the configuration from its schema, the
command line from its commands, and what `docs/make_references.py` tells. Links between pages work on the site as
they do in the repository; a link to a file that is no page becomes its text.
"""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docs import make_references
from rotation.cli.app import app
from rotation.cli.complaints import EXIT_CODES
from rotation.config.schema import json_schema
from rotation.integrations.catalogue import KINDS

ROOT = Path(__file__).parents[1]
NEIGHBOURS = {
    "README.md": "index.md",
    "SECURITY.md": "project/security.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
}
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List every kind of destination in the navigation, in the catalogue's order."""
    for entry in config.nav or []:
        if "Destinations" in entry:
            entry["Destinations"] = [{kind: f"integrations/{kind}.md"} for kind in KINDS]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what stands beside this folder, and what the code tells."""
    made = {site: (ROOT / name).read_text(encoding="utf-8") for name, site in NEIGHBOURS.items()}
    made |= {
        "reference/configuration.md": configuration(),
        "reference/command-line.md": command_line(),
        "reference/http-api.md": make_references.http_api(),
        "reference/metrics.md": make_references.figures(),
        "reference/tables.md": make_references.tables(),
    }
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Turn links that lead through the repository into links of the site."""
    of = {site: name for name, site in NEIGHBOURS.items()}
    here = of.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def link(found: re.Match[str]) -> str:
        bang, text, path, anchor = found.groups()
        target = posixpath.normpath(posixpath.join(posixpath.dirname(here), path))
        site = NEIGHBOURS.get(target, target.removeprefix("docs/"))
        if files.get_file_from_path(site) is None:
            return text if not bang else ""
        way = posixpath.relpath(site, posixpath.dirname(page.file.src_uri) or ".")
        return f"{bang}[{text}]({way}{anchor or ''})"

    return LINK.sub(link, markdown)


def configuration() -> str:
    """Describe `rotation.yaml` by its JSON Schema, one table a part."""
    whole = json_schema(KINDS)
    shapes: Mapping[str, Any] = whole.get("$defs", {})
    parts = [
        "# rotation.yaml",
        "Made from the schema (`rotation config schema`). Durations have a unit: 26w, 180d, 12h.",
    ]
    parts += ["## The file", _properties(whole, shapes)]
    for name, part in sorted(shapes.items()):
        if part.get("properties"):
            parts += [f"## {name} {{#{_anchor(name)}}}", part.get("description", ""), _properties(part, shapes)]
    return "\n\n".join(parts)


def _anchor(name: str) -> str:
    return "part-" + re.sub(r"[^a-z0-9]+", "-", name.lower())


def _properties(part: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    required = set(part.get("required", ()))
    rows = ["| field | takes | default | |", "|---|---|---|---|"]
    for name, field in part.get("properties", {}).items():
        default = "required" if name in required else f"`{json.dumps(field['default'])}`" if "default" in field else ""
        rows.append(
            f"| `{name}` | {_cell(_takes(field, shapes))} | {default} | {_cell(field.get('description', ''))} |"
        )
    return "\n".join(rows)


def _takes(field: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    """Say what a field takes: a part with a heading of its own, or what that part says of itself."""
    if reference := field.get("$ref"):
        name = str(reference).rsplit("/", 1)[-1]
        shape = shapes.get(name, {})
        return f"[{name}](#{_anchor(name)})" if shape.get("properties") else _takes(shape, shapes)
    if options := field.get("anyOf") or field.get("oneOf"):
        return " or ".join(dict.fromkeys(_takes(each, shapes) for each in options))
    if "enum" in field or "const" in field:
        return ", ".join(f"`{each}`" for each in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        return f"list of {_takes(field.get('items', {}), shapes)}"
    return str(field.get("type", "anything"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def command_line() -> str:
    """Describe every command with its arguments and options."""
    parts = ["# Command line", f"`rotation` stands for `.venv/bin/python -m rotation`.\n\n{EXIT_CODES}"]
    for name, command in _commands(typer.main.get_command(app), ()):
        rows = ["| | |", "|---|---|"]
        for parameter in command.params:
            words = ", ".join(parameter.opts) if isinstance(parameter, click.Option) else parameter.name or ""
            rows.append(f"| `{words}` | {_cell(getattr(parameter, 'help', None) or '')} |")
        parts += [f"## rotation {name}", _plain(command.help or ""), "\n".join(rows)]
    return "\n\n".join(parts)


def _plain(text: str) -> str:
    return text.replace("\b", "").replace("<", "&lt;")


def _commands(command: Any, way: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        if getattr(inner, "commands", None):
            yield from _commands(inner, (*way, name))
        else:
            yield " ".join((*way, name)), inner
