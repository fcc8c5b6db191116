"""A page of applications: what comes of each instant that may stand in one, and of what is malformed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotation.adapters.graph.listing import read_listing
from rotation.domain.errors import Unavailable
from rotation.ports.directory import whole

ID = "f2b34cf6-e0f4-42e0-ae54-dcae02e4e82a"
OTHER = "0f8fad5b-d9cb-469f-a165-70867728950e"


def application(**more: Any) -> dict[str, Any]:
    return {"id": ID, "appId": OTHER, "displayName": "job", "passwordCredentials": [], **more}


def page(*items: Any, **more: Any) -> bytes:
    return json.dumps({"value": items, **more}).encode()


def end_of(told: Any) -> datetime:
    credential = {"keyId": ID, "endDateTime": told}
    found, _following = read_listing(page(application(passwordCredentials=[credential])), "read")
    (one,) = found.applications
    return whole(one).secrets[0].end_at


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("2027-01-31T10:00:00Z", datetime(2027, 1, 31, 10, tzinfo=UTC)),
        ("2027-01-31T10:00:00.1234567Z", datetime(2027, 1, 31, 10, 0, 0, 123457, tzinfo=UTC)),
        ("2027-01-31T10:00:00.1+00:00", datetime(2027, 1, 31, 10, 0, 0, 100000, tzinfo=UTC)),
        ("2027-01-31T10:00:00+02:00", datetime(2027, 1, 31, 8, tzinfo=UTC)),
        ("2028-02-29T00:00:00Z", datetime(2028, 2, 29, tzinfo=UTC)),
        ("9999-12-31T23:59:59.9999999Z", datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        (None, datetime(2299, 12, 31, tzinfo=UTC)),
    ],
)
def test_an_end_is_read_as_it_was_meant(told: str | None, meant: datetime) -> None:
    found = end_of(told)
    assert found == meant
    assert found.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1999, 1, 1), max_value=datetime(2400, 1, 1)))  # noqa: DTZ001 - rendered with Z
def test_every_instant_of_the_calendar_is_read(at: datetime) -> None:
    assert end_of(f"{at:%Y-%m-%dT%H:%M:%S.%f}Z") == at.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "told", ["2027-02-30T00:00:00Z", "2027-04-31T00:00:00Z", "2027-01-00T00:00:00Z", "soon", 1.5e300]
)
def test_what_is_no_instant_makes_the_application_malformed(told: Any) -> None:
    bad = application(passwordCredentials=[{"keyId": ID, "endDateTime": told}])
    found, _following = read_listing(page(bad, application(id=OTHER)), "read")
    assert [one.object_id for one in found.applications] == [OTHER]
    ((where, why),) = found.malformed
    assert where == ID
    assert "endDateTime" in why
    assert str(told) not in why


def test_one_malformed_application_does_not_hide_the_others() -> None:
    items = [application(), "no object", {"id": "x\ud800"}, application(displayName="\ud800"), application(appId=None)]
    found, following = read_listing(page(*items, **{"@odata.nextLink": "https://graph/next"}), "read")
    assert len(found.applications) == 1
    assert [where for where, _why in found.malformed] == ["#1", "x\\ud800", ID, ID]
    assert following == "https://graph/next"


def test_what_is_null_or_left_out_is_nothing() -> None:
    found, following = read_listing(page({"id": ID.upper(), "appId": OTHER, "displayName": None, "tags": None}), "read")
    (one,) = found.applications
    told = whole(one)
    assert (told.object_id, told.display_name, told.secrets, told.tags, told.disabled) == (ID, "", (), (), False)
    assert told.signs_in_people, "a page does not tell, and nothing may follow from that"
    assert following is None


@pytest.mark.parametrize("place", ["id", "appId", "keyId"])
@pytest.mark.parametrize(
    "told", [ID.replace("-", "0", 1), ID.replace("f", "-", 1), "é" + ID[1:], f"{ID[:-1]}g", ID[:-1], ID + "0"]
)
def test_what_only_looks_like_a_guid_makes_the_application_malformed(place: str, told: str) -> None:
    secret = {"keyId": ID, "endDateTime": "2027-01-31T10:00:00Z"}
    bad = (
        application(passwordCredentials=[{**secret, place: told}]) if place in secret else application(**{place: told})
    )
    found, _following = read_listing(page(application(id=OTHER), bad), "read")
    assert [one.object_id for one in found.applications] == [OTHER]
    ((_where, why),) = found.malformed
    assert place in why


def test_ids_in_capitals_are_the_same_ids() -> None:
    secret = {"keyId": ID.upper(), "endDateTime": "2027-01-31T10:00:00Z"}
    found, _following = read_listing(page(application(id=OTHER.upper(), passwordCredentials=[secret])), "read")
    (one,) = found.applications
    assert (one.object_id, one.secrets[0].key_id) == (OTHER, ID)


@pytest.mark.parametrize(
    "raw", [b'{"value": ' + b"[" * 100_000, b"", b"[]", b"{}", b'{"value": {}}', b'{"value": [], "@odata.nextLink": 7}']
)
def test_what_is_no_page_says_so(raw: bytes) -> None:
    with pytest.raises(Unavailable):
        read_listing(raw, "read applications")
