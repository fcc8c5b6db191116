"""From settings to `Services`."""

import os
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import urlsplit

from rotation.adapters.audit import AzureAuditTrail
from rotation.adapters.clock import RandomUlids, SystemClock
from rotation.adapters.config_source import config_source
from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.directory import GraphDirectory
from rotation.adapters.graph.throw_aways import GraphThrowAways
from rotation.adapters.graph.usage import GraphUsageReport
from rotation.adapters.identity import hosted_identity, terminal_identity
from rotation.adapters.key_vault import KeyVaults
from rotation.adapters.queues import AzureQueues
from rotation.adapters.sign_in import EntraSignIn
from rotation.adapters.snapshots import AzureSnapshots
from rotation.adapters.storage import StorageAccount
from rotation.adapters.surroundings import AzureSurroundings
from rotation.adapters.tables import AzureTables
from rotation.bootstrap.channels import ConfiguredMail
from rotation.bootstrap.clients import open_client, trusted_roots
from rotation.bootstrap.places import place
from rotation.configurations import LoadedConfigurations
from rotation.domain.identifiers import TenantId
from rotation.domain.pace import Paces
from rotation.domain.schedule import Schedule
from rotation.domain.secret import SecretText
from rotation.integrations.catalogue import Catalogue
from rotation.integrations.services import IntegrationServices, TokenAs, TokenFor
from rotation.ledger.control import Control
from rotation.notifications.graph_mail import GraphMail
from rotation.notifications.teams import Teams
from rotation.ports.clock import Clock
from rotation.ports.directory import Directory
from rotation.ports.notices import Channel
from rotation.ports.surroundings import Surroundings
from rotation.ports.usage import UsageSource
from rotation.ports.vault import Vault
from rotation.settings import Settings
from rotation.workflows.services import Services, Timing

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

WITHOUT_REPORT = frozenset({"graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"})
"""Clouds whose Graph has no report of credential use (protocol.md, Usage sources)."""


class Composition:
    """Every adapter of one deployment, open until `close`; a context manager."""

    def __init__(self, settings: Settings, *, hosted: bool = True) -> None:
        self.settings = settings
        self._open = AsyncExitStack()
        self._hosted = hosted
        self.services = self._compose()

    async def close(self) -> None:
        """Close every connection."""
        await self._open.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _compose(self) -> Services:
        settings, account = self.settings, self._account()
        identity = self._identity(settings.client_id)
        tables = self._kept(AzureTables(account.tables()))
        vaults = self._kept(KeyVaults(identity, verify_challenge_resource=settings.verify_vault_challenge))
        graph = self._kept(GraphClient(identity, settings.graph_url))
        sign_in, clock = _sign_in(settings), SystemClock()
        configurations = self._configurations(account, Control(tables), clock)
        known = _for_kinds(
            settings,
            vaults=vaults,
            clock=clock,
            directory=GraphDirectory(graph),
            token=partial(_token, identity),
            token_as=sign_in.token_as,
        )
        return Services(
            clock=clock,
            ulids=RandomUlids(),
            directory=GraphDirectory(graph),
            sign_in=sign_in,
            vaults=vaults,
            tables=tables,
            queues=self._kept(AzureQueues(account.queues)),
            snapshots=self._kept(AzureSnapshots(account.blobs())),
            audit_trail=self._kept(AzureAuditTrail(account.blobs())),
            usage=tuple(self._usage_sources(graph, identity, clock)),
            integrations=Catalogue(known),
            channels=self._channels(identity, configurations, vaults.at(settings.vault_url)),
            configurations=configurations,
            surroundings=self._surroundings(identity, graph, account),
            throw_aways=GraphThrowAways(graph, vaults),
            tenant_id=settings.tenant_id,
            vault_url=settings.vault_url,
            worker=f"{socket.gethostname()}-{os.getpid()}",
            own_client_ids=settings.never_enrolled,
            timing=_timing(settings),
            paces=Paces(settings.write_quota),
            nights=Schedule.parse(settings.scan_schedule) if settings.scan_schedule else None,
            link=settings.dashboard_url or "",
        )

    def _surroundings(
        self, identity: "AsyncTokenCredential", graph: GraphClient, account: StorageAccount
    ) -> Surroundings:
        where = place(self.settings)
        return self._kept(
            AzureSurroundings(identity=identity, graph=graph, account=account, open_client=open_client, place=where)
        )

    def _kept[Closable: _Closable](self, part: Closable) -> Closable:
        self._open.push_async_callback(part.close)
        return part

    def _identity(self, client_id: str | None) -> "AsyncTokenCredential":
        return self._kept(hosted_identity(client_id) if self._hosted else terminal_identity())

    def _account(self) -> StorageAccount:
        storage = self.settings.storage
        if storage.connection_string:
            return StorageAccount(connection_string=storage.connection_string)
        identity = self._identity(storage.client_id or self.settings.client_id)
        return StorageAccount(addresses=storage.addresses, credential=identity)

    def _configurations(self, account: StorageAccount, control: Control, clock: Clock) -> LoadedConfigurations:
        source = self._kept(config_source(self.settings.config, account))
        return LoadedConfigurations(source, control, clock, name=self.settings.config)

    def _usage_sources(
        self, graph: GraphClient, identity: "AsyncTokenCredential", clock: Clock
    ) -> Iterator[UsageSource]:
        settings = self.settings
        if urlsplit(settings.graph_url).hostname not in WITHOUT_REPORT:
            yield GraphUsageReport(graph)
        if settings.sign_in_workspaces:
            from rotation.adapters.log_analytics import LogAnalyticsSignIns  # noqa: PLC0415  # its SDK loads slowly

            yield self._kept(LogAnalyticsSignIns(identity, settings.sign_in_workspaces, clock, url=settings.logs_url))

    def _channels(
        self, identity: "AsyncTokenCredential", configurations: LoadedConfigurations, vault: Vault
    ) -> tuple[Channel, ...]:
        url = self.settings.graph_url
        graph = GraphMail(identity, open_client, graph_url=url)
        mail = ConfiguredMail(graph, configurations, vault=vault, trusted=trusted_roots)
        return Teams(vault, open_client), mail


def _sign_in(settings: Settings) -> EntraSignIn:
    scope = f"{settings.graph_url}/.default"
    return EntraSignIn(settings.tenant_id, scope=scope, authority=settings.authority_host)


def _for_kinds(
    settings: Settings,
    *,
    vaults: KeyVaults,
    clock: Clock,
    directory: Directory,
    token: TokenFor,
    token_as: TokenAs,
) -> IntegrationServices:
    return IntegrationServices(
        vaults=vaults,
        home_vault=settings.vault_url,
        open_client=open_client,
        clock=clock,
        tenant_id=TenantId(settings.tenant_id),
        directory=directory,
        token=token,
        token_as=token_as,
        graph_url=settings.graph_url,
        arm_url=settings.arm_url,
        authority_host=settings.authority_host,
    )


async def _token(identity: "AsyncTokenCredential", scope: str) -> SecretText:
    return SecretText((await identity.get_token(scope)).token)


class _Closable(Protocol):
    async def close(self) -> None: ...


def _timing(settings: Settings) -> Timing:
    return Timing(
        lease=settings.lease,
        look_spacing=settings.look_spacing,
        phase_deadline=settings.phase_deadline,
        paused_recheck=settings.paused_recheck,
        scan_heartbeat=settings.scan_heartbeat,
        scan_silent=settings.scan_silent_after,
    )
