"""The storage account of the host, which is ours too."""

from collections.abc import Mapping
from typing import Self

from pydantic import model_validator

from rotation.settings.spellings import ConnectionString, Environment, Guid, ServiceAddress, setting

STORAGE = "AzureWebJobsStorage"
SERVICES = ("blob", "queue", "table")


class StorageConnection(Environment):
    """The storage account of the host, which is ours too: a connection string, or addresses and an identity."""

    connection_string: ConnectionString | None = setting(
        STORAGE, "Connection string. With it, none of the others is needed.", default=None, secret=True
    )
    account_name: str | None = setting(
        f"{STORAGE}__accountName", "Account, from which the three addresses follow.", default=None
    )
    endpoint_suffix: str = setting(
        f"{STORAGE}__endpointSuffix", "Suffix of those addresses, for other clouds.", default="core.windows.net"
    )
    blob: ServiceAddress | None = setting(f"{STORAGE}__blobServiceUri", "Address of blobs.", default=None)
    queue: ServiceAddress | None = setting(f"{STORAGE}__queueServiceUri", "Address of queues.", default=None)
    table: ServiceAddress | None = setting(f"{STORAGE}__tableServiceUri", "Address of tables.", default=None)
    client_id: Guid | None = setting(
        f"{STORAGE}__clientId", "Client id of the user-assigned identity for storage.", default=None
    )
    credential: str | None = setting(
        f"{STORAGE}__credential", "`managedidentity`; the host needs it where a client id is given.", default=None
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not self.connection_string and (missing := [each for each in SERVICES if not self.addresses.get(each)]):
            names = ", ".join(f"{STORAGE}__{each}ServiceUri" for each in missing)
            raise ValueError(f"{STORAGE} is not set, nor is {STORAGE}__accountName, nor {names}")
        return self

    @property
    def addresses(self) -> Mapping[str, str]:
        """The address of each service (`blob`, `queue`, `table`), where no connection string is set."""
        given = {"blob": self.blob, "queue": self.queue, "table": self.table}
        usual = f"https://{self.account_name}.{{}}.{self.endpoint_suffix}" if self.account_name else ""
        return {name: address or usual.format(name) for name, address in given.items() if address or usual}
