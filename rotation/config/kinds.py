"""What the configuration asks of a kind of destination; `rotation.integrations.catalogue` holds the real ones."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Protocol

from pydantic import BaseModel

from rotation.domain.policy import Connection

KEY_VAULT = "key-vault"
"""The kind that the canary delivers to (protocol.md, Brakes)."""


class Kind(Protocol):
    """One kind of destination, as far as the configuration needs it. Settings are as the file has them, and valid."""

    @property
    def settings_model(self) -> type[BaseModel]:
        """The shape of its settings."""

    @property
    def assisted(self) -> bool:
        """Whether only a person delivers there (protocol.md, Hand-offs)."""

    @property
    def connections(self) -> Collection[str]:
        """Types of connections that it takes; with `identity` among them it needs none."""

    @property
    def settles_in(self) -> timedelta:
        """How long until everybody behind it uses a new secret, where the file does not say."""

    def fingerprint(self, settings: Mapping[str, object], connection: Connection | None = None) -> str:
        """Make what a person approves: it changes when the settings lead elsewhere, or another one signs in."""

    def default_approval(self, settings: Mapping[str, object]) -> bool:
        """Tell whether a delivery needs a second person where the file does not say."""

    def resource(self, settings: Mapping[str, object]) -> str | None:
        """Give the address of what a delivery writes whole, if it does."""

    def secrets(self, settings: Mapping[str, object]) -> tuple[str, ...]:
        """Give the vault references among the settings."""
