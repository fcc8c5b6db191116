"""App management policies: what may be added to an application, and for how long (platform.md A4)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.entra import dates
from sandbox.entra.answers import GraphError

_SPAN = re.compile(r"^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$")


def span(text: str) -> timedelta:
    """Give an ISO 8601 duration; a year is 365 days, a month 30; ValueError if it is none."""
    shape = _SPAN.match(text)
    if shape is None:
        raise ValueError(f"not a duration: {text!r}")
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in shape.groups())
    return timedelta(days=365 * years + 30 * months + 7 * weeks + days, hours=hours, minutes=minutes, seconds=seconds)


@dataclass(slots=True)
class Policies:
    """The tenant's default policy (off by default) and policies that are assigned to single applications."""

    default: dict[str, Any] = field(
        default_factory=lambda: {
            "id": "00000000-0000-0000-0000-000000000000",
            "displayName": "Default app management tenant policy",
            "description": "Default tenant policy that enforces app management restrictions.",
            "isEnabled": False,
            "applicationRestrictions": {"passwordCredentials": [], "keyCredentials": []},
            "servicePrincipalRestrictions": {"passwordCredentials": [], "keyCredentials": []},
        }
    )
    assigned: dict[str, dict[str, Any]] = field(default_factory=dict)

    def check_password(
        self, application: Mapping[str, Any], *, policies: Iterable[str], start: datetime, end: datetime
    ) -> None:
        """Refuse a new client secret with 400 and the policy's code, as Graph does."""
        for restriction, policy in self._holding(application, policies):
            kind = restriction.get("restrictionType")
            if kind == "passwordAddition":
                raise GraphError(
                    400,
                    "CredentialTypeNotAllowedAsPerAppPolicy",
                    f"Credential type not allowed as per assigned policy '{policy}'.",
                )
            if kind == "passwordLifetime" and end - start > span(restriction["maxLifetime"]):
                raise GraphError(
                    400,
                    "CredentialInvalidLifetimeAsPerAppPolicy",
                    f"Credential lifetime exceeds the max value allowed as per assigned policy '{policy}'.",
                )

    def _holding(
        self, application: Mapping[str, Any], policies: Iterable[str]
    ) -> Iterable[tuple[Mapping[str, Any], str]]:
        own = [self.assigned[p] for p in policies if self.assigned.get(p, {}).get("isEnabled")]
        of_own = [(r, p["displayName"]) for p in own for r in p.get("restrictions", {}).get("passwordCredentials", ())]
        settled = {r.get("restrictionType") for r, _ in of_own}
        of_tenant = []
        if self.default.get("isEnabled"):
            restrictions = self.default["applicationRestrictions"].get("passwordCredentials", ())
            of_tenant = [(r, "Default Policy") for r in restrictions if r.get("restrictionType") not in settled]
        return [(r, name) for r, name in [*of_own, *of_tenant] if _holds(r, application)]


def _holds(restriction: Mapping[str, Any], application: Mapping[str, Any]) -> bool:
    if restriction.get("state", "enabled") != "enabled":
        return False
    since, created = restriction.get("restrictForAppsCreatedAfterDateTime"), application.get("createdDateTime")
    return not since or not created or dates.parse(created) >= dates.parse(since)
