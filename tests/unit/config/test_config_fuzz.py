"""Whatever a file holds, the answer is a configuration or a list of problems, never a traceback."""

from collections.abc import Mapping
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rotation.config import ConfigurationRefused, Kind, load
from rotation.config.model import File
from rotation.config.shapes import fields_of, owner_of

SECTIONS = ("", "defaults", "policies", "destinations", "limits", "reminders", "canary", "audiences")
KEYS = sorted(
    {key for section in SECTIONS for key in fields_of(owner_of(File, (section,) if section else ()) or File)}
    | {"days", "hours", "zone", "object_ids", "names", "everything", "for", "url", "preset", "one"}
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(allow_nan=False, width=16),
    st.sampled_from(
        ["one", "30d", "0d", "auto", "rotate", "webhook", "hand-off", "mon", "22:00-05:00", "{line}", "[", ""]
    ),
    st.text(max_size=8),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=25,
)


def _answer(text: str, kinds: Mapping[str, Kind]) -> list[str]:
    """Give the problems; none means that it loaded."""
    try:
        load(text, name="r.yaml", kinds=kinds)
    except ConfigurationRefused as refused:
        return [str(problem) for problem in refused.details] or ["refused without a word"]
    return []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=st.dictionaries(st.sampled_from(KEYS), TREES, max_size=6))
def test_any_tree_is_answered(kinds: Mapping[str, Kind], tree: dict[str, Any]) -> None:
    assert all(line.startswith("r.yaml:") for line in _answer(yaml.safe_dump(tree, allow_unicode=True), kinds))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet="ab:-[]{}&*!<>|%@'\"#,? \n\t0", max_size=60))
def test_any_text_is_answered(kinds: Mapping[str, Kind], text: str) -> None:
    assert all(line.startswith("r.yaml:") for line in _answer(text, kinds))
