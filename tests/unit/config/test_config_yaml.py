"""What is wrong with the YAML itself is told at its place, and YAML 1.1's surprises are gone."""

import pytest

from rotation.config.source import read as read_source
from tests.unit.config.conftest import Read, Refusal


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("policies: [\n", "r.yaml:2:1  is not YAML: expected the node content, but found '<stream end>'"),
        (
            "policies:\n\t- name: a\n",
            (
                "r.yaml:2:1  is not YAML: found character '\\t' that cannot start any token\n"
                "    allowed: spaces, never tabs"
            ),
        ),
        ("a: b: c\n", "r.yaml:1:5  is not YAML: mapping values are not allowed here"),
        ("policies: *missing\n", "r.yaml:1:11  is not YAML: found undefined alias 'missing'"),
        (
            "- name: a\n",
            (
                "r.yaml:1:1  is a list, not a mapping\n"
                "    allowed: keys such as `policies:` and `destinations:` (to watch only: `policies: []`)"
            ),
        ),
        (
            "hello\n",
            (
                "r.yaml:1:1  is a text, not a mapping\n"
                "    allowed: keys such as `policies:` and `destinations:` (to watch only: `policies: []`)"
            ),
        ),
        (
            "# nothing but words\n",
            (
                "r.yaml:1:1  is empty\n"
                "    allowed: keys such as `policies:` and `destinations:` (to watch only: `policies: []`)"
            ),
        ),
        (
            "limits:\n  open_at_once: 1\n  opened_per_night: 1\n  open_at_once: 2\n",
            "r.yaml:4:3  limits.open_at_once: is given twice, first in line 2\n    allowed: one of the two",
        ),
        (
            "policies: !!python/object:os.system []\n",
            (
                "r.yaml:1:11  policies: has the tag tag:yaml.org,2002:python/object:os.system\n"
                "    allowed: plain values without tags"
            ),
        ),
        (
            "policies: !!python/name:os.system x\n",
            (
                "r.yaml:1:11  policies: has the tag tag:yaml.org,2002:python/name:os.system\n"
                "    allowed: plain values without tags"
            ),
        ),
        ("policies: &all [*all]\n", "r.yaml:1:11  policies[0]: is an alias that contains itself"),
        ("? [a, b]\n: c\n", "r.yaml:1:3  a key is a list or a mapping\n    allowed: a word as key"),
        ("policies: []\n---\npolicies: []\n", "r.yaml:2:1  is not YAML: but found another document"),
        ("a: \x07\n", "r.yaml:1:1  is not YAML: unacceptable character #x0007: special characters are not allowed"),
    ],
)
def test_a_text_that_is_not_such_yaml_is_refused_at_its_place(refusal: Refusal, text: str, told: str) -> None:
    assert refusal(text) == told


def test_an_alias_bomb_is_refused_and_not_unfolded(refusal: Refusal) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    assert "has too many values\n    allowed: at most 50000, aliases counted" in refusal(bomb)


def test_nesting_without_end_is_refused(refusal: Refusal) -> None:
    assert refusal("a: " + "[" * 600) == "r.yaml:1:1  is nested too deep to read"


def test_plain_words_stay_words() -> None:
    source = read_source("a: on\nb: 22:00\nc: 2026-12-24\nd: 0123\ne: yes\nf: 12\ng: true\nh: 1.5\ni: ~\n", name="r")
    assert source.tree == {
        "a": "on",
        "b": "22:00",
        "c": "2026-12-24",
        "d": "0123",
        "e": "yes",
        "f": 12,
        "g": True,
        "h": 1.5,
        "i": None,
    }


def test_anchors_and_merge_keys_work_and_the_mapping_s_own_word_wins(read: Read) -> None:
    loaded = read("""
        policies:
          - name: one
            select: &all {everything: true}
            window: &night {hours: "22:00-05:00", zone: Europe/Amsterdam}
          - name: two
            select: *all
            window:
              <<: *night
              zone: UTC
        """)
    one, two = loaded.configuration.policies
    assert one.selector == two.selector
    assert (two.window.opens, str(two.window.zone)) == (one.window.opens, "UTC")
    assert str(one.window.zone) == "Europe/Amsterdam"


def test_a_fault_behind_an_alias_is_told_where_it_stands(refusal: Refusal) -> None:
    told = refusal("""
        policies:
          - name: one
            select: {everything: true}
            window: &night {zone: Europe/Amsterdm}
          - name: two
            select: {everything: true}
            window: *night
        """)
    assert [line.split("  ")[0] for line in told.splitlines() if line.startswith("r.yaml")] == [
        "r.yaml:4:21",
        "r.yaml:4:21",
    ]
