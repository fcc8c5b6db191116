"""Every page and form, from which the open door finds them."""

from rotation.web.pages import (
    advice,
    application,
    applications,
    audit,
    braking,
    destinations,
    enrolment,
    expiries,
    files,
    hand_offs,
    on_credentials,
    on_lines,
    on_rotations,
    overview,
    rotation,
    rotations,
    scans,
    settings,
    snooze,
)
from rotation.web.pages.acts import Act
from rotation.web.pages.once import pressed_once
from rotation.web.principal import Role
from rotation.web.routes import Route

ACTS = (
    Act(path="acts/scan", needs=Role.OPERATOR, previews=braking.preview_scan, does=braking.scan),
    Act(path="acts/pause", needs=Role.OPERATOR, previews=braking.preview_pause, does=braking.pause),
    Act(path="acts/resume", needs=Role.OPERATOR, previews=braking.preview_resume, does=braking.resume),
    Act(
        path="rotations/{id}/approve",
        needs=Role.OPERATOR,
        previews=on_rotations.preview_approve,
        does=on_rotations.approve,
        by_person=True,
    ),
    Act(path="rotations/{id}/retry", needs=Role.OPERATOR, previews=on_rotations.preview_retry, does=on_rotations.retry),
    Act(
        path="rotations/{id}/abandon",
        needs=Role.OPERATOR,
        previews=on_rotations.preview_abandon,
        does=on_rotations.abandon,
    ),
    Act(
        path="rotations/{id}/retire",
        needs=Role.OPERATOR,
        previews=on_rotations.preview_retire,
        does=on_rotations.retire,
        by_person=True,
    ),
    Act(
        path="applications/{id}/keys/{key}/snooze",
        needs=Role.OPERATOR,
        previews=on_credentials.preview_snooze,
        does=on_credentials.snooze,
    ),
    Act(
        path="applications/{id}/lines/{line}/rotate",
        needs=Role.OPERATOR,
        previews=on_lines.preview_rotate,
        does=on_lines.rotate,
    ),
    Act(
        path="applications/{id}/lines/{line}/compromise",
        needs=Role.ADMINISTRATOR,
        previews=on_lines.preview_compromise,
        does=on_lines.compromise,
        by_person=True,
    ),
    Act(
        path="applications/{id}/lines/{line}/release",
        needs=Role.ADMINISTRATOR,
        previews=on_lines.preview_release,
        does=on_lines.release,
        by_person=True,
    ),
)

PAGES: tuple[Route, ...] = (
    Route(method="GET", path="", handler=overview.overview),
    Route(method="GET", path="needs", handler=overview.needs),
    Route(method="GET", path="rotations", handler=rotations.everything),
    Route(method="GET", path="rotations/{id}", handler=rotation.show),
    Route(method="GET", path="applications", handler=applications.everything),
    Route(method="GET", path="applications/{id}", handler=application.show),
    Route(method="GET", path="expiries", handler=expiries.everything),
    Route(method="GET", path="hand-offs", handler=hand_offs.everything),
    Route(method="GET", path="hand-offs/{id}/{destination}", handler=hand_offs.show),
    Route(
        method="POST",
        path="hand-offs/{id}/{destination}",
        handler=pressed_once(hand_offs.acknowledge),
        needs=Role.OPERATOR,
        by_person=True,
        form=True,
    ),
    Route(
        method="GET",
        path="applications/{id}/enrol",
        handler=enrolment.show,
        needs=Role.ADMINISTRATOR,
        by_person=True,
    ),
    Route(
        method="POST",
        path="applications/{id}/enrol",
        handler=pressed_once(enrolment.enrol),
        needs=Role.ADMINISTRATOR,
        by_person=True,
        form=True,
    ),
    Route(method="GET", path="advice", handler=advice.of_all),
    Route(method="GET", path="audit", handler=audit.show),
    Route(method="GET", path="audit/everything", handler=audit.everything),
    Route(method="GET", path="scans", handler=scans.everything),
    Route(method="GET", path="scans/{id}", handler=scans.show),
    Route(method="GET", path="destinations", handler=destinations.everything),
    Route(method="GET", path="destinations/{name}", handler=destinations.show),
    Route(method="GET", path="settings", handler=settings.in_force),
    Route(method="GET", path="snooze/{token}", handler=snooze.ask, needs=None),
    Route(method="POST", path="snooze/{token}", handler=snooze.snooze, needs=None, form=True),
    Route(method="GET", path="static/{stamp}/{name}", handler=files.send, needs=None),
    *(route for act in ACTS for route in act.routes()),
)
"""Paths are below the root: `""` is the overview. A form has `method="POST", form=True`."""
