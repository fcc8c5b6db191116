"""Whether anything leaves this process, decided when something first runs: indexing must not wait for it."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotation.telemetry.providers import Providers

CONNECTION = "APPLICATIONINSIGHTS_CONNECTION_STRING"
"""Where telemetry goes. Read here and not by `rotation.settings`, because what is wrong with those has to be told."""

_running: "Providers | None" = None


def start() -> "Providers | None":
    """Give what sends, begun on first use; None where nothing is to be sent."""
    global _running  # noqa: PLW0603  # one a process, as OpenTelemetry has it
    if _running is None and (connection := os.environ.get(CONNECTION, "").strip()):
        from rotation.telemetry.azure_monitor import to_azure_monitor  # noqa: PLC0415  # cold start, see above

        _running = to_azure_monitor(connection)
    return _running


def use(providers: "Providers | None") -> None:
    """Send to these from now on."""
    global _running  # noqa: PLW0603  # as above
    stop()
    _running = providers


def stop() -> None:
    """Send what waits, and nothing more."""
    global _running  # noqa: PLW0603  # as above
    if _running is not None:
        _running.close()
        _running = None
