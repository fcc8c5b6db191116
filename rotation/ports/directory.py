"""The tenant's directory: applications and their credentials (Microsoft Graph in Azure)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from rotation.domain.credential import Application, Credential
from rotation.domain.identifiers import ClientId, KeyId, ObjectId
from rotation.domain.secret import SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class MintRequest:
    """What we ask for; `start_at` lies a few minutes back because clocks differ (platform.md A7)."""

    application: ObjectId
    display_name: str
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MintedCredential:
    """What Graph answered, once. The text is in no other place yet."""

    credential: Credential
    text: SecretText
    share: float | None = None
    """Share of the write quota that is used, where it was told: from 0.8 on (platform.md A6)."""


class ListedSecret(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """A client secret on a page."""

    key_id: KeyId
    ends: datetime
    """In UTC."""
    display_name: str | None = None


class ListedApplication(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """
    An application on a page, as much of it as a night decides by; None and empty where the page does not tell.

    A structure that is read straight from bytes, and not a value as others: a night reads a hundred thousand of these,
    looks at each once, and would spend half of its time on making values (docs/performance.md). `whole` makes one.
    """

    object_id: ObjectId
    client_id: ClientId
    display_name: str | None = None
    secrets: Sequence[ListedSecret] = ()
    disabled: bool | None = None
    tags: Sequence[str] | None = None


def whole(listed: ListedApplication) -> Application:
    """Make the value. What a page does not tell is taken for the worse: it may sign people in."""
    return Application(
        object_id=listed.object_id,
        client_id=listed.client_id,
        display_name=listed.display_name or "",
        secrets=tuple(map(_whole_secret, listed.secrets)),
        disabled=bool(listed.disabled),
        tags=tuple(listed.tags or ()),
        signs_in_people=True,
    )


def _whole_secret(listed: ListedSecret) -> Credential:
    return Credential(key_id=listed.key_id, end_at=listed.ends, display_name=listed.display_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a pass: what could be read, and what could not (id or position, and why)."""

    applications: Sequence[ListedApplication]
    malformed: Sequence[tuple[str, str]] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassItem:
    """One credential-bearing object of a weekly pass: an application's certificates, a service principal's entries."""

    object_id: str
    client_id: ClientId
    display_name: str
    kind: str
    """`certificate`, `saml-certificate` or `service-principal-secret`."""
    credentials: tuple[Credential, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRules:
    """What app-management policies allow for one application (platform.md A4)."""

    addition_forbidden: bool = False
    longest: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Somebody who owns an application."""

    object_id: str
    display_name: str
    mail: str | None
    kind: str
    """`user` or `service-principal`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Who owns one application, as a pass over all of them tells it: at most twenty of its owners."""

    object_id: ObjectId
    owners: tuple[Owner, ...]


class Directory(Protocol):
    """
    Reads may lag writes and go back and forth; callers never decide a removal on one read.

    Raises everywhere: Throttled, Unavailable, AccessDenied; ApplicationGone where one application is named.
    """

    def applications(self) -> AsyncIterator[Page]:
        """
        Read every application, without certificates, page by page (999 each).

        Raises:
            Retryable: A page cannot be read: the pass is incomplete, which is not the same as empty.
        """
        ...

    def certificates(self) -> AsyncIterator[Sequence[PassItem]]:
        """Read every application's certificates, at most two requests a second (platform.md A1)."""
        ...

    def service_principals(self) -> AsyncIterator[Sequence[PassItem]]:
        """Read SAML certificates and client secrets that sit on service principals."""
        ...

    def owned(self) -> AsyncIterator[Sequence[Owned]]:
        """Read who owns each application, at most twenty owners of each (platform.md A1)."""
        ...

    async def application(self, object_id: ObjectId) -> Application:
        """Read one application now."""
        ...

    async def by_client_id(self, client_id: ClientId) -> Application:
        """Find an application by its `appId`."""
        ...

    async def is_deleted(self, object_id: ObjectId) -> bool:
        """Tell whether it lies in the directory's deleted items."""
        ...

    async def mint(self, request: MintRequest) -> MintedCredential:
        """
        Add a secret; sent once, never repeated by itself (platform.md A3).

        Raises:
            OutcomeUnknown: Sent, and no answer: a credential may exist whose text nobody knows.
            Throttled: The quota is used up: nothing was minted.
            PolicyForbids, CredentialLimit: As the directory says.
        """
        ...

    async def remove(self, application: ObjectId, key_id: KeyId) -> float | None:
        """
        Ask for a secret's removal. The answer settles nothing: read, twice, before believing it.

        Returns:
            The share of the write quota that is used, where it was told.

        Raises:
            OutcomeUnknown: Sent, and no answer.
        """
        ...

    async def rules(self, application: ObjectId) -> CredentialRules:
        """Read what app-management policies allow for this application."""
        ...

    async def owners(self, applications: Sequence[ObjectId]) -> dict[ObjectId, tuple[Owner, ...]]:
        """Read owners, twenty applications a request."""
        ...

    async def directory_roles(self, client_id: ClientId) -> tuple[str, ...]:
        """Name the Graph application roles that its service principal holds; empty without a service principal."""
        ...
