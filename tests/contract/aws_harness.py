"""Harnesses of AWS kinds: moto's server, a third party's emulator, over real HTTPS with programmable faults."""

import asyncio
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Self

import botocore.session
import pytest
import trustme
from a2wsgi import WSGIMiddleware
from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.shared import FaultMiddleware
from tests.contract.harness_base import SERVICE_DELAY, Failure
from tests.contract.https_harness import PART, HttpsHarness

KEY_ID = "AKIAROTATION00000000"
REGION = "eu-central-1"


class AwsHarness(HttpsHarness):
    """A kind that lies in AWS; `write` is the operation that changes something."""

    connection: ClassVar[Mapping[str, object] | None] = {
        "type": "aws-keys",
        "access_key_id": KEY_ID,
        "secret": "connection",
    }
    service: ClassVar[str]
    write: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self._patch = pytest.MonkeyPatch()

    def product(self) -> Starlette:
        get_backend(self.service).reset()  # type: ignore[call-overload]  # one of many names
        inner: ASGIApp = _Named(FaultMiddleware(_Unnamed(_emulator()), faults=self.faults, part=PART))
        return Starlette(routes=[Mount("/", app=inner)])

    async def __aenter__(self) -> Self:
        """Start the emulator, and let botocore trust it as a company's own authority is trusted."""
        await super().__aenter__()
        assert self._https is not None
        file = self._stack.enter_context(trustme.Blob(self._https.authority).tempfile())
        self._patch.setenv("AWS_CA_BUNDLE", file)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it."""
        self._patch.undo()
        await super().__aexit__()

    @property
    def settings(self) -> Mapping[str, object]:
        """Give what every AWS destination says."""
        return {"region": REGION, "endpoint_url": self.url, "private_network": True}

    async def administrate(self, operation: str, **arguments: Any) -> Any:
        """Do what an administrator does, in a thread: the emulator answers in this loop."""

        def call() -> Any:
            client = _session().create_client(
                self.service,
                region_name=REGION,
                endpoint_url=self.url,
                aws_access_key_id="admin",
                aws_secret_access_key="admin",
            )
            try:
                return getattr(client, operation)(**arguments)
            finally:
                client.close()

        return await asyncio.to_thread(call)

    def fail(self, how: Failure) -> None:
        """Strike the write, where a lost answer or a missing resource is meant."""
        rules: dict[Failure, dict[str, Any]] = {
            "denied": {"action": "status", "status": 403},
            "gone": {"action": "status", "status": 404, "match": {"path": self.write}},
            "throttled": {"action": "throttle", "retry_after": SERVICE_DELAY.total_seconds()},
            "unavailable": {"action": "status", "status": 503},
            "lost": {"action": "drop-after", "match": {"path": self.write}},
        }
        self.faults.add({"part": PART, **rules[how]})


@cache
def _emulator() -> Any:
    """Share one: it makes an application of hundreds of routes for each service."""
    return WSGIMiddleware(DomainDispatcherApplication(create_backend_app))  # type: ignore[arg-type]  # WSGI, loosely typed


@cache
def _session() -> Any:
    return botocore.session.Session()


class _Named:
    """Shows the operation as the path, so that a fault can strike one of them: AWS posts everything to /."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        target = headers.get(b"x-amz-target", b"/").decode().rpartition(".")[2]
        await self._app({**scope, "path": f"/{target}", "asked": scope["path"]}, receive, send)


class _Unnamed:
    """Gives the path back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "path": scope["asked"]}, receive, send)
