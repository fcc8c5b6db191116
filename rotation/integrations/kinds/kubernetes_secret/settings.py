"""Settings of `kubernetes-secret` destinations."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from rotation.domain.capability import Activation, Concurrency, Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.integrations.outbound.addresses import BaseAddress, Seconds
from rotation.integrations.outbound.certificates import Certificates
from rotation.integrations.settings import KindSettings

type Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]


class Workload(BaseModel):
    """What is restarted so that it reads the new value."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    kind: Literal["deployment", "statefulset", "daemonset"]
    name: Name


class KubernetesSecretSettings(KindSettings):
    """Which key of which Secret of which cluster."""

    server: BaseAddress
    """The API server."""
    ca_certificate: Certificates | None = None
    """The cluster's certificate authority, in PEM; it is public. Without it, the usual roots."""
    namespace: Name
    secret: Name
    """Name of the Secret."""
    key: Annotated[str, Field(pattern=r"^[0-9A-Za-z]([0-9A-Za-z._-]{0,61}[0-9A-Za-z])?$")] = "client-secret"
    """The key below `data`; other keys stay as they are."""
    create: bool = False
    """Make the Secret where it is not there."""
    workloads: Annotated[tuple[Workload, ...], Field(max_length=10)] = ()
    """Restarted after each new value; without any, pods see it when they start, or when the kubelet refreshes it."""
    adopt: bool = False
    """Yes, what lies in the key without our mark may be replaced."""
    entra_scope: str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
    """What our identity asks a token for, where no connection is named: AKS's own server application."""
    private_network: bool = False
    """Let the host have a private or loopback address; link-local and metadata addresses never."""
    timeout_seconds: Seconds = 15.0

    @property
    def path(self) -> str:
        """Give the namespace's secrets."""
        return f"/api/v1/namespaces/{self.namespace}/secrets"

    def identity(self) -> Mapping[str, object]:
        """Give the cluster and the place in it."""
        return {"server": self.server, "secret": f"{self.namespace}/{self.secret}", "key": self.key, "value": True}

    def capabilities(self) -> Capabilities:
        """Tell that it can be read back, and that workloads are restarted on request."""
        return Capabilities(
            mode=DeliveryMode.AUTOMATIC,
            level=Level.STORED,
            reads_back=ReadBack.VALUE,
            concurrency=Concurrency.ETAG,
            activation=Activation.EXPLICIT if self.workloads else Activation.NONE,
            restarts=bool(self.workloads),
        )

    def describe(self) -> Description:
        """Name key, Secret and cluster."""
        verbs = "get, patch" + (", create" if self.create else "")
        resources = sorted({f"{each.kind}s: get, patch" for each in self.workloads})
        return Description(
            where=f"key {self.key!r} of Secret {self.namespace}/{self.secret} at {self.server}",
            permissions=(f"secrets {self.secret!r}: {verbs}", *resources),
            secretless=(
                "On AKS, workload identity lets pods sign in with their service account: add a federated credential "
                f"for system:serviceaccount:{self.namespace}:<service account> to the application."
            ),
            traps=("Pods that read it as an environment variable see a new value only after a restart.",),
        )
