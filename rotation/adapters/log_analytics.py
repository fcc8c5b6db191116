"""
Each app-only sign-in, from Log Analytics' table of service-principal sign-ins (platform-facts.md, M).

The SDK takes a while to load: `bootstrap` imports this module only where a workspace is configured.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError, HttpResponseError
from azure.monitor.query import LogsQueryResult, LogsTable
from azure.monitor.query.aio import LogsQueryClient

from rotation.adapters.azure_errors import FORBIDDEN, NOT_FOUND, UNAUTHORISED, answer, translated
from rotation.adapters.closing import Closing
from rotation.adapters.transport import MeasuredTransport
from rotation.domain.credential import Application
from rotation.domain.errors import AccessDenied, BrokenInvariant, RotationError, Unavailable
from rotation.domain.identifiers import ClientId, KeyId, is_guid
from rotation.domain.use import Sighting
from rotation.ports.clock import Clock
from rotation.ports.usage import Look

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

READ_LOGS = "Log Analytics Reader"
"""The role that our identity needs on each workspace."""
LOOK_BACK = timedelta(days=90)
"""How far the first look goes; what a workspace has forgotten it does not give."""
SLICE_AT_LEAST = timedelta(minutes=15)
"""A question about less time than this is not split again."""
_WHAT = "read the sign-in log"
_SERVER_SECONDS = 60
_TOO_SLOW = 504
_QUERY = """AADServicePrincipalSignInLogs
| where ResultType == '0' and isnotempty(ServicePrincipalCredentialKeyId){only}
| summarize FirstUse = min(TimeGenerated), LastUse = max(TimeGenerated)
    by AppId, ServicePrincipalCredentialKeyId, IPAddress, ResourceDisplayName, Day = bin(TimeGenerated, 1d)"""
_COLUMNS = ("AppId", "ServicePrincipalCredentialKeyId", "IPAddress", "ResourceDisplayName", "FirstUse", "LastUse")


class _TooSlow(Unavailable):
    """The service gave up on the question; one about less time may do."""


class LogAnalyticsSignIns(Closing):
    """
    App-only sign-ins of one or more workspaces, summed up by key id, address, resource and day.

    It never shows a sign-in with a user in it, so its silence means nothing where people sign in. What the service
    answers in part only, or not in time, is asked for again in halves of its time; what cannot be had whole is not had.

    Args:
        workspaces: Their ids (GUIDs); they are asked together.
        url: The query service of this cloud.
        audience: Whom tokens are for; by default the service itself.
    """

    def __init__(
        self,
        credential: "AsyncTokenCredential",
        workspaces: Sequence[str],
        clock: Clock,
        *,
        url: str,
        audience: str | None = None,
    ) -> None:
        self._workspace, *self._others = workspaces
        self._clock = clock
        transport = MeasuredTransport(read_seconds=_SERVER_SECONDS + 20)
        self._client = LogsQueryClient(
            credential, endpoint=url, audience=audience or url, retry_total=1, transport=transport
        )

    @property
    def name(self) -> str:
        return "sign-in-log"

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def sees(self, application: Application) -> bool:
        return not application.signs_in_people

    async def sightings(self, look: Look) -> AsyncIterator[Sighting]:
        now = self._clock.now()
        slices = [(look.since or now - LOOK_BACK, now)]
        while slices:
            start, end = slices.pop()
            tables = await self._ask(look.client_id, start, end)
            if tables is None and end - start < 2 * SLICE_AT_LEAST:
                raise Unavailable(f"{_WHAT}: it tells too much at once, even of {end - start}")
            if tables is None:
                middle = start + (end - start) / 2
                slices += [(middle, end), (start, middle)]
                continue
            for sighting in _sightings(tables):
                yield sighting

    async def _ask(self, client_id: ClientId | None, start: datetime, end: datetime) -> Sequence[LogsTable] | None:
        """Ask about one stretch of time; None: only a part of the answer came."""
        only = f" and AppId == '{_guid(client_id)}'" if client_id else ""
        call = self._client.query_workspace(
            self._workspace,
            _QUERY.format(only=only),
            timespan=(start, end),
            additional_workspaces=self._others or None,
            server_timeout=_SERVER_SECONDS,
        )
        try:
            found = await answer(call, _translate)
        except _TooSlow:
            return None
        return found.tables if isinstance(found, LogsQueryResult) else None


def _guid(client_id: ClientId) -> str:
    if not is_guid(client_id):
        raise BrokenInvariant(f"{_WHAT}: {client_id[:40]!r} is no client id")
    return client_id


def _sightings(tables: Sequence[LogsTable]) -> Iterable[Sighting]:
    for table in tables:
        if not table.rows:
            continue
        if missing := set(_COLUMNS) - set(table.columns):
            raise Unavailable(f"{_WHAT}: the answer has no column {', '.join(sorted(missing))}")
        for row in table.rows:
            yield _sighting({name: row[name] for name in _COLUMNS})


def _sighting(row: Mapping[str, Any]) -> Sighting:
    resource, address = str(row["ResourceDisplayName"] or "?"), str(row["IPAddress"] or "")
    return Sighting(
        client_id=ClientId(str(row["AppId"]).lower()),
        key_id=KeyId(str(row["ServicePrincipalCredentialKeyId"]).lower()),
        last_used_at=_instant(row["LastUse"]),
        first_used_at=_instant(row["FirstUse"]),
        origin=f"for {resource} from {address or 'an address that is not told'}",
        address=address,
    )


def _instant(value: object) -> datetime:
    """Take the SDK's datetime; text is what it could not read."""
    if not isinstance(value, datetime):
        raise Unavailable(f"{_WHAT}: a time cannot be read")
    return value.astimezone(UTC)


def _translate(error: AzureError) -> RotationError:
    status = error.status_code if isinstance(error, HttpResponseError) else None
    if status in {UNAUTHORISED, FORBIDDEN}:
        told = f"{_WHAT}: refused ({status}); our identity needs {READ_LOGS} on each workspace"
        return AccessDenied(told, needs=READ_LOGS)
    if status == NOT_FOUND:
        return AccessDenied(f"{_WHAT}: there is no such workspace, or our identity may not know of it", needs=READ_LOGS)
    return _TooSlow(f"{_WHAT}: it took too long") if status == _TOO_SLOW else translated(error, _WHAT)
