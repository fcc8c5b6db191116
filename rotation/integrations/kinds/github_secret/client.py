"""The calls of GitHub's REST API that a secret needs, as an App's installation or by a token."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Literal

import jwt
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from rotation.domain.errors import AccessDenied, DestinationRefused, Throttled
from rotation.domain.retry_after import retry_after
from rotation.domain.secret import SecretText
from rotation.integrations.connections import GitHubApp, Token
from rotation.integrations.kinds.github_secret.settings import GitHubSecretSettings
from rotation.integrations.outbound.bodies import body_of
from rotation.integrations.outbound.wire import Answer, Call, send
from rotation.integrations.services import IntegrationServices

VERSION = "2022-11-28"
FORBIDDEN = HTTPStatus.FORBIDDEN.value
MISSING = HTTPStatus.NOT_FOUND.value
APP_TOKEN_LASTS = timedelta(minutes=9)
"""GitHub takes ten minutes at most, and clocks differ."""

type Body = Callable[[], Mapping[str, object]]
"""Makes a body when it is sent, so that no frame keeps a secret."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class PublicKey(_Wire):
    """What a secret is sealed with."""

    key_id: str
    key: str
    """Base64 of a Curve25519 key."""


class Known(_Wire):
    """What is shown of a secret."""

    updated_at: datetime
    visibility: str | None = None
    """Of an organisation's: all, private or selected."""


class _Repository(_Wire):
    id: int


class _Repositories(_Wire):
    total_count: int
    repositories: list[_Repository]


class _Installation(_Wire):
    token: SecretStr


class GitHubClient:
    """One place of secrets, signed in once."""

    def __init__(self, services: IntegrationServices, settings: GitHubSecretSettings) -> None:
        self._services, self._settings = services, settings
        self._token: SecretText | None = None

    async def sign_in(self, connection: BaseModel) -> None:
        """
        Take the token, or get one for the App's installation.

        Raises:
            AccessDenied: GitHub does not know the App or its key.
        """
        match connection:
            case Token(secret=secret):
                self._token = await self._services.connection_secret(secret)
            case GitHubApp(secret=secret, installation_id=installation):
                self._token = self._app_token(connection, await self._services.connection_secret(secret))
                answer = await self._ask("POST", f"/app/installations/{installation}/access_tokens", reads=True)
                text = _read(_Installation, answer).token.get_secret_value
                self._token = SecretText(text())

    def _app_token(self, app: GitHubApp, key: SecretText) -> SecretText:
        now = self._services.clock.now()
        claims = {"iat": now - timedelta(minutes=1), "exp": now + APP_TOKEN_LASTS, "iss": str(app.app_id)}
        with suppress(ValueError, jwt.PyJWTError):
            return SecretText(jwt.encode(claims, key.reveal(), algorithm="RS256"))
        raise AccessDenied(
            f"the private key of GitHub App {app.app_id} cannot be read: the vault secret must hold its PEM file",
            reason="connection-secret-wrong",
        )

    async def public_key(self) -> PublicKey:
        """Read the key to seal with."""
        return _read(PublicKey, await self._ask("GET", f"{self._settings.place}/secrets/public-key"))

    async def known(self) -> Known | None:
        """Read what is shown of the secret; None where there is none."""
        answer = await self._ask("GET", self._secret, answers=frozenset({MISSING}))
        return None if answer.status == MISSING else _read(Known, answer)

    async def selected(self) -> tuple[int, ...]:
        """Read which repositories may use the organisation's secret."""
        found: list[int] = []
        while True:
            page = len(found) // 100 + 1
            answer = await self._ask("GET", f"{self._secret}/repositories?per_page=100&page={page}")
            told = _read(_Repositories, answer)
            found += [each.id for each in told.repositories]
            if len(found) >= told.total_count or not told.repositories:
                return tuple(found)

    async def put(self, body: Body) -> None:
        """Write the secret, sealed."""
        await self._ask("PUT", self._secret, body=body)

    @property
    def _secret(self) -> str:
        return f"{self._settings.place}/secrets/{self._settings.name}"

    async def _ask(
        self,
        method: Literal["GET", "POST", "PUT"],
        path: str,
        *,
        body: Body | None = None,
        answers: frozenset[int] = frozenset(),
        reads: bool = False,
    ) -> Answer:
        call = Call(
            method=method,
            url=f"{self._settings.api_url}{path}",
            headers={
                "accept": "application/vnd.github+json",
                "x-github-api-version": VERSION,
                "user-agent": "rotation",
                "authorization": f"Bearer {self._token.reveal()}" if self._token else "",
                **({"content-type": "application/json"} if body else {}),
            },
            body=body_of(body()) if body else b"",
            timeout=self._settings.timeout_seconds,
            private_network=self._settings.private_network,
            answers=answers | {FORBIDDEN},
            reads=reads,
            gone="is the name right, and may the connection see it? GitHub answers 404 for both",
        )
        answer = await send(call, self._services.open_client, now=self._services.clock.now())
        if answer.status == FORBIDDEN:
            raise _forbidden(answer, self._services.clock.now())
        return answer


def _forbidden(answer: Answer, now: datetime) -> AccessDenied | Throttled:
    """Tell a limit from a refusal: GitHub answers 403 for both (rate limits of its REST API)."""
    after, left, reset = (
        answer.headers.get(name) for name in ("retry-after", "x-ratelimit-remaining", "x-ratelimit-reset")
    )
    if (wait := retry_after(after)) is not None:
        return Throttled("GitHub asks to wait", retry_after=wait)
    if left == "0" and reset and reset.isdecimal():
        seconds = max(int(reset[:12]) - now.timestamp(), 1.0)
        return Throttled("GitHub's rate limit is used up", retry_after=timedelta(seconds=min(seconds, 3600)))
    return AccessDenied("GitHub answers 403: does the App or token have the permission, and may it see the repository?")


def _read[Wanted: BaseModel](model: type[Wanted], answer: Answer) -> Wanted:
    with suppress(ValidationError):
        return model.model_validate_json(answer.body)
    raise DestinationRefused("GitHub answers otherwise than its REST API says", reason="unexpected-shape")
