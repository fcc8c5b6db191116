"""A directory that loses the answer of the first mint, as a crash right after it does."""

from collections.abc import AsyncIterator, Sequence

from rotation.domain.credential import Application
from rotation.domain.errors import OutcomeUnknown
from rotation.domain.identifiers import ClientId, KeyId, ObjectId
from rotation.ports.directory import (
    CredentialRules,
    Directory,
    MintedCredential,
    MintRequest,
    Owned,
    Owner,
    Page,
    PassItem,
)


class LosesFirstMint:
    """The real directory; the text of the first secret that is minted through it is let go unread."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.lost: KeyId | None = None
        """Whose text was lost."""

    async def mint(self, request: MintRequest) -> MintedCredential:
        minted = await self._directory.mint(request)
        if self.lost is None:
            self.lost = minted.credential.key_id
            raise OutcomeUnknown("the rehearsal let the answer go, as a crash would")
        return minted

    async def remove(self, application: ObjectId, key_id: KeyId) -> float | None:
        return await self._directory.remove(application, key_id)

    def applications(self) -> AsyncIterator[Page]:
        return self._directory.applications()

    def certificates(self) -> AsyncIterator[Sequence[PassItem]]:
        return self._directory.certificates()

    def service_principals(self) -> AsyncIterator[Sequence[PassItem]]:
        return self._directory.service_principals()

    def owned(self) -> AsyncIterator[Sequence[Owned]]:
        return self._directory.owned()

    async def application(self, object_id: ObjectId) -> Application:
        return await self._directory.application(object_id)

    async def by_client_id(self, client_id: ClientId) -> Application:
        return await self._directory.by_client_id(client_id)

    async def is_deleted(self, object_id: ObjectId) -> bool:
        return await self._directory.is_deleted(object_id)

    async def rules(self, application: ObjectId) -> CredentialRules:
        return await self._directory.rules(application)

    async def owners(self, applications: Sequence[ObjectId]) -> dict[ObjectId, tuple[Owner, ...]]:
        return await self._directory.owners(applications)

    async def directory_roles(self, client_id: ClientId) -> tuple[str, ...]:
        return await self._directory.directory_roles(client_id)
