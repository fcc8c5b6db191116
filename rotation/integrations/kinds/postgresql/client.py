"""One row of one table: one connection and one transaction a call (integrations.md B2, row 29)."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier, Placeholder

from rotation.domain.errors import DestinationRefused, OutcomeUnknown, RotationError, Unavailable
from rotation.domain.secret import SecretText
from rotation.integrations.kinds.postgresql.refusals import refusal, unconnected
from rotation.integrations.kinds.postgresql.settings import PostgresqlSettings
from rotation.integrations.mark import Mark
from rotation.integrations.outbound.certificates import roots_file
from rotation.integrations.outbound.guard import resolve

WAITS_FOR_ROW = "5s"

# At DEBUG it logs each attempt to connect; what it says there is not ours to vouch for.
logging.getLogger("psycopg").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the row holds."""

    value: SecretText | None
    """None where the column is null or empty."""
    mark: Mark | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who signs in."""

    user: str
    password: SecretText


class Row:
    """The row, within a transaction."""

    def __init__(self, connection: AsyncConnection, settings: PostgresqlSettings) -> None:
        self._connection, self._settings = connection, settings
        self.written = False

    async def read(self, *, lock: bool = False) -> Held | None:
        """
        Read it; None where it is not there.

        Args:
            lock: Keep others from writing it until the transaction ends.

        Raises:
            DestinationRefused: There is more than one (`key-not-unique`).
        """
        columns = [self._settings.value_column, *filter(None, [self._settings.rotation_column])]
        query = SQL("SELECT {} FROM {} WHERE {} LIMIT 2").format(
            SQL(", ").join(SQL("{}::text").format(Identifier(column)) for column in columns),
            self._table,
            self._is_meant,
        )
        found = await self._all(query + SQL(" FOR UPDATE") if lock else query)
        if len(found) > 1:
            raise DestinationRefused("more than one row has that key; the one is not known", reason="key-not-unique")
        return found[0] if found else None

    async def _all(self, query: Composed) -> list[Held]:
        cursor = await self._connection.execute(query, self._settings.key)
        return [_held(*row) async for row in cursor]

    async def may_write(self) -> bool:
        """Tell whether our role has the right to change the value; PostgreSQL shows rights to whoever asks."""
        query = SQL("SELECT has_column_privilege({}::text, {}::text, 'UPDATE')")
        table = self._table.as_string(self._connection)
        cursor = await self._connection.execute(query.format(table, self._settings.value_column))
        return await cursor.fetchone() == (True,)

    async def update(self, text: SecretText, mark: Mapping[str, str]) -> None:
        """Change value and mark, in one statement."""
        self.written = True
        changes = SQL(", ").join(SQL("{} = {}").format(Identifier(column), Placeholder(column)) for column in self._new)
        query = SQL("UPDATE {} SET {} WHERE {}").format(self._table, changes, self._is_meant)
        await self._connection.execute(query, self._parameters(text, mark))

    async def insert(self, text: SecretText, mark: Mapping[str, str]) -> None:
        """
        Make the row.

        Raises:
            Unavailable: Somebody made it meanwhile (`lost-race`).
        """
        self.written = True
        columns = [*self._settings.key, *self._new]
        query = SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO NOTHING").format(
            self._table,
            SQL(", ").join(map(Identifier, columns)),
            SQL(", ").join(map(Placeholder, columns)),
            SQL(", ").join(map(Identifier, self._settings.key)),
        )
        if (await self._connection.execute(query, self._parameters(text, mark))).rowcount != 1:
            raise Unavailable("the row appeared while it was made; it is read again", reason="lost-race")

    @property
    def _table(self) -> Identifier:
        return Identifier(*self._settings.table.split("."))

    @property
    def _is_meant(self) -> Composed:
        each = (SQL("{} = {}").format(Identifier(column), Placeholder(column)) for column in self._settings.key)
        return SQL(" AND ").join(each)

    @property
    def _new(self) -> list[str]:
        return [self._settings.value_column, *filter(None, [self._settings.rotation_column])]

    def _parameters(self, text: SecretText, mark: Mapping[str, str]) -> dict[str, str]:
        """Bind the value as a parameter; a column that is not written takes no part."""
        marked = {self._settings.rotation_column: json.dumps(dict(mark))} if self._settings.rotation_column else {}
        return {**self._settings.key, self._settings.value_column: text.reveal(), **marked}


async def transact[T](settings: PostgresqlSettings, login: Login, work: Callable[[Row], Awaitable[T]]) -> T:
    """
    Do *work* in one transaction, and commit what it wrote.

    Raises:
        OutcomeUnknown: The connection was lost while it committed.
        RotationError: By SQLSTATE; or what *work* raises.
    """
    addresses = await resolve(settings.host, settings.port, private_network=settings.private_network)
    outcome = await _attempt(settings, login, work, hosts=[str(address) for address in addresses])
    if isinstance(outcome, RotationError):
        raise outcome
    return outcome


async def _attempt[T](
    settings: PostgresqlSettings, login: Login, work: Callable[[Row], Awaitable[T]], *, hosts: list[str]
) -> T | RotationError:
    """Let the driver's own errors end in here: their frames keep parameters, and their words rows."""
    committing = connected = False
    try:
        async with asyncio.timeout(settings.timeout_seconds), await _connect(settings, login, hosts) as connection:
            connected = True
            await connection.execute("SELECT set_config('lock_timeout', %s, true)", [WAITS_FOR_ROW])
            row = Row(connection, settings)
            done = await work(row)
            committing = row.written
            await (connection.commit() if committing else connection.rollback())
            return done
    except psycopg.Error as error:
        return refusal(error, settings.host, committing=committing) if connected else unconnected(error, settings.host)
    except TimeoutError:
        said = f"{settings.host} gave no answer in time"
        return OutcomeUnknown(said, host=settings.host) if committing else Unavailable(said, host=settings.host)


async def _connect(settings: PostgresqlSettings, login: Login, hosts: list[str]) -> AsyncConnection:
    """Connect to the addresses that were judged, over TLS whose certificate is for the name."""
    with roots_file(settings.ca_certificate) as roots:
        return await AsyncConnection.connect(
            host=",".join([settings.host] * len(hosts)),
            hostaddr=",".join(hosts),
            port=settings.port,
            dbname=settings.database,
            user=login.user,
            password=login.password.reveal(),
            sslmode="verify-full",
            sslrootcert=roots,
            sslcertmode="disable",
            gssencmode="disable",
            application_name="rotation",
            # A database in SQL_ASCII gives bytes otherwise.
            client_encoding="utf8",
            prepare_threshold=None,
        )


def _held(value: str | None, mark: str | None = None) -> Held:
    return Held(value=SecretText(value) if value else None, mark=_mark(mark or ""))


def _mark(text: str) -> Mark | None:
    found: object = None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return Mark.read({str(k): str(v) for k, v in found.items()}) if isinstance(found, dict) else None
