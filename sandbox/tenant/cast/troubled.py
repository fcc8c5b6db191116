"""Characters that cannot go through as they are: still used, forbidden, in the way, full."""

from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.tenant.cast.making import credential, member
from sandbox.tenant.cast.members import (
    CastMember,
    ForgottenSystem,
    Outcome,
    Placed,
    Vault,
    VaultConsumer,
    VaultSecret,
    Wish,
)
from sandbox.tenant.cast.people import BO, CHIARA, FATIMA, GORAN
from sandbox.tenant.identity import named_guid
from sandbox.tenant.model import AssignedPolicy, Json

_DAILY = timedelta(days=1)


def troubled(now: datetime) -> list[CastMember]:
    return [warehouse(now), laboratory(now), intranet(now), survey(now)]


def warehouse(now: datetime) -> CastMember:
    """One secret in two places: the vault consumer switches, a batch job that nobody remembers does not."""
    held = credential("warehouse-sync", now, display_name="created by Jenny, see ticket CHG0041877", days=56)
    found = member(
        "warehouse-sync",
        "Warehouse Sync",
        role="A forgotten batch job goes on using the old secret: it is not removed, and its owner is told.",
        owner=CHIARA,
        wish=Wish.ENROL,
        outcome=Outcome.OVERLAPS,
    )
    consumer = VaultConsumer(
        name="warehouse-sync", vault=Vault.SECOND, secret_name="warehouse-sync-secret", every=_DAILY
    )
    forgotten = ForgottenSystem(
        name="SRV-BATCH-03 nightly stock count",
        key_id=held.key_id,
        text=held.text,
        address="20.4.7.1",
        resource="SharePoint",
        every=_DAILY,
    )
    today = VaultSecret(vault=Vault.SECOND, name=consumer.secret_name, value=held.text)
    return replace(found, credentials=(held,), used_by=(consumer, forgotten), vault=(today,))


def laboratory(now: datetime) -> CastMember:
    found = member(
        "laboratory-scanner",
        "Laboratory Scanner",
        role="An app management policy forbids new passwords for it: blocked, with the policy's name.",
        owner=FATIMA,
        wish=Wish.ENROL,
        outcome=Outcome.BLOCKED_POLICY,
    )
    held = credential("laboratory-scanner", now, display_name="prod", days=52)
    consumer = VaultConsumer(name=found.key, vault=Vault.SECOND, secret_name="laboratory-scanner-secret", every=_DAILY)
    today = VaultSecret(vault=Vault.SECOND, name=consumer.secret_name, value=held.text)
    policy = AssignedPolicy(policy=_no_passwords(), applications=(found.object_id,))
    return replace(found, credentials=(held,), used_by=(consumer,), vault=(today,), policy=policy)


def intranet(now: datetime) -> CastMember:
    found = member(
        "intranet-search",
        "Intranet Search",
        role="After enrolment somebody else writes a secret under its vault name: nothing is overwritten.",
        owner=GORAN,
        wish=Wish.ENROL,
        outcome=Outcome.BLOCKED_NAME,
    )
    held = credential("intranet-search", now, display_name="key1", days=46)
    consumer = VaultConsumer(name=found.key, vault=Vault.SECOND, secret_name="intranet-search-secret", every=_DAILY)
    today = VaultSecret(vault=Vault.SECOND, name=consumer.secret_name, value=held.text)
    foreign = VaultSecret(
        vault=Vault.HOME,
        name=found.line_secret_name,
        value="somebody else's value, not a client secret",
        tags=(("managed-by", "terraform"),),
        placed=Placed.AFTER_ENROLMENT,
    )
    return replace(found, credentials=(held,), used_by=(consumer,), vault=(today, foreign))


def survey(now: datetime) -> CastMember:
    """Personal-account audience: two secrets is all that it may have (platform.md A3)."""
    found = member(
        "survey-portal",
        "Survey Portal",
        role="Open to personal accounts, so two secrets at most, and both are in use: no room for a third.",
        owner=BO,
        wish=Wish.ENROL,
        outcome=Outcome.BLOCKED_LIMIT,
    )
    older = credential("survey-portal/older", now, display_name="2023", days=50, lifetime=730)
    newer = credential("survey-portal/newer", now, display_name="new new new", days=57)
    consumer = VaultConsumer(name=found.key, vault=Vault.SECOND, secret_name="survey-portal-secret", every=_DAILY)
    today = VaultSecret(vault=Vault.SECOND, name=consumer.secret_name, value=newer.text)
    other = ForgottenSystem(
        name="survey mailer",
        key_id=older.key_id,
        text=older.text,
        address="20.4.7.9",
        resource="Microsoft Graph",
        every=_DAILY,
    )
    audience = "AzureADandPersonalMicrosoftAccount"
    return replace(found, credentials=(older, newer), used_by=(consumer, other), vault=(today,), audience=audience)


def _no_passwords() -> Json:
    """An appManagementPolicy that forbids adding passwords (platform.md A4)."""
    return {
        "id": named_guid("cast/policy/no-passwords"),
        "displayName": "No passwords in the laboratory",
        "description": "Laboratory systems use certificates.",
        "isEnabled": True,
        "restrictions": {
            "passwordCredentials": [
                {
                    "restrictionType": "passwordAddition",
                    "state": "enabled",
                    "maxLifetime": None,
                    "restrictForAppsCreatedAfterDateTime": "2015-01-01T00:00:00Z",
                }
            ],
            "keyCredentials": [],
        },
    }
