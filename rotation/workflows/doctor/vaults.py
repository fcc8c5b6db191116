"""Each vault: whether it answers, and whether we may list, write, read and disable there."""

from datetime import timedelta
from urllib.parse import urlsplit

from rotation.domain.errors import Retryable, RotationError
from rotation.domain.secret import SecretText
from rotation.ports.vault import NewVersion, Vault
from rotation.workflows.connection_secrets import users_of
from rotation.workflows.doctor.findings import Finding, Findings, Patient, broken, failed, fine, warning

PROBE = "rotation-doctor"
"""
One secret, with a disabled version for each probe. It is not deleted: a deleted name stays taken for as long as the
vault keeps what is deleted (platform.md C3), and the next probe would be refused because of the last.
"""
PROBE_TEXT = "not a secret: rotation doctor tried whether it may write here"
AGAIN_AFTER = timedelta(hours=1)
FIREWALL = "ForbiddenByFirewall"
ROLE = "Key Vault Secrets Officer"


async def vaults(patient: Patient) -> Findings:
    """Look at each vault that lines are kept in."""
    policies = patient.configuration.policies if patient.configuration else ()
    for url in dict.fromkeys([patient.services.vault_url, *(policy.vault for policy in policies if policy.vault)]):
        yield await _vault(patient, url)


async def _vault(patient: Patient, url: str) -> Finding:
    vault = patient.services.vaults.at(url)
    try:
        known = await vault.versions(PROBE)
        newest = max((version.created_at for version in known), default=None)
        if not patient.wants.probe:
            return fine("vault", url, "lists; not tried to write")
        if patient.wants.sparing and newest is not None and patient.services.clock.now() - newest < AGAIN_AFTER:
            return fine("vault", url, f"lists; took a version at {newest:%H:%M} UTC")
        await _write_read_disable(patient, vault)
    except RotationError as error:
        return failed("vault", url, error, remedy=_remedy(patient, url, error))
    return fine("vault", url, f"lists, writes, reads and disables (secret {PROBE})")


async def _write_read_disable(patient: Patient, vault: Vault) -> None:
    now = patient.services.clock.now()
    tags = {"written-by": "rotation doctor", "asked-by": patient.wants.by[:200]}
    probe = NewVersion(text=SecretText(PROBE_TEXT), tags=tags, expires_at=now + AGAIN_AFTER)
    version = await vault.write(PROBE, probe)
    try:
        await vault.read(PROBE, version)
    finally:
        await vault.disable(PROBE, version)


def _remedy(patient: Patient, url: str, error: RotationError) -> str:
    name = name_of(url)
    scope = f"$(az keyvault show --name {name} --query id -o tsv)"
    if isinstance(error, Retryable):
        return f"az keyvault show --name {name}  # is it there, and is this its address?"
    if error.facts.get("code") == FIREWALL:
        return f"az keyvault network-rule add --name {name} --ip-address THIS_ADDRESS/32  # or its private endpoint"
    if error.reason == "vault-name-deleted":
        return f"az keyvault secret recover --vault-name {name} --name {PROBE}"
    return f'az role assignment create --role "{ROLE}" --assignee {patient.object_id} --scope {scope}'


def name_of(url: str) -> str:
    """Give the vault's name, as the Azure CLI knows it."""
    return (urlsplit(url).hostname or url).partition(".")[0]


async def named_secrets(patient: Patient) -> Findings:
    """Look at each vault secret that connections, destinations and channels sign in with."""
    if patient.configuration is None:
        return
    now = patient.services.clock.now()
    for place, users in sorted(users_of(patient.configuration, home=patient.services.vault_url).items()):
        whose, name = ", ".join(users), name_of(place.vault_url)
        put = f"az keyvault secret set --vault-name {name} --name {place.name} --file FILE"
        try:
            versions = await patient.services.vaults.at(place.vault_url).versions(place.name)
        except RotationError as error:
            yield failed("secret", place.name, error, remedy=_remedy(patient, place.vault_url, error))
            continue
        enabled = [version for version in versions if version.enabled]
        if not enabled:
            yield broken("secret", place.name, f"{whose}: not there, or disabled", remedy=put)
        elif (end := enabled[-1].expires_at) is not None and end <= now:
            yield broken("secret", place.name, f"{whose}: ended {end:%Y-%m-%d}", remedy=put)
        elif end is None:
            expire = f"az keyvault secret set-attributes --vault-name {name} --name {place.name} --expires DATE"
            yield warning("secret", place.name, f"{whose}: nobody is reminded, for it has no end date", remedy=expire)
        else:
            yield fine("secret", place.name, f"{whose}: until {end:%Y-%m-%d}")


def readers_remedy(vault_url: str, secret_name: str) -> str:
    """Give the command that lets a person read one secret."""
    scope = f"$(az keyvault show --name {name_of(vault_url)} --query id -o tsv)/secrets/{secret_name}"
    return f'az role assignment create --role "Key Vault Secrets User" --assignee PERSON --scope {scope}'
