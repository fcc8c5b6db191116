"""Measure a tenant: how much of everything is in it."""

from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from sandbox.tenant.instants import parse_graph_text
from sandbox.tenant.model import Json, Tenant

_NEVER_FROM = 2200


@dataclass(slots=True, kw_only=True)
class Counts:
    """Sizes of a tenant; *secrets* and *certificates* are those of applications."""

    applications: int = 0
    without_credentials: int = 0
    secrets: int = 0
    certificates: int = 0
    expired_secrets: int = 0
    never_ending_secrets: int = 0
    service_principals: int = 0
    owned_applications: int = 0
    federated_applications: int = 0
    users: int = 0
    groups: int = 0


def counts_of(tenant: Tenant, now: datetime) -> Counts:
    """Walk once through everything in *tenant*."""
    counts = Counts(users=len(tenant.users), groups=len(tenant.groups))
    for application in tenant.applications():
        _count_application(counts, application, now)
    counts.service_principals = sum(1 for _ in tenant.service_principals())
    counts.owned_applications = sum(1 for _ in tenant.owners())
    counts.federated_applications = sum(1 for _ in tenant.federated_credentials())
    return counts


def _count_application(counts: Counts, application: Json, now: datetime) -> None:
    secrets, certificates = application["passwordCredentials"], application["keyCredentials"]
    counts.applications += 1
    counts.secrets += len(secrets)
    counts.certificates += len(certificates)
    counts.without_credentials += next(chain(secrets, certificates), None) is None
    for secret in secrets:
        if secret.get("endDateTime"):
            ends_at = parse_graph_text(secret["endDateTime"])
            counts.expired_secrets += ends_at <= now
            counts.never_ending_secrets += ends_at.year >= _NEVER_FROM
