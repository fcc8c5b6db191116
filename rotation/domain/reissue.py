"""A vault was lost, or leaked: whatever was minted before that moment is minted again."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What happened to a vault, as somebody told it; said again it is the same incident, until they say otherwise."""

    at: datetime
    by: str
    why: str
    compromised: bool = False
    """Who has the vault's content may be anybody: every key id whose text lay there is burnt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reissue:
    """An operator's word that a line's secret is minted again (row `a|reissue|name`)."""

    at: datetime
    """Of the incident: a secret that was minted later is the new one."""
    by: str
    vault_url: str
    """The vault that was lost or leaked; the line may have moved since."""

    def awaits(self, minted_at: datetime | None) -> bool:
        """Tell whether the line's current secret is still one of before."""
        return minted_at is None or minted_at < self.at
