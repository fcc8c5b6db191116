"""What the pages of docs/integrations show can be pasted into a configuration, and names every setting."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from rotation.config import load
from rotation.integrations.catalogue import KINDS

ROOT = Path(__file__).parents[3]


def blocks(kind: str) -> list[str]:
    page = (ROOT / KINDS[kind].docs_page).read_text()
    return [dedent(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_example_loads(kind: str) -> None:
    shown = blocks(kind)
    assert shown
    for block in shown:
        text = (
            block
            if block.startswith(("destinations:", "connections:"))
            else "destinations:\n" + re.sub("^", "  ", block, flags=re.MULTILINE)
        )
        audiences = "audiences:\n  security-team:\n    teams_secret: teams-security\n"
        found = load(audiences + text, name="page", kinds=KINDS).configuration.destinations
        assert {destination.kind for destination in found.values()} == {kind}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_setting_is_explained(kind: str) -> None:
    page = (ROOT / KINDS[kind].docs_page).read_text()
    schema = KINDS[kind].settings_model.model_json_schema()
    shapes = [schema, *schema.get("$defs", {}).values()]
    names = {name for shape in shapes for name in shape.get("properties", {})}
    assert names
    assert not {name for name in names if not re.search(rf"`{name}|\b{name}:", page)}
