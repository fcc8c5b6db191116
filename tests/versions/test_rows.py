"""Rows that an earlier version wrote are read; what a newer one wrote is read where it grew, and refused where not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from rotation import ledger
from rotation.domain.errors import NewerVersion
from rotation.ledger.codec import VERSION, Codec
from tests.architecture.sources import ROOT
from tests.versions.golden import Golden, editions
from tests.versions.shapes import CODECS, shape

KEPT = [golden for kind in CODECS for golden in editions(kind)]
GROWING = [golden for golden in KEPT if golden.codec.version is None]
FENCED = [golden for golden in KEPT if golden.codec.version is not None]
WHAT_TO_DO = (
    "the shape of this record has changed. Fenced: raise `version=` of its codec, and let its type read what earlier "
    "versions wrote. Growing: new fields have defaults, and none goes. Then: python -m tests.versions"
)


def named(golden: Golden) -> str:
    return f"{golden.kind}.{golden.edition}"


def without_version(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != VERSION}


def test_every_codec_of_the_ledger_is_kept() -> None:
    for path in (ROOT / "rotation").rglob("*.py"):
        made = path.read_text(encoding="utf-8").count("] = Codec(")
        if made:
            assert path.parent == ROOT / "rotation" / "ledger", f"{path} keeps records outside of {ledger.__name__}"
    everything = sum(path.read_text().count("] = Codec(") for path in (ROOT / "rotation" / "ledger").glob("*.py"))
    assert everything == len(CODECS), "tests/versions/shapes.py lists every codec"


@pytest.mark.parametrize("kind", CODECS)
def test_todays_shape_is_kept(kind: str) -> None:
    kept = editions(kind)
    assert kept, WHAT_TO_DO
    assert kept[-1].shape == json.loads(json.dumps(shape(CODECS[kind]))), WHAT_TO_DO
    assert CODECS[kind].version in {None, kept[-1].edition}


@pytest.mark.parametrize("golden", KEPT, ids=named)
def test_what_an_earlier_version_wrote_is_read(golden: Golden) -> None:
    assert golden.rows
    today = golden.edition == editions(golden.kind)[-1].edition
    for row in golden.rows:
        again = golden.codec.columns(golden.codec.record(row))
        if today:
            assert again == row, "read and written again, it is the same"


@pytest.mark.parametrize("golden", [golden for golden in FENCED if golden.edition == 1], ids=named)
def test_a_row_without_a_version_is_of_the_first(golden: Golden) -> None:
    for row in golden.rows:
        assert golden.codec.record(without_version(row)) == golden.codec.record(row)


@pytest.mark.parametrize("golden", FENCED, ids=named)
def test_a_row_of_a_newer_version_is_refused_even_where_it_could_be_read(golden: Golden) -> None:
    newer = {**golden.rows[-1], VERSION: (golden.codec.version or 0) + 1}
    with pytest.raises(NewerVersion) as refused:
        golden.codec.record(newer)
    assert refused.value.reason == "newer-version"


@pytest.mark.parametrize("golden", GROWING, ids=named)
def test_an_earlier_version_reads_what_has_grown(golden: Golden) -> None:
    assert contains(shape(golden.codec), golden.shape), "a record that grows loses no field and changes none"
    if golden.kind != "ends":  # its names are what it holds: days, and what ends on them
        for row in golden.rows:
            grown = {**row, "state": json.dumps({"of_a_newer_version": {"a": 1}} | json.loads(row["state"]))}
            assert golden.codec.record(grown) == golden.codec.record(row)


def contains(new: Any, old: Any) -> bool:
    """Tell whether *new* is *old* and more."""
    if isinstance(old, Mapping):
        return isinstance(new, Mapping) and all(
            name in {"required", "default"} or (name in new and contains(new[name], value))
            for name, value in old.items()
        )
    if isinstance(old, list):
        return isinstance(new, list) and all(any(contains(each, value) for each in new) for value in old)
    return bool(new == old)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grown:
    name: str
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shrunk:
    more: int = 0


def test_the_comparison_of_shapes_tells_growth_from_loss() -> None:
    before, grown, shrunk = (shape(Codec[Any](kind)) for kind in (_Before, _Grown, _Shrunk))
    assert contains(grown, before)
    assert not contains(before, grown)
    assert not contains(shrunk, before)
