"""`kubernetes-secret`, over real HTTPS: as much of an API server as Secrets and rollouts need."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.contract.https_harness import HttpsHarness

SECRETS = "/api/v1/namespaces/{ns}/secrets"
APPS = "/apis/apps/v1/namespaces/{ns}/{kind}/{name}"


def merged(old: Any, patch: Any) -> Any:
    """Merge as RFC 7386 says."""
    if not isinstance(patch, dict):
        return patch
    new = dict(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if value is None:
            new.pop(name, None)
        else:
            new[name] = merged(new.get(name), value)
    return new


@dataclass(slots=True)
class Cluster:
    """Objects by path, with resource versions, conflicts and rollouts that take some looks."""

    token: str
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: int = 0
    rollouts: int = 0
    rolls_for: int = 0
    """How many looks a rollout takes."""
    _left: dict[str, int] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(SECRETS, self.create, methods=["POST"]),
                Route(f"{SECRETS}/{{name}}", self.read, methods=["GET"]),
                Route(f"{SECRETS}/{{name}}", self.patch, methods=["PATCH"]),
                Route(APPS, self.workload, methods=["GET"]),
                Route(APPS, self.roll, methods=["PATCH"]),
            ]
        )

    def add_secret(self, path: str, **content: Any) -> None:
        metadata = {"resourceVersion": "100", "annotations": content.pop("annotations", {})}
        self.objects[path] = {"kind": "Secret", "metadata": metadata, "data": content.pop("data", {}), **content}

    def add_workload(self, path: str, *, replicas: int = 2) -> None:
        template: dict[str, Any] = {"metadata": {}, "spec": {"containers": [{"name": "web"}]}}
        selector = {"matchLabels": {"app": "web"}}
        self.objects[path] = {
            "metadata": {"resourceVersion": "7", "generation": 1},
            "spec": {"replicas": replicas, "template": template, "selector": selector, "serviceName": "web"},
        }

    async def read(self, request: Request) -> Response:
        found = self.objects.get(request.url.path)
        if refused := self._refused(request):
            return refused
        return JSONResponse(found) if found else self._status(404, "NotFound")

    async def create(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        given = await request.json()
        path = f"{request.url.path}/{given['metadata']['name']}"
        if path in self.objects:
            return self._status(409, "AlreadyExists")
        given["metadata"]["resourceVersion"] = "101"
        self.objects[path] = given
        self.writes += 1
        return JSONResponse(given, status_code=201)

    async def patch(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        assert request.headers["content-type"] == "application/merge-patch+json"
        found, given = self.objects.get(request.url.path), await request.json()
        if found is None:
            return self._status(404, "NotFound")
        if given["metadata"].get("resourceVersion") != found["metadata"]["resourceVersion"]:
            return self._status(409, "Conflict")
        for text in given["data"].values():
            b64decode(text, validate=True)
        new = merged(found, given)
        if new != found:
            self.writes += 1
            new["metadata"]["resourceVersion"] = str(int(found["metadata"]["resourceVersion"]) + 1)
        self.objects[request.url.path] = new
        return JSONResponse(new)

    async def workload(self, request: Request) -> Response:
        found = self.objects.get(request.url.path)
        if found is None:
            return self._status(404, "NotFound")
        left = self._left.get(request.url.path, 0)
        self._left[request.url.path] = max(left - 1, 0)
        wanted = found["spec"]["replicas"]
        done = wanted if left == 0 else wanted - 1
        status = {"observedGeneration": found["metadata"]["generation"], "replicas": wanted}
        status |= {"updatedReplicas": done, "availableReplicas": done}
        status |= {"desiredNumberScheduled": wanted, "updatedNumberScheduled": done, "numberAvailable": done}
        status |= {"currentNumberScheduled": wanted, "numberMisscheduled": 0, "numberReady": done}
        return JSONResponse(found | {"status": status})

    async def roll(self, request: Request) -> Response:
        found = self.objects.get(request.url.path)
        if found is None:
            return self._status(404, "NotFound")
        new = merged(found, await request.json())
        if new["spec"] != found["spec"]:
            new["metadata"]["generation"] += 1
            self.rollouts += 1
            self._left[request.url.path] = self.rolls_for
        self.objects[request.url.path] = new
        return JSONResponse(new)

    def _refused(self, request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Bearer {self.token}":
            return None
        return self._status(401, "Unauthorized")

    def _status(self, code: int, reason: str) -> Response:
        told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
        return JSONResponse(told, status_code=code)


class KubernetesSecretHarness(HttpsHarness):
    kind = "kubernetes-secret"
    keeps_order = True
    connection: ClassVar[Mapping[str, object] | None] = {"type": "token", "secret": "connection"}
    changes = "PATCH"
    place = "/api/v1/namespaces/erp/secrets/payments"

    def __init__(self) -> None:
        super().__init__()
        self.cluster = Cluster(self.connection_text)
        self.cluster.add_secret(self.place, data={"user": "cGF5bWVudHM="})
        self.cluster.add_workload("/apis/apps/v1/namespaces/erp/deployments/web")

    def product(self) -> Starlette:
        return self.cluster.app()

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "server": self.url,
            "namespace": "erp",
            "secret": "payments",
            "workloads": [{"kind": "deployment", "name": "web"}],
            "private_network": True,
        }

    async def taken(self) -> int:
        return self.cluster.writes
