"""What Graph's answers hold, validated by pydantic, and the values that we make of it (platform.md A1, A2)."""

from collections.abc import Iterable
from datetime import UTC
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from rotation.domain.credential import Application, Credential
from rotation.domain.errors import Unavailable
from rotation.domain.identifiers import GUID, ClientId, KeyId, ObjectId
from rotation.ports.directory import Owned, Owner, PassItem

Guid = Annotated[str, StringConstraints(pattern=f"^{GUID.pattern}$", to_lower=True)]
Instant = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]
"""Graph writes 0 to 7 fractional digits, and `Z` or `+00:00`; what is finer than a microsecond is cut."""

NEVER_ENDS = "2299-12-31T00:00:00Z"
"""What the old portal wrote for "never"; an end that is null says no more than that."""
SIGN = "Sign"


class Wire(BaseModel):
    """Camel case outside, names of ours inside; what we do not ask for is no error."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)


class WireCredential(Wire):
    """A passwordCredential or a keyCredential, without what is secret or large."""

    key_id: Guid
    end_date_time: Annotated[Instant, BeforeValidator(lambda told: NEVER_ENDS if told is None else told)]
    start_date_time: Instant | None = None
    display_name: str | None = None
    hint: str | None = None
    usage: str | None = None
    custom_key_identifier: str | None = None

    def value(self) -> Credential:
        """Give it as decisions know it."""
        return Credential(
            key_id=KeyId(self.key_id),
            end_at=self.end_date_time,
            start_at=self.start_date_time,
            display_name=self.display_name,
            hint=self.hint,
        )


class WireAddresses(Wire):
    """The part of `web`, `spa` and `publicClient` that tells whether people sign in."""

    redirect_uris: tuple[str, ...] | None = None


class WireApi(Wire):
    """The part of `api` that tells whether people sign in."""

    oauth2_permission_scopes: tuple[dict[str, Any], ...] | None = Field(default=None, alias="oauth2PermissionScopes")


class WireApplication(Wire):
    """One application of the nightly pass."""

    id: Guid
    app_id: Guid
    display_name: str | None = None
    password_credentials: tuple[WireCredential, ...] = ()
    sign_in_audience: str | None = None
    is_disabled: bool | None = None
    tags: tuple[str, ...] | None = None
    created_by_app_id: str | None = None
    web: WireAddresses | None = None
    spa: WireAddresses | None = None
    public_client: WireAddresses | None = None
    api: WireApi | None = None

    def value(self) -> Application:
        """Give it as decisions know it."""
        return Application(
            object_id=ObjectId(self.id),
            client_id=ClientId(self.app_id),
            display_name=self.display_name or "",
            secrets=tuple(secret.value() for secret in self.password_credentials),
            audience=self.sign_in_audience or "AzureADMyOrg",
            disabled=bool(self.is_disabled),
            tags=self.tags or (),
            created_by=ClientId(self.created_by_app_id.lower()) if self.created_by_app_id else None,
            signs_in_people=self._signs_in_people(),
        )

    def _signs_in_people(self) -> bool:
        addressed = any(part.redirect_uris for part in (self.web, self.spa, self.public_client) if part)
        return addressed or bool(self.api and self.api.oauth2_permission_scopes)


class WireHolder(Wire):
    """What bears certificates: an application, or a service principal with its SAML companions."""

    id: Guid
    app_id: Guid
    display_name: str | None = None
    key_credentials: tuple[WireCredential, ...] = ()
    password_credentials: tuple[WireCredential, ...] = ()

    def item(self, kind: str, credentials: Iterable[WireCredential]) -> PassItem:
        """Give some of its credentials as one item of a weekly pass."""
        return PassItem(
            object_id=self.id,
            client_id=ClientId(self.app_id),
            display_name=self.display_name or "",
            kind=kind,
            credentials=tuple(credential.value() for credential in credentials),
        )

    def saml(self) -> tuple[WireCredential, ...]:
        """
        Give its SAML certificates, one entry each.

        Each is three linked records: a `Sign` key, a `Verify` key with the same customKeyIdentifier, and a password
        whose keyId is the Sign key's (platform.md A2). Only the Sign key is told.
        """
        return tuple(key for key in self.key_credentials if key.usage == SIGN)

    def plain_keys(self) -> tuple[WireCredential, ...]:
        """Give certificates that are no part of a SAML certificate."""
        prints = {key.custom_key_identifier for key in self.saml()}
        return tuple(
            key for key in self.key_credentials if key.usage != SIGN and key.custom_key_identifier not in prints
        )

    def plain_secrets(self) -> tuple[WireCredential, ...]:
        """Give client secrets that are no part of a SAML certificate."""
        companions = {key.key_id for key in self.saml()}
        return tuple(secret for secret in self.password_credentials if secret.key_id not in companions)


class WireOwner(Wire):
    """One owner: a user, a service principal, and what else Graph may give."""

    id: Guid
    kind: str | None = Field(default=None, alias="@odata.type")
    display_name: str | None = None
    mail: str | None = None
    user_principal_name: str | None = None

    def value(self) -> Owner:
        """Give it as reminders know it."""
        principal = (self.kind or "").endswith("servicePrincipal")
        return Owner(
            object_id=self.id,
            display_name=self.display_name or "",
            mail=self.mail or self.user_principal_name,
            kind="service-principal" if principal else "user",
        )


class WireActivity(Wire):
    """The part of a credential's sign-in activity that we keep."""

    last_sign_in_date_time: Instant | None = None


class WireUsage(Wire):
    """One line of the report appCredentialSignInActivities (beta)."""

    app_id: Guid
    key_id: Guid
    resource_id: str | None = None
    sign_in_activity: WireActivity | None = None


class WireRole(Wire):
    """A role that a service principal defines."""

    id: str
    value: str | None = None


class WirePrincipal(Wire):
    """A service principal and the roles that it defines."""

    id: str
    app_roles: tuple[WireRole, ...] = ()


class WireAssignment(Wire):
    """A role that was assigned, and by whom it is defined."""

    app_role_id: str
    resource_id: str


class WirePart(Wire):
    """One answer of a batch: each is refused and throttled on its own (platform.md A1)."""

    id: str
    status: int
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None


class WireBatch(Wire):
    """The answers of a batch, in any order."""

    responses: tuple[WirePart, ...]


class WireOwners(Wire):
    """One application's owners."""

    value: tuple[WireOwner, ...]


class WireOwned(Wire):
    """An application with its owners expanded: at most twenty (platform.md A1)."""

    id: Guid
    owners: tuple[WireOwner, ...] = ()

    def value(self) -> Owned:
        """Give it as the weekly pass keeps it."""
        return Owned(object_id=ObjectId(self.id), owners=tuple(owner.value() for owner in self.owners))


def validated[T: Wire](model: type[T], found: bytes | object, what: str) -> T:
    """
    Read one answer.

    Raises:
        Unavailable: It is not what Graph should answer, so it says nothing.
    """
    try:
        return model.model_validate_json(found) if isinstance(found, bytes) else model.model_validate(found)
    except ValidationError as error:
        raise Unavailable(f"{what}: the answer cannot be read ({complaint(error)})") from None


def complaint(error: ValidationError) -> str:
    """Say what is wrong with one object, by place and kind; never with the value itself."""
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in error.errors(include_input=False))
