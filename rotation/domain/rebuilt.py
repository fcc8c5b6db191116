"""What directory and vault still tell of a line whose ledger was lost. It is no enrolment: it permits nothing."""

from dataclasses import dataclass
from datetime import datetime

from rotation.domain.identifiers import ClientId, KeyId, LineId, SecretVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedSecret:
    """One client secret that a vault version carries by its tags: whose it is, and where its text lies."""

    rotation: str
    """The ulid of the rotation that minted it."""
    attempt: int
    key_id: KeyId
    end_at: datetime
    written_at: datetime
    """When that version was written, in whole seconds."""
    version: SecretVersion
    staged: bool
    """It was never published: the version lies under `<name>-staged`, and no destination can have it."""
    listed: bool
    """The directory lists it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuiltLine:
    """
    A line as its secrets' tags tell of it (row `a|rebuilt|name`).

    The scan reads it to tell whose a marked secret is; the person who enrols the line again takes over from it.
    """

    id: LineId
    client_id: ClientId
    display_name: str
    vault_url: str
    secret_name: str
    secrets: tuple[TaggedSecret, ...]
    """Those that the directory lists, and the one published last whether it does or not; oldest version first."""

    @property
    def latest(self) -> TaggedSecret | None:
        """The one published last."""
        return next((each for each in reversed(self.secrets) if not each.staged), None)

    @property
    def current(self) -> TaggedSecret | None:
        """The same, where the directory still lists it."""
        return self.latest if self.latest is not None and self.latest.listed else None

    @property
    def unpublished(self) -> tuple[TaggedSecret, ...]:
        """Minted, kept in the vault, and never published."""
        return tuple(each for each in self.secrets if each.staged and each.listed)

    @property
    def overlapping(self) -> tuple[TaggedSecret, ...]:
        """Published before the latest one, and still valid beside it: the old one of a pair was not removed yet."""
        return tuple(each for each in self.secrets if not each.staged and each.listed and each is not self.latest)

    def secret(self, key_id: KeyId) -> TaggedSecret | None:
        """Find a secret of this line."""
        return next((each for each in self.secrets if each.key_id == key_id), None)
