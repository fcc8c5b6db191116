"""What Azure Monitor would be sent, for the questions that are asked of it."""

from collections.abc import Iterator

import pytest

from rotation.telemetry.azure_monitor import ABOUT_ITSELF
from tests.unit.telemetry.sent import Sent, listening


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sent]:
    """Telemetry as it leaves, with nothing of the exporter about itself."""
    for name in ABOUT_ITSELF:
        monkeypatch.setenv(name, "true")
    with listening() as sent:
        yield sent
