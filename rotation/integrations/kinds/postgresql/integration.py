"""
Write one column of one row, with our mark in a column beside it, under the row's own lock; then read both back.

Value and mark are one statement of one transaction, so they never part, and a crash leaves the old ones.
"""

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Capabilities, Found, Level, Receipt, Shipment, Verdict
from rotation.domain.errors import DestinationGone, Misconfigured
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.connections import Basic, Identity, connection_of
from rotation.integrations.kind import AutomaticIntegration
from rotation.integrations.kinds.postgresql.client import Held, Login, Row, transact
from rotation.integrations.kinds.postgresql.settings import PostgresqlSettings
from rotation.integrations.mark import Mark, judged, refuse_covering, tags
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read


class PostgresqlIntegration(AutomaticIntegration[PostgresqlSettings]):
    """A row of a table."""

    def settings(self, of: Destination) -> PostgresqlSettings:
        """Read them."""
        return read(PostgresqlSettings, of)

    async def check(self, to: Destination) -> Check:
        """Read the row, and ask whether our role may write it."""
        settings = self.settings(to)

        async def look(row: Row) -> tuple[Held | None, bool]:
            return await row.read(), await row.may_write()

        held, may_write = await transact(settings, await self._login(to, settings), look)
        why = "" if may_write else f"our role has no right to UPDATE {settings.table}.{settings.value_column}"
        if held is None and not settings.create:
            why = "there is no such row; make it, or set `create: true`"
        elif held is not None and _is_foreign(held, settings):
            why = "the row holds a value that we did not write; `adopt: true` lets it be replaced"
        return Check(readiness=Readiness.MISCONFIGURED if why else Readiness.READY, why=why)

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """Write unless it is there already, mark and all."""
        settings = self.settings(to)

        async def write(row: Row) -> str:
            held = await row.read(lock=True)
            if held is None:
                if not settings.create:
                    raise DestinationGone("there is no such row; make it, or set `create: true`")
                await row.insert(text, tags(shipment))
                return "row made"
            if held.value == text and (settings.rotation_column is None or held.mark == Mark.of(shipment)):
                return "was there"
            if settings.rotation_column is not None and held.value is not None and held.value != text:
                refuse_covering(held.mark, shipment, where=settings.where, adopt=settings.adopt)
            await row.update(text, tags(shipment))
            return "yes"

        written = await transact(settings, await self._login(to, settings), write)
        return Receipt(reference=f"{settings.where}@{shipment.version}", facts={"written": written})

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        """Compare the column with *text*, in constant time."""
        settings = self.settings(at)
        held = await transact(settings, await self._login(at, settings), Row.read)
        if held is None or held.value is None:
            return Verdict(found=Found.ABSENT, why="there is no such row" if held is None else "the column is empty")
        if held.value == text:
            return Verdict(found=Found.CURRENT, level=Level.STORED, why="read back")
        if settings.rotation_column is None:
            return Verdict(found=Found.OLDER, why="it holds another text")
        return judged(held.mark, shipment) or Verdict(found=Found.ABSENT, why="our mark stands beside another text")

    async def _login(self, to: Destination, settings: PostgresqlSettings) -> Login:
        match connection_of(to, Basic, Identity):
            case Basic(user=user, secret=secret):
                return Login(user=user, password=await self._services.connection_secret(secret))
            case _ if settings.user is None:
                raise Misconfigured([f"destinations.{to.name}.user: name the role that our identity signs in as"])
            case _:
                return Login(user=settings.user, password=await self._services.token(settings.scope))


def make(services: IntegrationServices, capabilities: Capabilities) -> PostgresqlIntegration:
    """Make the implementation of `postgresql`."""
    return PostgresqlIntegration(services, capabilities)


def _is_foreign(held: Held, settings: PostgresqlSettings) -> bool:
    marked = held.mark is not None or settings.rotation_column is None
    return held.value is not None and not marked and not settings.adopt
