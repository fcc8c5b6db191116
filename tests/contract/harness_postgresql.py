"""`postgresql`, over PostgreSQL as PGlite compiles it, with TLS and passwords of our own front."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, LiteralString, Self

from psycopg import AsyncConnection

from rotation.domain.secret import SecretText
from rotation.ports.vault import NewVersion
from tests.contract.harness_base import CANARY_MARK, HOME, AutomaticHarness, Failure
from tests.contract.pglite import Front, Refusal, pglite
from tests.fakes.clock import MovableClock
from tests.fakes.vault import MemoryVault, MemoryVaults

TABLES: LiteralString = """
DROP SCHEMA IF EXISTS app CASCADE;
CREATE SCHEMA app;
CREATE TABLE app.settings (name text, stage text, secret text, "Mark" jsonb, colour text, PRIMARY KEY (name, stage));
CREATE TABLE app.history (at timestamptz DEFAULT now());
CREATE FUNCTION app.note() RETURNS trigger AS 'BEGIN INSERT INTO app.history DEFAULT VALUES; RETURN NULL; END'
    LANGUAGE plpgsql;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON app.settings FOR EACH ROW EXECUTE FUNCTION app.note();
"""
PASSWORD = f"{CANARY_MARK}connection"


class PostgresqlHarness(AutomaticHarness):
    kind = "postgresql"
    keeps_order = True
    cannot = frozenset({"throttled"})
    connection: ClassVar[Mapping[str, object] | None] = {"type": "basic", "user": "postgres", "secret": "connection"}

    def __init__(self) -> None:
        self.clock = MovableClock(datetime.now(UTC))
        self.vaults = MemoryVaults(MemoryVault(HOME, self.clock), clock=self.clock)
        self.front = Front(PASSWORD, pglite())

    async def __aenter__(self) -> Self:
        await self.front.start()
        await self.administrate(TABLES)
        await self.vaults.at(HOME).write("connection", NewVersion(text=SecretText(PASSWORD), tags={}))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.front.stop()

    async def administrate(self, query: LiteralString, *parameters: object) -> list[Any]:
        """Do what the database's owner does, past the front."""
        folder = str(self.front.folder)
        async with await AsyncConnection.connect(
            host=folder, dbname="postgres", user="postgres", sslmode="disable", autocommit=True
        ) as connection:
            cursor = await connection.execute(query, parameters or None)
            return await cursor.fetchall() if cursor.description else []

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "host": "localhost",
            "port": self.front.port,
            "database": "postgres",
            "table": "app.settings",
            "key": {"name": "payments", "stage": "production"},
            "value_column": "secret",
            "rotation_column": "Mark",
            "create": True,
            "ca_certificate": self.front.certificate,
            "private_network": True,
        }

    async def taken(self) -> int:
        (row,) = await self.administrate("SELECT count(*) FROM app.history")
        return int(row[0])

    @property
    def calls(self) -> Sequence[str]:
        return self.front.queries

    def fail(self, how: Failure) -> None:
        refusals: dict[Failure, Refusal] = {
            "denied": ("28000", 'no pg_hba.conf entry for host "10.0.0.1", user "postgres"'),
            "gone": ("3D000", 'database "postgres" does not exist'),
            "unavailable": ("57P03", "the database system is starting up"),
        }
        self.front.refuses = refusals.get(how)
        self.front.lost = "commit" if how == "lost" else None
