"""Our mark in a display name, queue contracts, identifiers, reminder rungs, secret text."""

import json
import pickle
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rotation.domain.credential import Marker
from rotation.domain.errors import Misread
from rotation.domain.identifiers import AudienceName, LineId, LineName, ObjectId, RotationId
from rotation.domain.messages import (
    DeliveryMessage,
    NoticeMessage,
    RotationMessage,
    ScanMessage,
    UnreadableMessage,
    read_delivery,
    read_notice,
    read_rotation,
    read_scan,
    references,
    write,
)
from rotation.domain.reminder import ReminderKey, rung_due
from rotation.domain.secret import SecretText

ulids = some.text(alphabet="0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26)
guids = some.uuids().map(str)
names = some.from_regex(r"\A[a-z0-9-]{1,40}\Z")
RUNGS = (60, 30, 14, 7, 3, 1, 0)
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@given(ulid=ulids, attempt=some.integers(1, 9999), description=some.text(max_size=50))
def test_a_marker_is_read_back_from_its_label(ulid: str, attempt: int, description: str) -> None:
    marker = Marker(ulid, attempt)
    assert Marker.read(marker.label(description)) == marker


@pytest.mark.parametrize(
    "name", [None, "", "by hand", "(rotation:short.1)", f"(rotation:{'0' * 26}.1) tagged", "vault-x"]
)
def test_what_is_not_our_mark_is_not_read_as_one(name: str | None) -> None:
    assert Marker.read(name) is None


@given(application=guids, ulid=ulids, destination=names)
def test_messages_are_read_back_as_they_were_written(application: str, ulid: str, destination: str) -> None:
    rotation = RotationId(ObjectId(application), ulid)
    assert read_rotation(write(RotationMessage(rotation=str(rotation)))) == rotation
    text = write(DeliveryMessage(rotation=str(rotation), destination=destination))
    assert read_delivery(text) == (rotation, destination)
    assert read_scan(write(ScanMessage(scan=ulid))).scan == ulid
    assert read_notice(write(NoticeMessage(key=destination))) == destination


@given(text=some.text() | some.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_a_message_or_unreadable_and_never_a_bug(text: str) -> None:
    for read in (read_scan, read_rotation, read_delivery, read_notice):
        with pytest.raises(UnreadableMessage):
            read(text)


@pytest.mark.parametrize(
    "body",
    [
        {"v": 0, "rotation": "x"},
        {"rotation": "x"},
        {"v": 1},
        {"v": 1, "rotation": 5},
        {"v": 1, "rotation": "not-an-id"},
        {"v": 1, "rotation": f"{'0' * 8}-0000-4000-8000-{'0' * 12}.{'0' * 26}", "text": "smuggled"},
        ["v", 1],
    ],
)
def test_an_unknown_version_or_field_is_unreadable_on_purpose(body: object) -> None:
    with pytest.raises(UnreadableMessage):
        read_rotation(json.dumps(body))


@given(application=guids, name=names, ulid=ulids)
def test_identifiers_are_read_back(application: str, name: str, ulid: str) -> None:
    line = LineId(ObjectId(application), LineName(name))
    assert LineId.parse(str(line)) == line
    rotation = RotationId(ObjectId(application), ulid)
    assert RotationId.parse(str(rotation)) == rotation
    with pytest.raises(Misread):
        LineId.parse(str(rotation))
    with pytest.raises(Misread):
        RotationId.parse(str(line))


@given(hours=some.integers(min_value=-24 * 100, max_value=24 * 200))
def test_the_rung_is_the_nearest_that_was_reached(hours: int) -> None:
    rung = rung_due(NOW + timedelta(hours=hours), NOW, RUNGS)
    days = hours / 24
    if rung is None:
        assert days > max(RUNGS)
    else:
        assert days <= rung
        assert not [lower for lower in RUNGS if days <= lower < rung]


@given(hours=some.integers(min_value=-100, max_value=24 * 100), later=some.integers(1, 24 * 100))
def test_rungs_only_go_down_as_time_passes(hours: int, later: int) -> None:
    end = NOW + timedelta(hours=hours)
    before, after = rung_due(end, NOW, RUNGS), rung_due(end, NOW + timedelta(hours=later), RUNGS)
    assert after is not None or before is None
    assert before is None or after is None or after <= before


def test_each_of_subject_rung_audience_channel_makes_a_key_of_its_own() -> None:
    keys = {
        ReminderKey(subject=subject, rung=rung, audience=AudienceName(audience), end_at=NOW).key(channel)
        for subject in ("a", "b")
        for rung in (7, 3)
        for audience in ("x", "y")
        for channel in ("mail", "teams")
    }
    assert len(keys) == 16


def test_secret_text_leaves_by_reveal_alone() -> None:
    secret = SecretText("s3cret")
    assert "s3cret" not in repr(secret)
    assert secret == SecretText("s3cret")
    for leak in (str, format, pickle.dumps, json.dumps):
        with pytest.raises(TypeError):
            leak(secret)
    with pytest.raises(TypeError):
        hash(secret)
    with pytest.raises(ValueError, match="never empty"):
        SecretText("")


def test_what_a_message_names_is_told_as_far_as_it_can_be_read() -> None:
    """For logs: an unreadable message names nothing, and an id that is none is not told."""
    rotation = "0f8fad5b-d9cb-469f-a165-70867728950e.01JD0000000000000000000001"
    assert references(write(DeliveryMessage(rotation=rotation, destination="crm"))) == {
        "rotation": rotation,
        "destination": "crm",
    }
    assert references('{"rotation": "somebody", "key": "alarm-x", "scan": 3, "more": "text"}') == {"key": "alarm-x"}
    assert references("[]") == {}
    assert references("no JSON") == {}
    assert references('{"scan": "s1"}') == {"scan": "s1"}
