"""`github-secret`, over real HTTPS: a GitHub that opens the sealed boxes it is given."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.contract.https_harness import HttpsHarness

OLD = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
APP_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
APP_PEM = APP_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass(slots=True)
class Kept:
    """One secret as GitHub keeps it."""

    value: str
    updated_at: datetime
    visibility: str | None = None
    selected: tuple[int, ...] = ()
    different: int = 1
    """How many different values were put there."""


@dataclass(slots=True)
class GitHub:
    """The secrets API of one server."""

    token: str
    key: PrivateKey = field(default_factory=PrivateKey.generate)
    secrets: dict[str, Kept] = field(default_factory=dict)
    repository: Mapping[str, Any] = field(default_factory=dict)
    """What is told of a repository beside its id."""

    def app(self) -> Starlette:
        places: tuple[str, ...] = ("/repos/{o}/{r}/actions", "/repos/{o}/{r}/dependabot", "/repos/{o}/{r}/codespaces")
        places += ("/repos/{o}/{r}/environments/{e}", "/orgs/{o}/actions", "/orgs/{o}/dependabot")
        routes = [Route("/app/installations/7/access_tokens", self.install, methods=["POST"])]
        for place in places:
            routes += [
                Route(f"{place}/secrets/public-key", self.public_key),
                Route(f"{place}/secrets/{{name}}/repositories", self.repositories),
                Route(f"{place}/secrets/{{name}}", self.known, methods=["GET"]),
                Route(f"{place}/secrets/{{name}}", self.put, methods=["PUT"]),
            ]
        return Starlette(routes=routes)

    async def install(self, request: Request) -> Response:
        bearer = request.headers["authorization"].removeprefix("Bearer ")
        try:
            claims = jwt.decode(bearer, APP_KEY.public_key(), algorithms=["RS256"])
        except jwt.PyJWTError:
            return JSONResponse({"message": "A JSON web token could not be decoded"}, status_code=401)
        assert claims["iss"] == "42"
        assert claims["exp"] - claims["iat"] <= 600
        return JSONResponse({"token": self.token, "expires_at": "2030-01-01T00:00:00Z"}, status_code=201)

    async def public_key(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        key = b64encode(bytes(self.key.public_key)).decode()
        return JSONResponse({"key_id": "568250167242549743", "key": key})

    async def known(self, request: Request) -> Response:
        kept = self.secrets.get(request.url.path)
        if refused := self._refused(request):
            return refused
        if kept is None:
            return JSONResponse({"message": "Not Found", "status": "404"}, status_code=404)
        told: dict[str, Any] = {"name": request.path_params["name"], "created_at": OLD.isoformat()}
        told["updated_at"] = kept.updated_at.isoformat()
        if kept.visibility:
            told["visibility"] = kept.visibility
        return JSONResponse(told)

    async def repositories(self, request: Request) -> Response:
        kept = self.secrets[request.url.path.removesuffix("/repositories")]
        page, size = int(request.query_params["page"]), int(request.query_params["per_page"])
        shown = [{**self.repository, "id": each} for each in kept.selected[(page - 1) * size : page * size]]
        return JSONResponse({"total_count": len(kept.selected), "repositories": shown})

    async def put(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        given = await request.json()
        try:
            value = SealedBox(self.key).decrypt(b64decode(given["encrypted_value"], validate=True)).decode()
        except (CryptoError, ValueError):
            return JSONResponse({"message": "Bad encrypted_value"}, status_code=422)
        kept = self.secrets.get(request.url.path)
        if kept is None:
            self.secrets[request.url.path] = Kept(value, OLD, given.get("visibility"))
            return JSONResponse({}, status_code=201)
        kept.different += kept.value != value
        kept.value, kept.updated_at = value, datetime.now(UTC)
        if kept.visibility:
            kept.visibility, kept.selected = given["visibility"], tuple(given.get("selected_repository_ids", ()))
        return Response(status_code=204)

    def _refused(self, request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Bearer {self.token}":
            return None
        return JSONResponse({"message": "Bad credentials"}, status_code=401)


class GitHubSecretHarness(HttpsHarness):
    kind = "github-secret"
    keeps_order = False
    write_only = True
    connection: ClassVar[Mapping[str, object] | None] = {"type": "token", "secret": "connection"}
    changes = "PUT"

    def __init__(self) -> None:
        super().__init__()
        self.github = GitHub(self.connection_text)

    def product(self) -> Starlette:
        return self.github.app()

    @property
    def settings(self) -> Mapping[str, object]:
        place = {"owner": "contoso", "repository": "erp", "name": "AZURE_CLIENT_SECRET"}
        return {**place, "api_url": self.url, "private_network": True}

    async def taken(self) -> int:
        return sum(kept.different for kept in self.github.secrets.values())
