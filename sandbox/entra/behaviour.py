"""How the sandbox's Entra misbehaves: lags, conflicts, quotas. All off by default; changed at run time."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """At most `limit` (requests or resource units) in `window_seconds` of real time."""

    limit: int
    window_seconds: float
    retry_after: int | None = None


@dataclass(slots=True)
class Behaviour:
    """
    Hold the settings; lags are seconds of sandbox time.

    A replica r of n knows a change r/(n-1) of the lag later than it was made: the first at once, the last after
    the whole lag (platform.md A3 "Reads lag writes", A7 "ESTS is replicated"). An answer of Log Analytics that has
    more than `sign_in_log_rows` rows is a partial one.
    """

    secret_lag_seconds: float = 0.0
    removal_lag_seconds: float | None = None
    sign_in_replicas: int = 3
    read_lag_seconds: float = 0.0
    read_replicas: int = 3
    sign_in_report_lag_seconds: float = 0.0
    sign_in_log_lag_seconds: float = 0.0
    sign_in_log_rows: int = 500_000
    conflict_window_seconds: float = 0.0
    credential_limit: int = 1000
    write_quota: Quota | None = None
    resource_unit_quota: Quota | None = None
    key_credentials_quota: Quota | None = None
    seed: int = 1
    _random: random.Random = field(default_factory=lambda: random.Random(1), repr=False)

    def update(self, changes: Mapping[str, Any]) -> None:
        """Change some settings; ValueError for one that does not exist."""
        known = {f.name for f in fields(self) if not f.name.startswith("_")}
        if unknown := set(changes) - known:
            raise ValueError(f"unknown behaviour {sorted(unknown)}")
        for name, value in changes.items():
            if name.endswith("_quota") and isinstance(value, Mapping):
                setattr(self, name, Quota(**value))
            else:
                setattr(self, name, value)
        if "seed" in changes:
            self._random.seed(self.seed)

    def settings(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self) if not f.name.startswith("_")}

    def as_json(self) -> dict[str, Any]:
        values = self.settings()
        return {
            name: {"limit": v.limit, "window_seconds": v.window_seconds} if isinstance(v, Quota) else v
            for name, v in values.items()
        }

    def any_read_replica(self) -> int:
        return self._random.randrange(self.read_replicas)

    def any_sign_in_replica(self) -> int:
        return self._random.randrange(self.sign_in_replicas)

    def read_delay(self, replica: int) -> float:
        return self.read_lag_seconds * replica / max(1, self.read_replicas - 1)

    def sign_in_delay(self, replica: int) -> float:
        """Give how much later than Graph this sign-in replica knows a new secret, in seconds."""
        return self.secret_lag_seconds * replica / max(1, self.sign_in_replicas - 1)

    def removal_delay(self, replica: int) -> float:
        """Give how long this sign-in replica still takes a removed secret, in seconds."""
        lag = self.secret_lag_seconds if self.removal_lag_seconds is None else self.removal_lag_seconds
        return lag * replica / max(1, self.sign_in_replicas - 1)
