"""
Calls to AWS by its own SDK, one try each; what is wrong is said without what was sent.

botocore is synchronous: each call runs in a thread of its own, with time-outs below a kind's minute.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, Literal
from urllib.parse import urlsplit

import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from rotation.domain.errors import (
    AccessDenied,
    DestinationGone,
    DestinationRefused,
    OutcomeUnknown,
    RotationError,
    Throttled,
    Unavailable,
)
from rotation.domain.policy import Destination
from rotation.domain.retry_after import retry_after
from rotation.domain.secret import SecretText
from rotation.integrations.connections import AwsKeys, AwsRole, connection_of
from rotation.integrations.outbound.guard import resolve
from rotation.integrations.outbound.reach import Reach
from rotation.integrations.services import IntegrationServices

type Service = Literal["secretsmanager", "ssm", "sts"]

GONE = frozenset({"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"})
SLOW_DOWN = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})
DENIED = frozenset(
    {
        "AccessDeniedException",
        "AccessDenied",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "ExpiredTokenException",
        "InvalidIdentityToken",
        "IDPRejectedClaim",
    }
)
NEVER_SENT = (EndpointConnectionError, ConnectTimeoutError)
SESSION_SECONDS = 900

# At DEBUG botocore logs what it sends, secret texts and all.
logging.getLogger("botocore").setLevel(logging.INFO)
_one_at_a_time = threading.Lock()


@cache
def _session() -> Any:
    """Share one session: it keeps the services' models, and makes clients for one thread at a time."""
    return botocore.session.Session()


class Aws:
    """One service of one region, signed in by a destination's connection."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def ask(self, operation: str, arguments: Callable[[], Mapping[str, object]]) -> Mapping[str, Any]:
        """
        Read something.

        Raises:
            Throttled, Unavailable, AccessDenied, DestinationGone, DestinationRefused: By AWS' own error code.
        """
        return await self._call(operation, arguments, changes=False)

    async def change(self, operation: str, arguments: Callable[[], Mapping[str, object]]) -> Mapping[str, Any]:
        """Change something; also OutcomeUnknown where it was sent and no answer came."""
        return await self._call(operation, arguments, changes=True)

    async def _call(
        self, operation: str, arguments: Callable[[], Mapping[str, object]], *, changes: bool
    ) -> Mapping[str, Any]:
        def call() -> Mapping[str, Any] | RotationError:
            # The SDK's own error keeps what was sent: it ends in here.
            try:
                answer: Mapping[str, Any] = getattr(self._client, operation)(**arguments())
            except ClientError as error:
                return _refusal(error, operation)
            except (BotoCoreError, ResponseParserError) as error:
                return _cut(error, operation, changes=changes)
            finally:
                # Its pool would keep connections open until somebody collects it.
                self._client.close()
            return answer

        outcome = await asyncio.to_thread(call)
        if isinstance(outcome, RotationError):
            raise outcome
        return outcome


async def sign_in(services: IntegrationServices, destination: Destination, reach: Reach, *, service: Service) -> Aws:
    """
    Open *service* as the destination's connection says.

    Raises:
        AccessDenied: AWS does not take the connection.
    """
    for address in filter(None, (reach.endpoint_url, reach.sts_endpoint_url)):
        parts = urlsplit(address)
        await resolve(parts.hostname or "", parts.port or 443, private_network=reach.private_network)
    match connection_of(destination, AwsKeys, AwsRole):
        case AwsKeys(access_key_id=key, secret=reference):
            text = await services.connection_secret(reference)
            return Aws(
                await _client(
                    reach, service, lambda: {"aws_access_key_id": key, "aws_secret_access_key": text.reveal()}
                )
            )
        case AwsRole(role_arn=role, audience=audience):
            token = await services.token(f"{audience}/.default")
            return Aws(await _client(reach, service, await _assumed(reach, role, token)))
        case other:
            raise AssertionError(f"the catalogue lets no {other.type} through")


async def _assumed(reach: Reach, role: str, token: SecretText) -> Callable[[], Mapping[str, str]]:
    sts = Aws(await _client(reach, "sts", dict))

    def arguments() -> Mapping[str, object]:
        told = {"RoleArn": role, "RoleSessionName": "rotation", "DurationSeconds": SESSION_SECONDS}
        return {**told, "WebIdentityToken": token.reveal()}

    given = (await sts.ask("assume_role_with_web_identity", arguments))["Credentials"]
    key, secret, session = given["AccessKeyId"], SecretText(given["SecretAccessKey"]), SecretText(given["SessionToken"])
    return lambda: {
        "aws_access_key_id": key,
        "aws_secret_access_key": secret.reveal(),
        "aws_session_token": session.reveal(),
    }


async def _client(reach: Reach, service: Service, credentials: Callable[[], Mapping[str, str]]) -> Any:
    def make() -> Any:
        signed = {} if service != "sts" else {"signature_version": UNSIGNED}
        address = reach.sts_endpoint_url if service == "sts" else reach.endpoint_url
        config = Config(
            region_name=reach.region,
            connect_timeout=min(reach.timeout_seconds, 10),
            read_timeout=reach.timeout_seconds,
            retries={"total_max_attempts": 1},
            **signed,
        )
        with _one_at_a_time:
            return _session().create_client(service, config=config, endpoint_url=address, **credentials())

    return await asyncio.to_thread(make)


def _refusal(error: ClientError, operation: str) -> RotationError:
    """Translate by AWS' code; its message may repeat what was sent and is left out."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    said = f"AWS answers {code or status} to {operation}"
    if code in SLOW_DOWN or status == 429:  # noqa: PLR2004  # a status
        return Throttled(said, retry_after=_retry_after(error))
    if code in DENIED or status in {401, 403}:
        return AccessDenied(f"{said}: does the connection's policy allow it, on this very resource?")
    if code in GONE or status == 404:  # noqa: PLR2004  # a status
        return DestinationGone(f"{said}: is it there, in that region?")
    if status >= 500:  # noqa: PLR2004  # a status
        return Unavailable(said)
    if code == "InvalidRequestException":
        return DestinationRefused(said, reason="name-deleted")
    return DestinationRefused(said)


def _retry_after(error: ClientError) -> timedelta | None:
    """Read Retry-After, which AWS seldom sends."""
    return retry_after(error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after"))


def _cut(error: BotoCoreError | ResponseParserError, operation: str, *, changes: bool) -> RotationError:
    how = type(error).__name__
    if changes and not isinstance(error, NEVER_SENT):
        return OutcomeUnknown(f"AWS was told {operation} and gave no answer ({how})")
    return Unavailable(f"AWS gives no answer to {operation} ({how})")
