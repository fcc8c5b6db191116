"""Settings of `github-secret` destinations: of a repository, an environment or an organisation."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import AfterValidator, Field, model_validator

from rotation.domain.capability import Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.integrations.outbound.addresses import BaseAddress, Seconds
from rotation.integrations.settings import KindSettings

type Store = Literal["actions", "dependabot", "codespaces"]
RIGHTS: Mapping[str, str] = {
    "actions": "Secrets",
    "dependabot": "Dependabot secrets",
    "codespaces": "Codespaces secrets",
}


def _not_theirs(name: str) -> str:
    if name.startswith("GITHUB_"):
        raise ValueError("GitHub keeps names that begin with GITHUB_ to itself")
    return name


class GitHubSecretSettings(KindSettings):
    """Which secret of whom."""

    owner: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,39}$")]
    """The organisation or user."""
    repository: Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]{1,100}$")] | None = None
    """Without it, a secret of the organisation."""
    environment: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """A deployment environment of the repository."""
    store: Store = "actions"
    name: Annotated[str, Field(pattern=r"^[A-Z_][0-9A-Z_]{0,99}$"), AfterValidator(_not_theirs)]
    """Its name, in capitals."""
    api_url: BaseAddress = "https://api.github.com"
    """Of GitHub Enterprise Server: https://<host>/api/v3."""
    private_network: bool = False
    """Let the host have a private or loopback address; link-local and metadata addresses never."""
    timeout_seconds: Seconds = 15.0

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.environment and not self.repository:
            raise ValueError("an environment belongs to a repository: name it")
        if self.environment and self.store != "actions":
            raise ValueError(f"environments have secrets of Actions only, not of {self.store}")
        return self

    @property
    def place(self) -> str:
        """Give the path that holds `secrets`."""
        if self.environment:
            return f"/repos/{self.owner}/{self.repository}/environments/{quote(self.environment, safe='')}"
        holder = f"/repos/{self.owner}/{self.repository}" if self.repository else f"/orgs/{self.owner}"
        return f"{holder}/{self.store}"

    def identity(self) -> Mapping[str, object]:
        """Give the server, the place and the name."""
        return {"api_url": self.api_url, "place": self.place, "name": self.name, "value": True}

    def capabilities(self) -> Capabilities:
        """Tell that nobody can read it back: only its date shows."""
        return Capabilities(mode=DeliveryMode.AUTOMATIC, level=Level.ACCEPTED, reads_back=ReadBack.TIMESTAMP)

    def describe(self) -> Description:
        """Name the secret, and the way to do without."""
        whose = f"{self.owner}/{self.repository}" if self.repository else f"organisation {self.owner}"
        place = f"environment {self.environment} of {whose}" if self.environment else whose
        right = "Environments" if self.environment else RIGHTS[self.store]
        level = "repository" if self.repository else "organization"
        return Description(
            where=f"{self.store} secret {self.name} of {place}",
            permissions=(f"{right}: read and write ({level} permission of the GitHub App or token)",),
            secretless=(
                "A workflow can sign in by OpenID Connect: add a federated credential for "
                f"repo:{self.owner}/{self.repository or '<repository>'} to the application, give the job "
                "`permissions: id-token: write`, and use azure/login without a client secret."
            )
            if self.store == "actions"
            else "",
            traps=("It cannot be read back: a run of a workflow, or usage of the new key, shows the switch.",),
        )
