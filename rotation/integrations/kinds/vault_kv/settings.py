"""Settings of `vault-kv` destinations: HashiCorp Vault or OpenBao, KV version 2."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from rotation.domain.capability import Concurrency, Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.integrations.outbound.addresses import BaseAddress, Seconds
from rotation.integrations.settings import KindSettings


def _path(text: str) -> str:
    parts = text.strip("/").split("/")
    if not all(parts) or any(part in {".", ".."} for part in parts):
        raise ValueError("a path looks like team/application, without empty or dotted parts")
    return "/".join(parts)


type SecretPath = Annotated[str, Field(pattern=r"^[0-9A-Za-z._/-]{1,200}$"), AfterValidator(_path)]


class VaultKvSettings(KindSettings):
    """Which field of which secret."""

    address: BaseAddress
    """The server, such as https://vault.contoso.com:8200."""
    mount: SecretPath = "secret"
    """Where the KV version 2 engine is mounted."""
    path: SecretPath
    """The secret's path below the mount, without `data/`."""
    field: Annotated[str, Field(pattern=r"^[^\s]{1,100}$")] = "client_secret"
    """The field that holds the value; the secret's other fields stay as they are."""
    namespace: Annotated[str, Field(pattern=r"^[0-9A-Za-z._/-]{0,200}$")] = ""
    """Namespace of Vault Enterprise or OpenBao."""
    adopt: bool = False
    """Yes, what lies in the field without our mark may be replaced."""
    private_network: bool = False
    """Let the host have a private or loopback address; link-local and metadata addresses never."""
    timeout_seconds: Seconds = 15.0

    def identity(self) -> Mapping[str, object]:
        """Give the server and the place in it."""
        place = {"address": self.address, "namespace": self.namespace, "mount": self.mount, "path": self.path}
        return {**place, "field": self.field, "value": True, "private_network": self.private_network}

    def capabilities(self) -> Capabilities:
        """Tell that it can be read back, and that check-and-set keeps writers apart."""
        return Capabilities(
            mode=DeliveryMode.AUTOMATIC,
            level=Level.STORED,
            reads_back=ReadBack.VALUE,
            concurrency=Concurrency.ETAG,
        )

    def describe(self) -> Description:
        """Name field, path and server."""
        data, metadata = f"{self.mount}/data/{self.path}", f"{self.mount}/metadata/{self.path}"
        return Description(
            where=f"field {self.field!r} of {self.mount}/{self.path} at {self.address}",
            permissions=(f"{data}: create, read, patch", f"{metadata}: create, read, update"),
            secretless="Vault's Azure secrets engine or the consumer's workload identity needs no copied secret.",
            traps=("Consumers that read a fixed version, and agents with a lease of their own, see it later.",),
        )
