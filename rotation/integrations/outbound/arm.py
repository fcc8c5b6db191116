"""One request to Azure Resource Manager, as our own identity."""

from dataclasses import replace
from typing import Literal

from rotation.domain.secret import SecretText
from rotation.integrations.outbound.wire import Answer, Call, send
from rotation.integrations.services import IntegrationServices

LARGEST_RESOURCE = 4 * 1024 * 1024
LOST_RACE = frozenset({409, 412})
"""Somebody else is writing it; App Service answers 409 while another operation is in progress."""


async def ask(services: IntegrationServices, call: Call) -> Answer:
    """
    Send *call*, whose address is that of a resource, with our token.

    Raises:
        AccessDenied, DestinationGone, DestinationRefused, Throttled, Unavailable, OutcomeUnknown: See `wire.send`.
    """
    token = await services.token(f"{services.arm_url}/.default")
    return await send(_signed(call, token), services.open_client, now=services.clock.now())


def resource_call(
    method: Literal["GET", "POST", "PUT"],
    url: str,
    *,
    role: str,
    body: bytes = b"",
    reads: bool = False,
    gone: str = "is the resource id right?",
) -> Call:
    """
    Make a call; *role* is what our identity needs there. Resource Manager's address is a setting of ours.

    What changes something gives a lost race (`LOST_RACE`) back as its answer.
    """
    return Call(
        method=method,
        url=url,
        headers={},
        body=body,
        reads=reads,
        private_network=True,
        answers=frozenset() if method == "GET" or reads else LOST_RACE,
        denied=f"does our identity have the role {role} there?",
        gone=gone,
        largest=LARGEST_RESOURCE,
    )


def _signed(call: Call, token: SecretText) -> Call:
    headers = {"authorization": f"Bearer {token.reveal()}"}
    return replace(call, headers={**headers, "content-type": "application/json"} if call.body else headers)
