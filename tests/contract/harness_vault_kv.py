"""`vault-kv`, over real HTTPS: KV version 2 as Vault and OpenBao answer; tests/real tries the real OpenBao."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.contract.https_harness import HttpsHarness


@dataclass(slots=True)
class Secret:
    """One path: its versions, and what is noted beside them."""

    versions: list[dict[str, Any]] = field(default_factory=list)
    custom: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Kv:
    """A KV version 2 engine."""

    token: str
    secrets: dict[str, Secret] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/auth/approle/login", self.log_in, methods=["POST"]),
                Route("/v1/secret/data/{path:path}", self.read, methods=["GET"]),
                Route("/v1/secret/data/{path:path}", self.write, methods=["POST", "PATCH"]),
                Route("/v1/secret/metadata/{path:path}", self.note, methods=["POST"]),
            ]
        )

    async def log_in(self, request: Request) -> Response:
        given = await request.json()
        if given != {"role_id": "rotation", "secret_id": self.token}:
            return JSONResponse({"errors": ["invalid role or secret ID"]}, status_code=400)
        return JSONResponse({"auth": {"client_token": self.token}})

    async def read(self, request: Request) -> Response:
        if request.headers.get("x-vault-token") != self.token:
            return JSONResponse({"errors": ["permission denied"]}, status_code=403)
        secret = self.secrets.get(request.path_params["path"])
        if secret is None or not secret.versions:
            return JSONResponse({"errors": []}, status_code=404)
        metadata = {"version": len(secret.versions), "custom_metadata": secret.custom or None, "destroyed": False}
        return JSONResponse({"data": {"data": secret.versions[-1], "metadata": metadata}})

    async def write(self, request: Request) -> Response:
        if request.headers.get("x-vault-token") != self.token:
            return JSONResponse({"errors": ["permission denied"]}, status_code=403)
        given, path = await request.json(), request.path_params["path"]
        secret = self.secrets.setdefault(path, Secret())
        if given["options"]["cas"] != len(secret.versions):
            told = "check-and-set parameter did not match the current version"
            return JSONResponse({"errors": [told]}, status_code=400)
        before = secret.versions[-1] if request.method == "PATCH" else {}
        secret.versions.append({**before, **given["data"]})
        return JSONResponse({"data": {"version": len(secret.versions)}})

    async def note(self, request: Request) -> Response:
        self.secrets.setdefault(request.path_params["path"], Secret()).custom = (await request.json())[
            "custom_metadata"
        ]
        return Response(status_code=204)


class VaultKvHarness(HttpsHarness):
    kind = "vault-kv"
    keeps_order = True
    connection: ClassVar[Mapping[str, object] | None] = {"type": "token", "secret": "connection"}
    changes = "POST"

    def __init__(self) -> None:
        super().__init__()
        self.kv = Kv(self.connection_text)

    def product(self) -> Starlette:
        return self.kv.app()

    @property
    def settings(self) -> Mapping[str, object]:
        return {"address": self.url, "path": "team/payments", "private_network": True}

    async def taken(self) -> int:
        secret = self.kv.secrets.get("team/payments")
        return len(secret.versions) if secret else 0
