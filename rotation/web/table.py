"""Every route of the API; the same at both doors. OpenAPI and docs/api.md are held to it."""

from dataclasses import replace

from rotation.ledger.scans import ScanRecord
from rotation.web import (
    acting,
    answers,
    applications,
    brakes,
    destinations,
    feeds,
    hand_offs,
    health,
    lines,
    openapi,
    rotations,
    running,
    scans,
)
from rotation.web.exchange import Handler
from rotation.web.principal import Role
from rotation.web.queries import PageQuery
from rotation.web.routes import Route
from rotation.workflows import going_back, replaying, retire_now, views
from rotation.workflows.reading.application import ApplicationPage
from rotation.workflows.reading.hand_offs import WaitingHandOff
from rotation.workflows.reading.overview import Overview
from rotation.workflows.reading.rotation import RotationPage

OPERATOR, ADMINISTRATOR = Role.OPERATOR, Role.ADMINISTRATOR


def _look(path: str, handler: Handler, gives: object, *, asks: type | None = None, needs: Role = Role.READER) -> Route:
    return Route(method="GET", path=path, handler=handler, gives=gives, asks=asks, needs=needs)


_LOOKS = (
    _look("overview", running.overview, Overview),
    _look("applications", applications.everything, answers.ApplicationList, asks=applications.ApplicationQuery),
    _look("applications/{id}", applications.report, ApplicationPage),
    _look("expiries", applications.expiries, answers.ExpiryList, asks=applications.ExpiryQuery),
    _look("advice", applications.advice, answers.AdviceList),
    _look("scans", scans.everything, answers.ScanList, asks=scans.ScanQuery),
    _look("scans/{id}", scans.report, ScanRecord),
    _look("lines", lines.everything, answers.LineList, asks=lines.LineQuery),
    _look("lines/{id}", lines.report, views.LineDetail),
    _look("rotations", rotations.everything, answers.RotationList, asks=rotations.RotationQuery),
    _look("rotations/{id}", rotations.report, views.RotationView),
    _look("rotations/{id}/evidence", rotations.weighed, RotationPage),
    _look("hand-offs", hand_offs.everything, answers.HandOffList, asks=PageQuery),
    _look("hand-offs/{rotation}/{destination}", hand_offs.report, WaitingHandOff),
    _look("destinations", destinations.everything, answers.DestinationList),
    _look("configuration", running.configuration, answers.InForce),
    _look("audit", running.audit, answers.EventList, asks=running.AuditQuery),
    replace(
        _look("health", health.report, health.Health | health.Examined, asks=health.HealthQuery),
        otherwise={503: health.Health | health.Examined},
    ),
    _look("calendars", feeds.calendars, answers.CalendarList, needs=OPERATOR),
    Route(
        method="GET",
        path=feeds.PATH,
        handler=feeds.calendar,
        needs=None,
        asks=feeds.CalendarQuery,
        gives=str,
        media_type="text/calendar",
    ),
    Route(method="GET", path="metrics", handler=feeds.figures, gives=str, media_type="text/plain"),
    _look("openapi.json", openapi.describing(lambda: API), dict[str, object]),
)

_ACTS = (
    Route(
        method="POST",
        path="scans",
        handler=scans.begin,
        needs=OPERATOR,
        takes=scans.ScanBody,
        gives=answers.ScanBegun,
        status=202,
    ),
    Route(
        method="POST",
        path="lines",
        handler=lines.enrol,
        takes=lines.LineBody,
        gives=answers.EnrolmentPreview,
        otherwise={201: answers.Enrolled},
    ),
    Route(
        method="POST",
        path="lines/{id}/release",
        handler=lines.release,
        needs=ADMINISTRATOR,
        by_person=True,
        takes=lines.ReleaseBody,
        gives=answers.Released,
        guarded_by=lines.report,
    ),
    Route(
        method="POST",
        path="lines/{id}/deliver",
        handler=lines.deliver,
        needs=OPERATOR,
        takes=lines.DeliverBody,
        gives=going_back.BackPreview,
        otherwise={202: answers.Begun},
        guarded_by=lines.report,
    ),
    Route(
        method="POST",
        path="rotations",
        handler=rotations.begin,
        needs=OPERATOR,
        takes=rotations.RotationBody,
        gives=answers.Begun,
        status=202,
    ),
    Route(
        method="POST",
        path="rotations/{id}/retry",
        handler=acting.retry,
        needs=OPERATOR,
        takes=acting.RetryBody,
        gives=answers.Begun,
        status=202,
        guarded_by=rotations.report,
    ),
    Route(
        method="POST",
        path="rotations/{id}/abandon",
        handler=acting.abandon,
        needs=OPERATOR,
        takes=acting.AbandonBody,
        gives=views.RotationView,
        guarded_by=rotations.report,
    ),
    Route(
        method="POST",
        path="rotations/{id}/approve",
        handler=acting.approve,
        needs=OPERATOR,
        by_person=True,
        takes=acting.ApproveBody,
        gives=answers.Begun,
        status=202,
        guarded_by=rotations.report,
    ),
    Route(
        method="POST",
        path="rotations/{id}/retire",
        handler=acting.retire,
        needs=OPERATOR,
        by_person=True,
        takes=acting.RetireBody,
        gives=retire_now.RetirePreview,
        otherwise={202: answers.Removing},
        guarded_by=rotations.report,
    ),
    Route(
        method="POST",
        path="hand-offs/{rotation}/{destination}/acknowledge",
        handler=hand_offs.acknowledge,
        needs=OPERATOR,
        by_person=True,
        takes=hand_offs.AcknowledgeBody,
        gives=answers.Begun,
        status=202,
        guarded_by=hand_offs.report,
    ),
    Route(
        method="POST",
        path="destinations/check",
        handler=destinations.check,
        needs=OPERATOR,
        takes=destinations.CheckBody,
        gives=answers.CheckedList,
    ),
    Route(
        method="POST",
        path="pause",
        handler=brakes.pause,
        needs=OPERATOR,
        takes=brakes.PauseBody,
        gives=answers.Braked,
    ),
    Route(
        method="POST",
        path="resume",
        handler=brakes.resume,
        needs=OPERATOR,
        takes=brakes.ResumeBody,
        gives=answers.Braked,
    ),
    Route(
        method="POST",
        path="replay",
        handler=running.replay,
        needs=OPERATOR,
        takes=running.NothingBody,
        gives=replaying.Replayed,
    ),
    Route(
        method="POST",
        path="snooze",
        handler=running.snooze,
        needs=OPERATOR,
        takes=running.SnoozeBody,
        gives=answers.Snoozed,
    ),
    Route(
        method="POST",
        path="notify/test",
        handler=running.send_test,
        needs=OPERATOR,
        takes=running.AudienceBody,
        gives=answers.Proofs,
    ),
)

API: tuple[Route, ...] = (*_LOOKS, *_ACTS)
