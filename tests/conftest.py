"""What every kind of test may use: one sandbox cloud and one Azurite a session, started when first asked for."""

import os
import sys
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import aiohttp.connector
import hypothesis
import pytest

from sandbox.cloud import Cloud
from sandbox.entra.behaviour import Behaviour
from sandbox.storage import Azurite

# Tests start a hundred Pythons; without byte code each would compile all libraries anew (as the Makefile says).
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes is the machine's business, and it has others.
hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")

# Each request builder of msgraph, and what it imports, warns about classes of its own when it is loaded.
_THEIR_OWN = ("This class is deprecated", "GetQueryParameters is deprecated")


def pytest_configure(config: pytest.Config) -> None:
    """Let the SDK warn about itself: now, while test modules are imported, and while tests run."""
    for text in _THEIR_OWN:
        warnings.filterwarnings("ignore", text, DeprecationWarning)
        config.addinivalue_line("filterwarnings", f"ignore:{text}:DeprecationWarning")


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """A running sandbox whose certificates every SDK in this process trusts."""
    with Cloud(vaults=2) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.trust().items():
            patch.setenv(name, value)
        # aiohttp makes its context when it is imported, which may have been before SSL_CERT_FILE was set.
        aiohttp.connector._SSL_CONTEXT_VERIFIED.load_verify_locations(running.ca_file)
        yield running


@pytest.fixture(scope="session")
def azurite(cloud: Cloud) -> Iterator[Azurite]:
    """A running Azurite with the cloud's certificate: HTTPS, and tokens of the cloud's identities."""
    with Azurite(cert_file=Path(cloud.cert_file), key_file=Path(cloud.key_file), host="localhost") as running:
        yield running


@pytest.fixture(autouse=True)
def calm(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take back what a test told the cloud to do: lags, conflicts, quotas, faults, the moved clock."""
    yield
    if "cloud" in request.fixturenames:
        running: Cloud = request.getfixturevalue("cloud")
        running.faults.clear()
        running.clock.set_offset(timedelta())
        running.entra.behaviour.update(Behaviour().settings())
        running.entra.desk.refusals.clear()
