"""Settings of `postgresql` destinations."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from rotation.domain.capability import Concurrency, Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.integrations.outbound.addresses import Seconds, host_name
from rotation.integrations.outbound.certificates import Certificates
from rotation.integrations.settings import KindSettings

ENTRA = {
    ".usgovcloudapi.net": "https://ossrdbms-aad.database.usgovcloudapi.net/.default",
    ".chinacloudapi.cn": "https://ossrdbms-aad.database.chinacloudapi.cn/.default",
    "": "https://ossrdbms-aad.database.windows.net/.default",
}
"""What Azure Database for PostgreSQL takes as a password, by the end of its servers' names in each cloud."""
_NAME = r"[A-Za-z_][0-9A-Za-z_]{0,62}"
_HOST = r"^([0-9A-Za-z]([0-9A-Za-z._-]{0,251}[0-9A-Za-z])?|[0-9A-Fa-f:.]{2,45})$"


def _not_of_the_system(table: str) -> str:
    schema = table.partition(".")[0].lower()
    if schema.startswith("pg_") or schema == "information_schema":
        raise ValueError("a table of the system is nobody's own")
    return table


type Column = Annotated[str, Field(pattern=f"^{_NAME}$")]
type Host = Annotated[str, Field(pattern=_HOST), AfterValidator(host_name)]
type KeyText = Annotated[str, Field(min_length=1, max_length=200)]


class PostgresqlSettings(KindSettings):
    """Which column of which row."""

    host: Host
    """The server's name, which its certificate must be for."""
    port: Annotated[int, Field(gt=0, lt=65536)] = 5432
    database: Annotated[str, Field(pattern=r"^[0-9A-Za-z_.-]{1,63}$")]
    user: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """Name of the role that our managed identity signs in as; `basic` connections name theirs."""
    table: Annotated[str, Field(pattern=rf"^{_NAME}\.{_NAME}$"), AfterValidator(_not_of_the_system)]
    """Such as app.settings: schema and table, in the spelling that the catalogue shows."""
    key: Annotated[dict[Column, KeyText], Field(min_length=1, max_length=4)]
    """Columns and what they hold in the one row that is meant."""
    value_column: Column
    """The column that holds the value."""
    rotation_column: Column | None = None
    """A text or jsonb column of ours, which tells whose the value is; without it, what was written last stands."""
    create: bool = False
    """Make the row where it is not there; `key` must be unique in the table."""
    adopt: bool = False
    """Yes, what lies in the column without our mark may be replaced."""
    ca_certificate: Certificates | None = None
    """The server's certificate authority, in PEM; it is public. Without it, the usual roots."""
    entra_scope: str = ""
    """What our identity asks a token for, where no connection is named; empty: Azure's, in the cloud of `host`."""
    private_network: bool = False
    """Let the host have a private or loopback address; link-local and metadata addresses never."""
    timeout_seconds: Seconds = 15.0

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        columns = [*self.key, self.value_column, *filter(None, [self.rotation_column])]
        if len(set(columns)) < len(columns):
            raise ValueError("each column has one part: those of `key`, `value_column` and `rotation_column` differ")
        if self.adopt and self.rotation_column is None:
            raise ValueError("`adopt` is for `rotation_column`: without a mark, whose a value is cannot be told")
        return self

    @property
    def scope(self) -> str:
        """What our identity asks a token for."""
        return self.entra_scope or next(scope for end, scope in ENTRA.items() if self.host.endswith(end))

    @property
    def where(self) -> str:
        """Name the row and its column, for people."""
        row = ", ".join(f"{column} = {held}" for column, held in self.key.items())
        return f"{self.table}.{self.value_column} where {row}, database {self.database} at {self.host}"

    def identity(self) -> Mapping[str, object]:
        """Give server, row and columns."""
        place = {"host": self.host.lower(), "port": self.port, "database": self.database, "user": self.user}
        row = {"table": self.table, "key": dict(self.key), "column": self.value_column, "mark": self.rotation_column}
        return {**place, **row, "value": True, "private_network": self.private_network}

    def capabilities(self) -> Capabilities:
        """Tell that it can be read back, and that the row is locked while it is written."""
        return Capabilities(
            mode=DeliveryMode.AUTOMATIC,
            level=Level.STORED,
            reads_back=ReadBack.VALUE,
            concurrency=Concurrency.ETAG,
        )

    def describe(self) -> Description:
        """Name the row and the rights on it."""
        written = ", ".join(filter(None, [self.value_column, self.rotation_column]))
        read = ", ".join([*self.key, written])
        insert = (f"INSERT ({read}) on {self.table}",) if self.create else ()
        return Description(
            where=self.where,
            permissions=(f"SELECT ({read}) on {self.table}", f"UPDATE ({written}) on {self.table}", *insert),
            secretless="A consumer with a managed or workload identity needs no copied secret in its database.",
            traps=(
                "It lies in the table in clear, for everybody who may read it; and in each backup.",
                "A server with log_statement = all, or with pgaudit's parameters, writes the value into its own log.",
            ),
        )
