"""The running app on the sandbox, asked by schemathesis for everything that its description allows, and more."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, reject, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from rotation.web.table import API
from sandbox.cloud import Cloud
from sandbox.entra.sign_in_site import add_sign_in_site
from sandbox.storage import Azurite
from tests.sandbox.people import app_settings, app_with_sign_in, sign_in

pytestmark = pytest.mark.real

EXAMPLES = 8
INVALID = b"Invalid HTTP request received."
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]


@pytest.fixture(scope="module")
def administrator(cloud: Cloud, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A browser in which an administrator has signed in, before an app that has scanned once."""
    client_id, folder = add_sign_in_site(cloud.entra), tmp_path_factory.mktemp("host")
    with (
        app_with_sign_in(cloud, app_settings(cloud, azurite), client_id, folder) as host,
        httpx.Client(base_url=host.url, timeout=60) as client,
    ):
        sign_in(client, "Alma Administrator", cloud)
        _scanned(client)
        yield client


def _scanned(client: httpx.Client) -> None:
    address = client.post("/entra/api/scans", json={}).headers["location"]
    until = time.monotonic() + 60
    while client.get(address).json()["finished_at"] is None:
        assert time.monotonic() < until, "the scan does not finish"
        time.sleep(0.3)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_nothing_breaks_and_nothing_undocumented_is_answered(administrator: httpx.Client, mode: GenerationMode) -> None:
    """What the description allows, and what it does not."""
    described = schemathesis.openapi.from_dict(administrator.get("/entra/api/openapi.json").json())
    described.config.update(base_url=f"{str(administrator.base_url).rstrip('/')}/entra/api")
    cookies = "; ".join(f"{name}={value}" for name, value in administrator.cookies.items())
    headers = {"cookie": cookies, "sec-fetch-site": "same-origin"}
    found: list[str] = []
    asked = 0
    for each in described.get_all_operations():
        assert isinstance(each, Ok), each
        operation = each.ok()
        broken = _asked(operation, mode, headers)
        asked += 1
        found += [f"{operation.label}: {broken}"] if broken else []
    assert asked == len(API)
    assert not found, "\n\n".join(found)


def _asked(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> str:
    """Ask one operation for many things; give what went wrong, the smallest of its kind."""

    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        response = case.call(headers=headers, timeout=60)
        if response.content == INVALID:
            reject()  # not HTTP, says the sandbox's server before any of us is asked
        well = operation.path == "/health"  # 503 is its answer where something is not well
        case.validate_response(response, checks=CHECKS[1:] if well else CHECKS)

    try:
        ask()
    except Unsatisfiable:
        return ""  # nothing can be wrong about it
    except BaseExceptionGroup as failures:
        return "\n".join(str(failure) for failure in failures.exceptions)
    return ""
