"""
What the product's own test would find, found before a person is bothered (integrations.md A2).

A refusal stops the delivery and says why; what could not be looked at goes along as a warning.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from rotation.domain.delivery import Shipment
from rotation.domain.errors import AccessDenied, DestinationRefused
from rotation.domain.identifiers import is_guid
from rotation.domain.secret import SecretText
from rotation.integrations.outbound.wire import Call, send
from rotation.integrations.services import IntegrationServices

SHORTEST = 16
LONGEST = 128
"""Characters; Entra's texts have about forty, and none has a space (platform.md A2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """What to look at before the hand-off is opened."""

    signs_in: bool = False
    """Sign in with the new secret, as the product will."""
    graph_roles: Sequence[str] = ()
    """Application roles on Microsoft Graph that its service principal must hold."""
    group: str | None = None
    """Object id of a group that the application must be able to read with the new secret."""


@dataclass(slots=True, kw_only=True)
class Findings:
    """What the look gave."""

    warnings: list[str] = field(default_factory=list)
    signed_in: bool = False


async def look(wanted: Preflight, services: IntegrationServices, shipment: Shipment, *, text: SecretText) -> Findings:
    """
    Look at everything that is *wanted*.

    Raises:
        DestinationRefused: The product would refuse it: `looks-like-an-id`, `roles-missing`, `does-not-sign-in`,
            `group-not-readable`.
    """
    _value(shipment, text)
    findings = Findings()
    if wanted.graph_roles:
        await _roles(wanted.graph_roles, services, shipment, findings=findings)
    if wanted.signs_in or wanted.group:
        token = await _token(services, shipment, text)
        findings.signed_in = True
        if wanted.group:
            findings.warnings.append(await _group(wanted.group, services, token))
    return findings


def _value(shipment: Shipment, text: SecretText) -> None:
    """Tell the Value from the Secret ID: "Have you entered a Client Secret ID?" is the portals' most frequent error."""
    if not _like_a_value(text.reveal(), shipment.hint or ""):
        raise DestinationRefused(
            f"what the vault holds as version {shipment.version} does not look like a client secret's value",
            reason="looks-like-an-id",
            version=shipment.version,
        )


def _like_a_value(text: str, hint: str) -> bool:
    sound = SHORTEST <= len(text) <= LONGEST and text.isascii() and text.isprintable() and " " not in text
    return sound and not is_guid(text) and text.startswith(hint)


async def _roles(
    wanted: Sequence[str], services: IntegrationServices, shipment: Shipment, *, findings: Findings
) -> None:
    try:
        held = await services.directory.directory_roles(shipment.client_id)
    except AccessDenied as error:
        findings.warnings.append(f"Whether it holds {' and '.join(wanted)} could not be read: {error.message}")
        return
    missing = [role for role in wanted if role not in held]
    if missing:
        raise DestinationRefused(
            f"{shipment.application_name} holds no application permission {' and '.join(missing)} on Microsoft Graph "
            "(with admin consent): the product would refuse the connection",
            reason="roles-missing",
            missing=", ".join(missing),
        )


async def _token(services: IntegrationServices, shipment: Shipment, text: SecretText) -> SecretText:
    scope = f"{services.graph_url}/.default"
    try:
        return await services.token_as(shipment.client_id, text, scope)
    except AccessDenied as error:
        raise DestinationRefused(
            f"the new secret does not sign in to this tenant: {error.message}", reason="does-not-sign-in"
        ) from error


async def _group(group: str, services: IntegrationServices, token: SecretText) -> str:
    """Give a line that names the group and counts its members, to compare."""
    name = await _get(f"/v1.0/groups/{group}?$select=displayName", services, token)
    count = await _get(f"/v1.0/groups/{group}/members/$count", services, token)
    shown = json.loads(name).get("displayName") or group
    return f"The new secret reads the group {shown!r}: {count.decode().strip()} members. Compare after synchronising."


async def _get(path: str, services: IntegrationServices, token: SecretText) -> bytes:
    refused = frozenset({HTTPStatus.FORBIDDEN.value, HTTPStatus.NOT_FOUND.value})
    call = Call(
        method="GET",
        url=f"{services.graph_url}{path}",
        headers={"authorization": f"Bearer {token.reveal()}", "consistencylevel": "eventual"},
        answers=refused,
        private_network=True,
    )
    answer = await send(call, services.open_client, now=services.clock.now())
    if answer.status in refused:
        raise DestinationRefused(
            f"with the new secret Microsoft Graph answers {answer.status} for the group of the settings: is the id "
            "right, and are the permissions granted with admin consent?",
            reason="group-not-readable",
        )
    return answer.body
