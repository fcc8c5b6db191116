"""List the kinds of destinations. A kind's implementation is imported when a destination of it is first used."""

import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Protocol, cast

from pydantic import BaseModel

from rotation.domain.delivery import Capabilities
from rotation.domain.errors import Misconfigured
from rotation.domain.policy import Destination
from rotation.integrations.hand_off.settings import HandOffSettings
from rotation.integrations.key_vault.settings import KeyVaultSettings
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import Described
from rotation.integrations.webhook.settings import WebhookSettings
from rotation.ports.integration import Integration

FINGERPRINT_LENGTH = 16


class _Implementation(Protocol):
    """What a kind's module offers."""

    def make(self, services: IntegrationServices, capabilities: Capabilities) -> Integration: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind: what it is called, what it takes, what it can do, and where its implementation lies."""

    kind: str
    summary: str
    settings_model: type[BaseModel]
    module: str
    settles_in: timedelta = timedelta(0)
    """How long its consumers may go on with an older copy after it is verified, unless a destination says longer."""

    @property
    def docs_page(self) -> str:
        """Where its page lies in the repository."""
        return f"docs/integrations/{self.kind}.md"

    def read(self, settings: Mapping[str, object]) -> Described:
        """
        Read settings.

        Raises:
            pydantic.ValidationError: Every problem at once; inputs are not shown.
        """
        return cast("Described", self.settings_model.model_validate(dict(settings)))

    def capabilities(self, settings: Mapping[str, object]) -> Capabilities:
        """Tell what a destination with these settings can do; it differs by settings (a webhook's `verify_url`)."""
        return self.read(settings).capabilities()

    def default_approval(self, settings: Mapping[str, object]) -> bool:
        """Tell whether its deliveries wait for an approval unless the configuration says otherwise."""
        return self.capabilities(settings).destructive

    def fingerprint(self, settings: Mapping[str, object]) -> str:
        """Give the short SHA-256 of what an approval is about (`Described.identity`)."""
        told = json.dumps({"kind": self.kind} | dict(self.read(settings).identity()), sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:FINGERPRINT_LENGTH]

    def make(self, services: IntegrationServices, settings: Mapping[str, object]) -> Integration:
        """Import and make the implementation, for destinations with these settings."""
        implementation = cast("_Implementation", importlib.import_module(self.module))
        return implementation.make(services, self.capabilities(settings))


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.kind: kind
        for kind in (
            Kind(
                kind="key-vault",
                summary="A secret of another name or in another key vault",
                settings_model=KeyVaultSettings,
                module="rotation.integrations.key_vault.integration",
            ),
            Kind(
                kind="webhook",
                summary="An HTTPS address that is told, signed by the Standard Webhooks rules",
                settings_model=WebhookSettings,
                module="rotation.integrations.webhook.integration",
            ),
            Kind(
                kind="hand-off",
                summary="A person who fills in a form of a product without an API",
                settings_model=HandOffSettings,
                module="rotation.integrations.hand_off.integration",
            ),
        )
    }
)


class Catalogue:
    """The kinds, as workflows see them: `ports.integration.Integrations`."""

    def __init__(self, services: IntegrationServices) -> None:
        self._services = services

    def of(self, destination: Destination) -> Integration:
        """
        Give the implementation for a destination.

        Raises:
            Misconfigured: No such kind, or its settings are wrong.
        """
        kind = KINDS.get(destination.kind)
        if kind is None:
            raise Misconfigured(
                [f"destinations.{destination.name}.kind: no kind {destination.kind!r}; there are {', '.join(KINDS)}"]
            )
        return kind.make(self._services, destination.settings)
