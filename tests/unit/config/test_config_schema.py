"""What ships: the example loads and changes nothing, and the schema describes it and is current."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rotation.config import ConfigurationRefused, Kind, load, overlaps
from rotation.config.destinations import COMMON
from rotation.config.schema import json_schema
from rotation.config.source import read
from rotation.domain.policy import Configuration, Mode
from rotation.integrations.catalogue import KINDS as SHIPPED
from tests.unit.config.small_schema import Checker

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = (ROOT / "rotation.yaml").read_text("utf-8")
COMMITTED = json.loads((ROOT / "rotation.schema.json").read_text("utf-8"))


def told_by_schema(text: str, schema: dict[str, Any] = COMMITTED) -> list[str]:
    source = read(text, name="r.yaml")
    assert not source.problems
    return sorted(Checker(schema).faults(schema, source.tree))


def uncommented(text: str) -> str:
    """The example with its canary switched on."""
    policy = re.sub(r"(?ms)^(  # - name: canary$.*?)\n\n", lambda part: _bare(part[1]) + "\n\n", text)
    vault = re.sub(r"(?ms)^(  # canary-vault:$.*?)\n\n", lambda part: _bare(part[1]) + "\n\n", policy)
    return re.sub(r"(?ms)^(# canary:$.*)\Z", lambda part: _bare(part[1]), vault)


def _bare(text: str) -> str:
    return re.sub(r"(?m)^( *)# ", r"\1", text)


def test_the_example_loads_without_warnings_and_only_watches() -> None:
    loaded = load(EXAMPLE, name="rotation.yaml", kinds=SHIPPED)
    assert loaded.warnings == ()
    assert all(policy.mode is not Mode.ROTATE for policy in loaded.configuration.policies)
    assert loaded.configuration.canary is None
    assert [len(policy.lines) for policy in loaded.configuration.policies if policy.name == "billing"] == [2]
    shown = {each.kind for each in loaded.configuration.destinations.values()}
    assert shown == {"github-secret", "hand-off", "key-vault", "webhook"}, "the others have examples on their pages"
    assert loaded.configuration.connections.keys() == {"github"}


def test_what_the_example_calls_built_in_is() -> None:
    configuration = load(EXAMPLE, name="rotation.yaml", kinds=SHIPPED).configuration
    built_in = Configuration()
    assert configuration.limits == built_in.limits
    assert configuration.rungs == built_in.rungs
    text = re.sub(r"(?ms)^defaults:$.*?^  window:", "defaults:\n  window:", EXAMPLE)
    without = load(text, name="rotation.yaml", kinds=SHIPPED).configuration
    assert without.policies == configuration.policies


def test_the_example_s_canary_works_once_its_comments_are_gone() -> None:
    loaded = load(uncommented(EXAMPLE), name="rotation.yaml", kinds=SHIPPED)
    assert loaded.configuration.canary is not None
    assert loaded.configuration.canary.policy == "canary"
    assert loaded.warnings == ()
    assert told_by_schema(uncommented(EXAMPLE)) == []


def test_the_example_names_its_schema_first_and_shows_its_overlaps() -> None:
    assert EXAMPLE.startswith("# yaml-language-server: $schema=./rotation.schema.json\n")
    assert len(overlaps(load(EXAMPLE, name="rotation.yaml", kinds=SHIPPED).configuration)) == 2


def test_the_committed_schema_is_current() -> None:
    made = subprocess.run(
        [sys.executable, "-W", "error", "-m", "rotation.config.schema"], cwd=ROOT, capture_output=True, check=True
    )
    assert (ROOT / "rotation.schema.json").read_bytes() == made.stdout, (
        "python -m rotation.config.schema > rotation.schema.json"
    )


def test_the_schema_accepts_the_example() -> None:
    assert told_by_schema(EXAMPLE) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("policies:", "policys:"),
        ("lifetime: 180d", "lifetime: 180"),
        ("proof: required", "proof: requird"),
        ("approval: none #", "approval: yes #"),
        ("days: [mon,", "days: [monday,"),
        ("dates: 2026-12-20..2027-01-03", "dates: christmas"),
        ("client_ids: [6c4b", "client_ids: [zc4b"),
        ("everything: true", "everything: false"),
        ("mode: ignore", "mode: ignored"),
        ("kind: webhook", "kind: webhok"),
        ("preset: arctic-wolf-ma", "preset: arctic-wulf"),
        ("    signing_secret: billing-hook-signing-key", "    signed: billing-hook-signing-key"),
        ("opened_per_night: 25", "opened_per_night: 0"),
        ("rungs: [60d,", "rungs: [36h,"),
        ("sender: rotation@contoso.com", "sender: rotation"),
        ("  platform:\n", "  Platform:\n"),
    ],
)
def test_schema_and_loader_refuse_the_same(right: str, wrong: str) -> None:
    assert right in EXAMPLE
    text = EXAMPLE.replace(right, wrong, 1)
    assert told_by_schema(text) != []
    with pytest.raises(ConfigurationRefused):
        load(text, name="rotation.yaml", kinds=SHIPPED)


def test_no_kind_calls_a_setting_as_every_destination_does() -> None:
    for kind in SHIPPED.values():
        for shape in alternatives(kind.settings_model.model_json_schema()):
            assert COMMON.isdisjoint(shape.get("properties", {})), kind


def alternatives(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the shapes that the settings themselves may have, without what lies deeper in them."""
    named = [each["$ref"].rpartition("/")[2] for each in schema.get("oneOf", schema.get("anyOf", []))]
    return [schema["$defs"][name] for name in named] or [schema]


def test_the_schema_follows_the_kinds(kinds: Mapping[str, Kind]) -> None:
    schema = json_schema(kinds)
    alternatives = schema["properties"]["destinations"]["additionalProperties"]["oneOf"]
    assert [(each["properties"]["kind"]["const"], sorted(each["required"])) for each in alternatives] == [
        ("hand-off", ["kind", "preset"]),
        ("hand-off", ["kind", "preset", "server"]),
        ("key-vault", ["kind", "secret", "vault"]),
        ("webhook", ["kind", "url"]),
    ]
    assert told_by_schema("destinations: {a: {kind: hand-off, preset: fish, server: x, approval: none}}", schema) == []
    assert told_by_schema("destinations: {a: {kind: hand-off, preset: wolf, server: x}}", schema) != []


def test_every_key_of_the_schema_is_explained() -> None:
    unexplained = [
        f"{name}.{key}"
        for name, shape in COMMITTED["$defs"].items()
        if name.endswith("Part") and name != "FirstWeekPart"
        for key, value in shape.get("properties", {}).items()
        if "description" not in value and "$ref" not in value
    ]
    assert unexplained == []
