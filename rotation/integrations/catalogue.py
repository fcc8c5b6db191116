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
from rotation.domain.policy import Connection, Destination
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import Described
from rotation.ports.integration import Integration

FINGERPRINT_LENGTH = 16


class _Implementation(Protocol):
    """What a kind's package offers in its module `integration`."""

    def make(self, services: IntegrationServices, capabilities: Capabilities) -> Integration: ...


@dataclass(frozen=True)
class Kind:
    """
    One kind: what it is called, what it takes, and where it lies.

    `package` below `rotation.integrations.kinds` holds `settings` (with the class named by `model`) and
    `integration` (with `make`); both are imported when a destination of the kind is first read or used.
    """

    kind: str
    summary: str
    package: str
    model: str
    connections: tuple[str, ...] = ()
    """Types of connections that it takes; with `identity` among them it needs none configured."""
    assisted: bool = False
    """Only a person delivers there."""
    settles_in: timedelta = timedelta(0)
    """How long its consumers may go on with an older copy after it is verified, unless a destination says longer."""

    @property
    def docs_page(self) -> str:
        """Where its page lies in the repository."""
        return f"docs/integrations/{self.kind}.md"

    @property
    def settings_model(self) -> type[BaseModel]:
        """The shape of its settings."""
        module = importlib.import_module(f"rotation.integrations.kinds.{self.package}.settings")
        return cast("type[BaseModel]", getattr(module, self.model))

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

    def resource(self, settings: Mapping[str, object]) -> str | None:
        """Give the address of what a delivery writes whole, if it does."""
        return self.read(settings).resource()

    def secrets(self, settings: Mapping[str, object]) -> tuple[str, ...]:
        """Give the vault references among the settings."""
        return self.read(settings).secrets()

    def fingerprint(self, settings: Mapping[str, object], connection: Connection | None = None) -> str:
        """Give the short SHA-256 of what an approval is about: `Described.identity` and who signs in."""
        told = {"kind": self.kind} | dict(self.read(settings).identity())
        if connection is not None:
            told |= {"connection": connection.fingerprint}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:FINGERPRINT_LENGTH]

    def make(self, services: IntegrationServices, settings: Mapping[str, object]) -> Integration:
        """Import and make the implementation, for destinations with these settings."""
        module = importlib.import_module(f"rotation.integrations.kinds.{self.package}.integration")
        return cast("_Implementation", module).make(services, self.capabilities(settings))


_LISTED = (
    Kind("hand-off", "A person and a form of a product without an API", "hand_off", "HandOffSettings", assisted=True),
    Kind(
        "agent",
        "A program on a server, which keeps it in a file or in the Windows Credential Store",
        "agent",
        "AgentSettings",
        connections=("ssh-key", "identity"),
    ),
    Kind("key-vault", "A secret of another name or in another key vault", "key_vault", "KeyVaultSettings"),
    Kind("app-service", "An app setting of App Service or Functions", "app_service", "AppServiceSettings"),
    Kind(
        "github-secret",
        "A secret of GitHub Actions, Dependabot or Codespaces",
        "github_secret",
        "GitHubSecretSettings",
        connections=("github-app", "token"),
    ),
    Kind(
        "azure-devops-service-connection",
        "The key of an Azure Resource Manager service connection of Azure DevOps",
        "azure_devops_service_connection",
        "ServiceConnectionSettings",
        connections=("identity", "token"),
    ),
    Kind(
        "azure-devops-variable-group",
        "A secret variable of an Azure DevOps variable group",
        "azure_devops_variable_group",
        "VariableGroupSettings",
        connections=("identity", "token"),
    ),
    Kind("webhook", "An HTTPS address that is told, signed as Standard Webhooks say", "webhook", "WebhookSettings"),
    Kind(
        "vault-kv",
        "A secret in HashiCorp Vault or OpenBao, KV version 2",
        "vault_kv",
        "VaultKvSettings",
        connections=("token", "approle", "vault-jwt"),
    ),
    Kind(
        "kubernetes-secret",
        "A key of a Kubernetes Secret, and a rollout of what reads it",
        "kubernetes_secret",
        "KubernetesSecretSettings",
        connections=("token", "identity"),
    ),
    Kind(
        "aws-secrets-manager",
        "A secret in AWS Secrets Manager",
        "aws_secrets_manager",
        "SecretsManagerSettings",
        connections=("aws-keys", "aws-role"),
    ),
    Kind(
        "aws-ssm-parameter",
        "A SecureString parameter of AWS Systems Manager",
        "aws_ssm_parameter",
        "SsmParameterSettings",
        connections=("aws-keys", "aws-role"),
    ),
    Kind(
        "postgresql",
        "A column of a row of a PostgreSQL table",
        "postgresql",
        "PostgresqlSettings",
        connections=("basic", "identity"),
    ),
    Kind(
        "rest-template",
        "Anything with an HTTPS API, by a request that you describe or a preset (GitLab, Terraform, Auth0)",
        "rest_template",
        "RestTemplateSettings",
        connections=("token", "api-key", "basic", "client-secret", "oauth-client"),
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.kind: kind for kind in _LISTED})


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
