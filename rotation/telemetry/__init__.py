"""
What leaves this process about itself: traces, metrics and logs (docs/telemetry.md).

Everything else only says what happened, by `logging` with an event's name and ids. This room turns that into
OpenTelemetry, takes away whatever looks like a secret, and sends it where `APPLICATIONINSIGHTS_CONNECTION_STRING` says.
Where that is not set, nothing of it is loaded.
"""

from rotation.telemetry.invocations import Invocation, invocation
from rotation.telemetry.pipeline import CONNECTION, start, stop

__all__ = ["CONNECTION", "Invocation", "invocation", "start", "stop"]
