"""What the configuration asks of a kind of destination; `rotation.integrations.catalogue` holds the real ones."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from pydantic import BaseModel

HAND_OFF = "hand-off"
"""The kind whose deliveries only a person can make (protocol.md, Hand-offs)."""

KEY_VAULT = "key-vault"
"""The kind that the canary delivers to (protocol.md, Brakes)."""


class Kind(Protocol):
    """One kind of destination, as far as the configuration needs it. Settings are as the file has them, and valid."""

    @property
    def settings_model(self) -> type[BaseModel]:
        """The shape of its settings."""

    @property
    def settles_in(self) -> timedelta:
        """How long until everybody behind it uses a new secret, where the file does not say."""

    def fingerprint(self, settings: Mapping[str, object]) -> str:
        """Make what a person approves: it changes when the settings lead elsewhere."""

    def default_approval(self, settings: Mapping[str, object]) -> bool:
        """Tell whether a delivery needs a second person where the file does not say."""
