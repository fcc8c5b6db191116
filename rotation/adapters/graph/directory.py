"""The directory port on Microsoft Graph, put together from its parts."""

from collections.abc import AsyncIterator, Sequence

from rotation.adapters.graph import applications, owners, roles, rules
from rotation.adapters.graph.client import GraphClient
from rotation.domain.credential import Application
from rotation.domain.identifiers import ClientId, KeyId, ObjectId
from rotation.ports.directory import CredentialRules, MintedCredential, MintRequest, Owned, Owner, Page, PassItem


class GraphDirectory:
    """One tenant. The client is given and closed by whoever made it: the usage report shares it."""

    def __init__(self, client: GraphClient) -> None:
        self._client = client

    def applications(self) -> AsyncIterator[Page]:
        return applications.all_applications(self._client)

    def certificates(self) -> AsyncIterator[Sequence[PassItem]]:
        return applications.certificates(self._client)

    def service_principals(self) -> AsyncIterator[Sequence[PassItem]]:
        return applications.service_principals(self._client)

    def owned(self) -> AsyncIterator[Sequence[Owned]]:
        return applications.owned(self._client)

    async def application(self, object_id: ObjectId) -> Application:
        return await applications.application(self._client, object_id)

    async def by_client_id(self, client_id: ClientId) -> Application:
        return await applications.by_client_id(self._client, client_id)

    async def is_deleted(self, object_id: ObjectId) -> bool:
        return await applications.is_deleted(self._client, object_id)

    async def mint(self, request: MintRequest) -> MintedCredential:
        from rotation.adapters.graph import credentials  # noqa: PLC0415  # cold start, see connection

        return await credentials.mint(self._client, request)

    async def remove(self, application: ObjectId, key_id: KeyId) -> float | None:
        from rotation.adapters.graph import credentials  # noqa: PLC0415  # cold start, see connection

        return await credentials.remove(self._client, application, key_id)

    async def rules(self, application: ObjectId) -> CredentialRules:
        return await rules.rules(self._client, application)

    async def owners(self, applications: Sequence[ObjectId]) -> dict[ObjectId, tuple[Owner, ...]]:
        return await owners.owners(self._client, applications)

    async def directory_roles(self, client_id: ClientId) -> tuple[str, ...]:
        return await roles.directory_roles(self._client, client_id)
