"""Where pages are, as paths below the dashboard's address; every model and every message links by these."""

from collections.abc import Mapping
from urllib.parse import quote

from rotation.domain.identifiers import DestinationName, LineId, ObjectId, RotationId

OVERVIEW = "/"
ROTATIONS = "/rotations"


def application(object_id: ObjectId | str) -> str:
    """Give the page of an application."""
    return f"/applications/{object_id}"


def line(line_id: LineId) -> str:
    """Give the place of a line on its application's page."""
    return f"{application(line_id.application)}#line-{line_id.name}"


def rotation(rotation_id: RotationId) -> str:
    """Give the page of a rotation."""
    return f"/rotations/{rotation_id}"


def hand_off(rotation_id: RotationId, destination: DestinationName) -> str:
    """Give the page of a hand-off."""
    return f"/hand-offs/{rotation_id}/{destination}"


def destination(name: DestinationName) -> str:
    """Give the page of a destination."""
    return f"/destinations/{name}"


def scan(scan_id: str) -> str:
    """Give the page of a scan."""
    return f"/scans/{scan_id}"


def applications(**filters: str) -> str:
    """Give the list of applications, filtered."""
    return _filtered("/applications", filters)


def rotations(**filters: str) -> str:
    """Give the list of rotations, filtered."""
    return _filtered(ROTATIONS, filters)


def expiries(**filters: str) -> str:
    """Give the list of end dates, filtered."""
    return _filtered("/expiries", filters)


def _filtered(path: str, filters: Mapping[str, str]) -> str:
    asked = "&".join(f"{name}={quote(value)}" for name, value in filters.items())
    return f"{path}?{asked}" if asked else path
