"""Every route of the API; the same at both doors. OpenAPI and docs/api.md are held to it."""

from rotation.web import acting, brakes, destinations, health, lines, rotations, scans
from rotation.web.principal import Role
from rotation.web.routes import Route

OPERATOR = Role.OPERATOR

API: tuple[Route, ...] = (
    Route(method="POST", path="scans", handler=scans.begin, needs=OPERATOR, takes=scans.ScanBody, status=202),
    Route(method="GET", path="scans/{id}", handler=scans.report),
    Route(method="GET", path="lines", handler=lines.everything),
    Route(method="POST", path="lines", handler=lines.preview, takes=lines.LineBody),
    Route(method="GET", path="destinations", handler=destinations.everything),
    Route(
        method="POST",
        path="rotations",
        handler=rotations.begin,
        needs=OPERATOR,
        takes=rotations.RotationBody,
        status=202,
    ),
    Route(method="GET", path="rotations/{id}", handler=rotations.report),
    Route(
        method="POST",
        path="rotations/{id}/retry",
        handler=acting.retry,
        needs=OPERATOR,
        takes=acting.RetryBody,
        status=202,
    ),
    Route(
        method="POST", path="rotations/{id}/abandon", handler=acting.abandon, needs=OPERATOR, takes=acting.AbandonBody
    ),
    Route(method="POST", path="rotations/{id}/retire", handler=acting.retire, needs=OPERATOR, takes=acting.RetireBody),
    Route(method="POST", path="pause", handler=brakes.pause, needs=OPERATOR, takes=brakes.BrakeBody),
    Route(method="POST", path="resume", handler=brakes.resume, needs=OPERATOR, takes=brakes.BrakeBody),
    Route(method="GET", path="health", handler=health.report),
)
