"""Throttling by resource units and writes (platform.md A6)."""

import time
from collections import deque
from dataclasses import dataclass, field

from sandbox.entra.answers import GraphError
from sandbox.entra.behaviour import Behaviour, Quota


@dataclass(slots=True)
class Meter:
    """Count the recent use of one quota by one caller."""

    uses: deque[tuple[float, int]] = field(default_factory=deque)

    def spend(self, amount: int, quota: Quota) -> tuple[bool, float, float]:
        """Give whether it was within the quota, the share used, and seconds until there is room again."""
        now = time.monotonic()
        while self.uses and self.uses[0][0] <= now - quota.window_seconds:
            self.uses.popleft()
        used = sum(units for _, units in self.uses)
        if used + amount > quota.limit:
            wait = self.uses[0][0] + quota.window_seconds - now if self.uses else quota.window_seconds
            return False, used / quota.limit, wait
        self.uses.append((now, amount))
        return True, (used + amount) / quota.limit, 0.0


@dataclass(slots=True)
class Quotas:
    """Hold the meters of all callers."""

    behaviour: Behaviour
    tenant_id: str
    _meters: dict[tuple[str, str], Meter] = field(default_factory=dict)

    def charge(self, app_id: str, *, units: int, write: bool, key_credentials: bool) -> dict[str, str]:
        """Count one request and give the headers that report it, or raise 429."""
        headers = {"x-ms-resource-unit": str(units)}
        share = self._spend(app_id, "ResourceUnitLimitExceeded", units, quota=self.behaviour.resource_unit_quota)
        if write:
            share = max(share, self._spend(app_id, "WriteLimitExceeded", 1, quota=self.behaviour.write_quota))
        if key_credentials:
            self._spend("tenant", "KeyCredentialsLimitExceeded", 1, quota=self.behaviour.key_credentials_quota)
        if share >= 0.8:
            headers["x-ms-throttle-limit-percentage"] = f"{share:.1f}"
        return headers

    def _spend(self, app_id: str, name: str, amount: int, *, quota: Quota | None) -> float:
        if quota is None:
            return 0.0
        meter = self._meters.setdefault((app_id, name), Meter())
        within, share, wait = meter.spend(amount, quota)
        if within:
            return share
        retry_after = quota.retry_after if quota.retry_after is not None else max(1, round(wait + 0.5))
        raise GraphError(
            429,
            "TooManyRequests",
            "Too many requests.",
            headers={
                "Retry-After": str(retry_after),
                "x-ms-throttle-scope": f"Tenant_Application/ReadWrite/{app_id}/{self.tenant_id}",
                "x-ms-throttle-information": name,
            },
        )


def cost(method: str, path: str, query: dict[str, str]) -> int:
    """Give the resource units of a request, at least one."""
    if method != "GET":
        return 1
    units = 2 if path.rstrip("/") == "/applications" or path.endswith("/appRoleAssignments") else 1
    top = query.get("$top", "")
    units -= "$select" in query
    units += "$expand" in query
    units -= top.isdigit() and int(top) < 20
    return max(1, units)
