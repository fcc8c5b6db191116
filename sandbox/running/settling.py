"""Let the cast move in: owners say yes, vaults hold what they hold today, and everybody has the secret they use."""

import base64
import hashlib
from collections.abc import Iterable

from sandbox.cloud import Cloud
from sandbox.keyvault.vault import Vault as VaultTruth
from sandbox.tenant.cast.members import (
    AgentPerson,
    CastMember,
    ForgottenSystem,
    Placed,
    PortalPerson,
    Use,
    Vault,
    VaultConsumer,
    WebhookReceiver,
    Wish,
)

_VAULTS = {Vault.HOME: "vault", Vault.SECOND: "vault2"}


def vault_url(cloud: Cloud, vault: Vault) -> str:
    """Give the address of a vault that the cast names."""
    return cloud.urls[_VAULTS[vault]]


def settle(cloud: Cloud, members: Iterable[CastMember]) -> None:
    """Bring everything into the state before the first enrolment."""
    for member in members:
        place_secrets(cloud, member, Placed.AT_START)
        if member.graph_roles:
            cloud.entra.grant(member.client_id, member.graph_roles)
        for use in member.used_by:
            _hand_out(cloud, member, use)
        if member.wish is Wish.ENROL:
            # What an owner does who says yes: our app may write to applications that it owns (platform.md A6).
            cloud.entra.application(member.client_id).owners.append(cloud.entra.principal_of(cloud.app[0]).id)


def place_secrets(cloud: Cloud, member: CastMember, when: Placed) -> None:
    """Put what stands in vaults at that time."""
    for secret in member.vault:
        if secret.placed is when:
            vault: VaultTruth = cloud.vaults[_VAULTS[secret.vault]]
            vault.seed(secret.name, secret.value, tags=dict(secret.tags))


def signing_secret(name: str) -> str:
    """Give the name of the vault secret that holds a receiver's signing key."""
    return f"hook-{name}-signing-key"


def _hand_out(cloud: Cloud, member: CastMember, use: Use) -> None:
    downstream = cloud.downstream
    match use:
        case VaultConsumer():
            downstream.add_consumer(use.name, vault_url(cloud, use.vault), use.secret_name, client_id=member.client_id)
        case WebhookReceiver():
            key = f"whsec_{base64.b64encode(hashlib.sha256(use.name.encode()).digest()).decode()}"
            hook = downstream.add_webhook(use.name, key)
            hook.holder.client_id = member.client_id
            hook.holder.take(use.starts_with, version="", key_id=_key_id(member, use.starts_with), at=cloud.clock.now())
            cloud.vaults["vault"].seed(signing_secret(use.name), key)
        case PortalPerson() | AgentPerson():
            downstream.add_person(holder_name(member, use), client_id=member.client_id)
            downstream.paste(holder_name(member, use), use.starts_with)
        case ForgottenSystem():
            downstream.add_person(use.name, client_id=member.client_id)
            downstream.paste(use.name, use.text)


def holder_name(member: CastMember, use: Use) -> str:
    """Name who holds the secret for *use*."""
    return member.key if isinstance(use, PortalPerson | AgentPerson) else use.name


def _key_id(member: CastMember, text: str) -> str:
    return next((held.key_id for held in member.credentials if held.text == text), "")
