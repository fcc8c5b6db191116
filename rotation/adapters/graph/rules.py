"""Read what app-management policies allow for one application (platform.md A4)."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from rotation.adapters.graph.applications import READ
from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.errors import reading
from rotation.adapters.graph.wire import Instant, Wire, validated
from rotation.domain.identifiers import ObjectId
from rotation.ports.directory import CredentialRules

READ_POLICIES = "Policy.Read.All"
WHAT = "read app-management policies"
ADDITION, LIFETIME = "passwordAddition", "passwordLifetime"


class WireRestriction(Wire):
    """One restriction of a policy."""

    restriction_type: str
    state: str = "enabled"
    max_lifetime: timedelta | None = None
    restrict_for_apps_created_after_date_time: Instant | None = None

    def holds(self, created_at: Instant | None) -> bool:
        """Tell whether it speaks of an application that was made then."""
        since = self.restrict_for_apps_created_after_date_time
        return self.state == "enabled" and (since is None or created_at is None or created_at >= since)


class WireRestrictions(Wire):
    """What concerns client secrets."""

    password_credentials: tuple[WireRestriction, ...] = ()


class WirePolicy(Wire):
    """The tenant's policy (`applicationRestrictions`) or an assigned one (`restrictions`)."""

    is_enabled: bool = False
    application_restrictions: WireRestrictions | None = None
    restrictions: WireRestrictions | None = None

    def passwords(self) -> Sequence[WireRestriction]:
        """Give its restrictions for client secrets; none while it is off."""
        held = self.restrictions or self.application_restrictions
        return held.password_credentials if self.is_enabled and held else ()


class WireAssigned(Wire):
    """The policies that are assigned to one application."""

    value: tuple[WirePolicy, ...] = ()


class WireCreated(Wire):
    """When an application was made."""

    created_date_time: Instant | None = None


async def rules(client: GraphClient, object_id: ObjectId) -> CredentialRules:
    """Put the tenant's policy and the application's own together; its own wins, restriction by restriction."""
    assigned = await _read(client, f"/applications/{object_id}/appManagementPolicies", READ_POLICIES)
    default = await _read(client, "/policies/defaultAppManagementPolicy", READ_POLICIES)
    own = [one for policy in validated(WireAssigned, assigned, WHAT).value for one in policy.passwords()]
    usual = validated(WirePolicy, default, WHAT).passwords()
    settled = {restriction.restriction_type for restriction in own}
    holding = [*own, *(one for one in usual if one.restriction_type not in settled)]
    dated = any(one.restrict_for_apps_created_after_date_time for one in holding)
    created_at = await _created_at(client, object_id) if dated else None
    return _rules(one for one in holding if one.holds(created_at))


async def _created_at(client: GraphClient, object_id: ObjectId) -> Instant | None:
    """Read it only where a restriction asks for it: few do, and this is read before each mint."""
    made = await _read(client, f"/applications/{object_id}?$select=createdDateTime", READ)
    return validated(WireCreated, made, WHAT).created_date_time


async def _read(client: GraphClient, path: str, needs: str) -> bytes:
    return await client.get(client.address(path), reading(WHAT, needs))


def _rules(restrictions: Iterable[WireRestriction]) -> CredentialRules:
    held = list(restrictions)
    spans = [one.max_lifetime for one in held if one.restriction_type == LIFETIME and one.max_lifetime is not None]
    return CredentialRules(
        addition_forbidden=any(one.restriction_type == ADDITION for one in held), longest=min(spans, default=None)
    )
