"""The few calls of Kubernetes' API that a Secret and its readers need."""

import ssl
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rotation.domain.errors import DestinationRefused, Unavailable
from rotation.domain.secret import SecretText
from rotation.integrations.kinds.kubernetes_secret.settings import KubernetesSecretSettings, Workload
from rotation.integrations.outbound.bodies import body_of
from rotation.integrations.outbound.wire import Answer, Call, send
from rotation.integrations.services import IntegrationServices

MISSING = HTTPStatus.NOT_FOUND.value
CONFLICT = HTTPStatus.CONFLICT.value
MERGE = "application/merge-patch+json"
MARK = "rotation.entra/"
"""Prefix of our annotations: one for each key, so that a Secret may serve several lines."""

type Body = Callable[[], Mapping[str, Any]]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _Metadata(_Wire):
    resource_version: str = Field(alias="resourceVersion")
    annotations: dict[str, str] = Field(default_factory=dict)
    generation: int = 0


class _Secret(_Wire):
    metadata: _Metadata
    data: dict[str, str] | None = Field(default=None, repr=False)
    immutable: bool = False


class _Status(_Wire):
    observed: int = Field(0, alias="observedGeneration")
    replicas: int = 0
    updated: int = Field(0, alias="updatedReplicas")
    available: int = Field(0, alias="availableReplicas")
    wanted_nodes: int = Field(0, alias="desiredNumberScheduled")
    updated_nodes: int = Field(0, alias="updatedNumberScheduled")
    available_nodes: int = Field(0, alias="numberAvailable")


class _Workload(_Wire):
    metadata: _Metadata
    spec: dict[str, Any] = Field(default_factory=dict)
    status: _Status = Field(default_factory=_Status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the Secret holds under the one key."""

    value: SecretText | None
    mark: str | None
    """Our annotation of this key."""
    resource_version: str
    immutable: bool


class KubernetesClient:
    """One cluster, with one token."""

    def __init__(self, services: IntegrationServices, settings: KubernetesSecretSettings, token: SecretText) -> None:
        self._services, self._settings, self._token = services, settings, token

    async def read(self) -> Held | None:
        """Read the Secret; None where there is none."""
        answer = await self._ask("GET", f"{self._settings.path}/{self._settings.secret}", answers=frozenset({MISSING}))
        if answer.status == MISSING:
            return None
        found = _parsed(_Secret, answer)
        return Held(
            value=_decoded((found.data or {}).get(self._settings.key)),
            mark=found.metadata.annotations.get(f"{MARK}{self._settings.key}"),
            resource_version=found.metadata.resource_version,
            immutable=found.immutable,
        )

    async def write(self, text: SecretText, *, mark: str, over: Held | None) -> str:
        """
        Write the key and its mark in one request, and give the new resourceVersion.

        Raises:
            Unavailable: Somebody wrote meanwhile (`lost-race`).
        """

        def body() -> Mapping[str, Any]:
            data = {self._settings.key: b64encode(text.reveal().encode()).decode()}
            metadata: dict[str, Any] = {"annotations": {f"{MARK}{self._settings.key}": mark}}
            if over is not None:
                return {"metadata": metadata | {"resourceVersion": over.resource_version}, "data": data}
            metadata |= {"name": self._settings.secret, "namespace": self._settings.namespace}
            return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": data}

        method: Literal["PATCH", "POST"] = "POST" if over is None else "PATCH"
        path = self._settings.path if over is None else f"{self._settings.path}/{self._settings.secret}"
        answer = await self._ask(method, path, body=body, answers=frozenset({CONFLICT}))
        if answer.status == CONFLICT:
            raise Unavailable("the Secret changed while it was written; it is read again", reason="lost-race")
        return _parsed(_Secret, answer).metadata.resource_version

    async def restart(self, workload: Workload, version: str) -> None:
        """Change the pods' template, as `kubectl rollout restart` does; the same version twice changes nothing."""
        annotations = {f"{MARK}secret-version": version}
        patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        await self._ask("PATCH", self._workload(workload), body=lambda: patch)

    async def rolled_out(self, workload: Workload) -> bool:
        """Tell whether every pod is of the newest template and available."""
        found = _parsed(_Workload, await self._ask("GET", self._workload(workload)))
        status = found.status
        if status.observed < found.metadata.generation:
            return False
        if workload.kind == "daemonset":
            return status.updated_nodes == status.wanted_nodes == status.available_nodes
        wanted = int(found.spec.get("replicas", 1))
        return status.updated == wanted == status.available and status.replicas == wanted

    def _workload(self, workload: Workload) -> str:
        return f"/apis/apps/v1/namespaces/{self._settings.namespace}/{workload.kind}s/{workload.name}"

    async def _ask(
        self,
        method: Literal["GET", "POST", "PATCH"],
        path: str,
        *,
        body: Body | None = None,
        answers: frozenset[int] = frozenset(),
    ) -> Answer:
        settings = self._settings
        call = Call(
            method=method,
            url=f"{settings.server}{path}",
            headers={
                "authorization": f"Bearer {self._token.reveal()}",
                "accept": "application/json",
                **({"content-type": MERGE if method == "PATCH" else "application/json"} if body else {}),
            },
            body=body_of(body()) if body else b"",
            timeout=settings.timeout_seconds,
            private_network=settings.private_network,
            answers=answers,
            denied="does the connection's role allow it in that namespace?",
            gone="is it there, in that namespace?",
        )
        context = _trusting(settings.ca_certificate) if settings.ca_certificate else None
        opened = (lambda: httpx.AsyncClient(verify=context)) if context else self._services.open_client
        return await send(call, opened, now=self._services.clock.now())


@cache
def _trusting(certificate: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=certificate)


def _decoded(text: str | None) -> SecretText | None:
    with suppress(ValueError, UnicodeDecodeError):
        return SecretText(b64decode(text, validate=True).decode()) if text else None
    return SecretText("(not text)")


def _parsed[Wanted: BaseModel](model: type[Wanted], answer: Answer) -> Wanted:
    with suppress(ValidationError):
        return model.model_validate_json(answer.body)
    raise DestinationRefused("it answers otherwise than a Kubernetes API server does", reason="unexpected-shape")
