"""Make a tenant of any size that is as untidy as a real one."""

from datetime import datetime
from functools import partial

from sandbox.tenant.applications import application, federated_row
from sandbox.tenant.draft import Recipe
from sandbox.tenant.identity import guid, stream
from sandbox.tenant.model import Chained, Drawn, Json, Policies, Rows, Tenant
from sandbox.tenant.people import group, owners_row, user, user_count
from sandbox.tenant.principals import pipeline, pipeline_count, service_principal
from sandbox.tenant.vocabulary import WORDS

COMPANY = "contoso"
DOMAIN = "contoso.onmicrosoft.example"


def generate(*, applications: int, seed: int, now: datetime, policies: Policies | None = None) -> Tenant:
    """
    Make the tenant that always belongs to these arguments.

    Nothing big is made here: applications, service principals, owners and
    federated credentials are made while somebody walks through them, about
    20,000 applications a second. Dates count from *now*, which must be aware.
    Without *policies* the tenant has no app management policy.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    tenant_id = guid(stream(seed=seed, kind="tenant", number=0)[:16])
    recipe = Recipe(seed=seed, applications=applications, now=now, tenant_id=tenant_id, domain=DOMAIN)
    users = [user(recipe, number) for number in range(user_count(recipe))]
    groups = [group(recipe, number) for number in range(len(WORDS.departments))]
    return Tenant(
        tenant_id=tenant_id,
        display_name=COMPANY,
        default_domain=DOMAIN,
        users=users,
        groups=groups,
        group_members=_members(users, groups),
        policies=policies or Policies(),
        rows=_rows(recipe),
    )


def _rows(recipe: Recipe) -> Rows:
    count = recipe.applications
    identities = Drawn(count=pipeline_count(recipe), draw=partial(pipeline, recipe))
    principals = Drawn(count=count, draw=partial(service_principal, recipe))
    return Rows(
        applications=Drawn(count=count, draw=partial(application, recipe)),
        service_principals=Chained[Json]((identities, principals)),
        owners=Drawn(count=count, draw=partial(owners_row, recipe)),
        federated=Drawn(count=count, draw=partial(federated_row, recipe)),
    )


def _members(users: list[Json], groups: list[Json]) -> dict[str, list[str]]:
    """Put everybody into the group of their department; those who left are in none."""
    return {
        found["id"]: [
            person["id"]
            for person in users
            if person["department"] == found["displayName"] and person["accountEnabled"]
        ]
        for found in groups
    }
