"""
The demo's cast: applications with known secrets that somebody uses.

Everything is data: who the owner is, what is in the vaults, who signs in with
which secret and how often, and how the story ends. Keys, ids and texts are the
same for ever; dates count from *now*. Hand-off forms are named as in integrations.md A1, A2.
"""

from dataclasses import replace
from datetime import datetime

from sandbox.tenant.cast.automatic import automatic
from sandbox.tenant.cast.handed_off import handed_off
from sandbox.tenant.cast.members import CastMember
from sandbox.tenant.cast.people import PEOPLE
from sandbox.tenant.cast.records import application_of, principal_of, user_of
from sandbox.tenant.cast.troubled import troubled
from sandbox.tenant.cast.watched import watched
from sandbox.tenant.model import Chained, Copied, Federated, Json, Owned, Policies, Rows, Tenant


def cast(now: datetime) -> list[CastMember]:
    """Return every character, in the order in which the demo introduces them."""
    return [*automatic(now), *handed_off(now), *troubled(now), *watched(now)]


def with_cast(tenant: Tenant, now: datetime) -> Tenant:
    """Return *tenant* with the cast in front of its own mass: people, applications, owners, policies."""
    members = cast(now)
    policies = tuple(found.policy for found in members if found.policy is not None)
    return replace(
        tenant,
        users=[*(user_of(person, tenant.default_domain) for person in PEOPLE), *tenant.users],
        policies=Policies(default=tenant.policies.default, assigned=(*policies, *tenant.policies.assigned)),
        rows=_rows(tenant, members),
    )


def _rows(tenant: Tenant, members: list[CastMember]) -> Rows:
    domain, tenant_id = tenant.default_domain, tenant.tenant_id
    applications = [application_of(member, domain) for member in members]
    principals = [principal_of(member, tenant_id=tenant_id, domain=domain) for member in members]
    owners = [(member.object_id, [member.owner.object_id]) for member in members]
    return Rows(
        applications=Chained[Json]((Copied(applications), tenant.rows.applications)),
        service_principals=Chained[Json]((Copied(principals), tenant.rows.service_principals)),
        owners=Chained[Owned]((owners, tenant.rows.owners)),
        federated=Chained[Federated]((tenant.rows.federated,)),
    )
