"""The few calls of Vault's HTTP API that a KV version 2 secret needs (integrations.md B2, row 7)."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from rotation.domain.errors import DestinationRefused, Unavailable
from rotation.domain.secret import SecretText
from rotation.integrations.connections import AnyConnection, AppRole, Token, VaultJwt
from rotation.integrations.kinds.vault_kv.settings import VaultKvSettings
from rotation.integrations.outbound.bodies import body_of
from rotation.integrations.outbound.wire import Answer, Call, send
from rotation.integrations.services import IntegrationServices

MISSING = HTTPStatus.NOT_FOUND.value
CONFLICT = HTTPStatus.BAD_REQUEST.value
MERGE = "application/merge-patch+json"


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _Auth(_Wire):
    client_token: SecretStr


class _Login(_Wire):
    auth: _Auth


class _Metadata(_Wire):
    version: int
    custom_metadata: dict[str, str] | None = None


class _Data(_Wire):
    data: dict[str, Any] | None = Field(repr=False)
    metadata: _Metadata


class _Read(_Wire):
    data: _Data | None = None


class _WrittenData(_Wire):
    version: int


class _Written(_Wire):
    data: _WrittenData


type Body = Callable[[], Mapping[str, object]]
"""Makes a body when it is sent, so that no frame keeps the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the newest version holds."""

    version: int
    """0: there is none."""
    value: SecretText | None
    """Of the one field; None where it is not there, or is no text."""
    tags: Mapping[str, str]
    deleted: bool = False


class KvClient:
    """One secret of one server, signed in once."""

    def __init__(self, services: IntegrationServices, settings: VaultKvSettings) -> None:
        self._services, self._settings = services, settings
        self._token: SecretText | None = None

    async def sign_in(self, connection: AnyConnection) -> None:
        """
        Get a token by the connection.

        Raises:
            AccessDenied: The server refuses it.
        """
        match connection:
            case Token(secret=secret):
                self._token = await self._services.connection_secret(secret)
            case AppRole(role_id=role, secret=secret, mount=mount):
                text = await self._services.connection_secret(secret)
                self._token = await self._log_in(mount, lambda: {"role_id": role, "secret_id": text.reveal()})
            case VaultJwt(role=role, audience=audience, mount=mount):
                token = await self._services.token(f"{audience}/.default")
                self._token = await self._log_in(mount, lambda: {"role": role, "jwt": token.reveal()})

    async def _log_in(self, mount: str, body: Body) -> SecretText:
        answer = await self._ask("POST", f"auth/{mount}/login", body=body, reads=True)
        with suppress(ValidationError):
            return SecretText(_Login.model_validate_json(answer.body).auth.client_token.get_secret_value())
        raise DestinationRefused(f"auth/{mount}/login answers without a token", reason="unexpected-shape")

    async def read(self) -> Stored:
        """Read the newest version; a deleted or missing one is version 0 or `deleted`."""
        answer = await self._ask("GET", self._place("data"), answers=frozenset({MISSING}))
        with suppress(ValidationError):
            return self._stored(_Read.model_validate_json(answer.body or b"{}").data)
        raise DestinationRefused("it answers otherwise than KV version 2 does", reason="unexpected-shape")

    def _stored(self, found: "_Data | None") -> Stored:
        if found is None:
            return Stored(version=0, value=None, tags={})
        held = (found.data or {}).get(self._settings.field)
        return Stored(
            version=found.metadata.version,
            value=SecretText(held) if isinstance(held, str) and held else None,
            tags=found.metadata.custom_metadata or {},
            deleted=found.data is None,
        )

    async def write(self, text: SecretText, *, over: Stored) -> int:
        """
        Write a version over the one that was read, and give its number; other fields stay.

        Raises:
            Unavailable: Somebody wrote meanwhile (`lost-race`).
        """

        def body() -> Mapping[str, object]:
            return {"options": {"cas": over.version}, "data": {self._settings.field: text.reveal()}}

        fresh = over.version == 0 or over.deleted
        method: Literal["POST", "PATCH"] = "POST" if fresh else "PATCH"
        answer = await self._ask(method, self._place("data"), body=body, answers=frozenset({CONFLICT}))
        if answer.status == CONFLICT:
            raise Unavailable("the secret changed while it was written; it is read again", reason="lost-race")
        return _Written.model_validate_json(answer.body).data.version

    async def mark(self, tags: Mapping[str, str]) -> None:
        """Note beside the secret whose its newest version is."""
        await self._ask("POST", self._place("metadata"), body=lambda: {"custom_metadata": dict(tags)})

    def _place(self, what: str) -> str:
        return f"{self._settings.mount}/{what}/{self._settings.path}"

    async def _ask(
        self,
        method: Literal["GET", "POST", "PATCH"],
        path: str,
        *,
        body: Body | None = None,
        answers: frozenset[int] = frozenset(),
        reads: bool = False,
    ) -> Answer:
        call = Call(
            method=method,
            url=f"{self._settings.address}/v1/{path}",
            headers=self._headers(method),
            body=body_of(body()) if body else b"",
            timeout=self._settings.timeout_seconds,
            private_network=self._settings.private_network,
            answers=answers,
            reads=reads,
            denied="does the connection's policy allow it?",
            gone="is a KV version 2 engine mounted there?",
        )
        return await send(call, self._services.open_client, now=self._services.clock.now())

    def _headers(self, method: str) -> dict[str, str]:
        headers = {"content-type": MERGE if method == "PATCH" else "application/json", "x-vault-request": "true"}
        if self._token is not None:
            headers["x-vault-token"] = self._token.reveal()
        if self._settings.namespace:
            headers["x-vault-namespace"] = self._settings.namespace
        return headers
