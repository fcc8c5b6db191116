"""
Connections: how to sign in to a system, apart from the destinations that lie in it.

Secrets stand here only as references: the name of a secret in our own vault, or `https://<vault>/secrets/<name>`.
A kind says in the catalogue which types it takes.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Literal, get_args, overload

from pydantic import BaseModel, ConfigDict, Field, RootModel

from rotation.domain.policy import Connection, Destination
from rotation.integrations.outbound.addresses import HttpsAddress
from rotation.integrations.setting_types import Guid, Reference, Word

FINGERPRINT_LENGTH = 16


class _Typed(BaseModel):
    """Closed and frozen; each type says `type` and, where it has one, `secret`."""

    # Descriptions are no docstrings: pydantic would read and parse this file once for each class, at every start.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


class Identity(_Typed):
    """Our own managed identity; no secret at all."""

    type: Literal["identity"] = "identity"


class Token(_Typed):
    """A bearer token, such as a personal access token."""

    type: Literal["token"]
    secret: Reference = Field(description="The token.")


class ApiKey(_Typed):
    """A secret in a header of its own."""

    type: Literal["api-key"]
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")]
    secret: Reference


class Basic(_Typed):
    """A user and a password."""

    type: Literal["basic"]
    user: Word
    secret: Reference = Field(description="The password.")


class ClientSecret(_Typed):
    """Another Entra application, in this tenant or another."""

    type: Literal["client-secret"]
    tenant_id: Guid
    client_id: Guid
    secret: Reference


class OAuthClient(_Typed):
    """A client of any other OAuth 2 service, by the client credentials grant."""

    type: Literal["oauth-client"]
    token_url: HttpsAddress = Field(description="Such as https://contoso.eu.auth0.com/oauth/token.")
    client_id: Word
    secret: Reference
    audience: Word | None = None
    scope: Word | None = None


class GitHubApp(_Typed):
    """An installation of a GitHub App."""

    type: Literal["github-app"]
    app_id: Annotated[int, Field(gt=0)]
    installation_id: Annotated[int, Field(gt=0)]
    secret: Reference = Field(description="Its private key, in PEM.")


class SshKey(_Typed):
    """A user and a private key; the server is known by its own key."""

    type: Literal["ssh-key"]
    user: Word
    secret: Reference = Field(description="The private key, in OpenSSH's or PEM form, without a passphrase.")
    host_key: str = Field(
        pattern=r"^(ssh|ecdsa)-[a-z0-9-]+ [A-Za-z0-9+/=]+( .*)?$",
        description="The server's public key, as in its .pub file; any other server is refused.",
    )


class AppRole(_Typed):
    """AppRole of HashiCorp Vault or OpenBao."""

    type: Literal["approle"]
    role_id: Word
    secret: Reference = Field(description="The secret id.")
    mount: Word = "approle"


class VaultJwt(_Typed):
    """JWT sign-in to HashiCorp Vault or OpenBao with our managed identity's token."""

    type: Literal["vault-jwt"]
    role: Word
    audience: Word = Field(description="Resource that the identity's token is asked for, as the role expects it.")
    mount: Word = "jwt"


class AwsKeys(_Typed):
    """An access key of an AWS user."""

    type: Literal["aws-keys"]
    access_key_id: Word
    secret: Reference = Field(description="The secret access key.")


class AwsRole(_Typed):
    """An AWS role assumed with our managed identity's token (AssumeRoleWithWebIdentity)."""

    type: Literal["aws-role"]
    role_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")]
    audience: Word = Field(
        description="Resource that the identity's token is asked for, as the identity provider in AWS expects it."
    )


type AnyConnection = Annotated[
    Identity
    | Token
    | ApiKey
    | Basic
    | ClientSecret
    | OAuthClient
    | GitHubApp
    | SshKey
    | AppRole
    | VaultJwt
    | AwsKeys
    | AwsRole,
    Field(discriminator="type"),
]

TYPES: tuple[str, ...] = tuple(
    get_args(each.model_fields["type"].annotation)[0] for each in get_args(get_args(AnyConnection.__value__)[0])
)
"""What `type` may say."""

NO_SECRET = Identity()


class ConnectionPart(RootModel[AnyConnection]):
    """One entry of `connections`; `type` says which."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, defer_build=True)


def read(name: str, settings: Mapping[str, object]) -> Connection:
    """
    Read one entry of `connections`.

    Raises:
        pydantic.ValidationError: Every problem at once; inputs are not shown.
    """
    model = ConnectionPart.model_validate(dict(settings)).root
    told = json.dumps(model.model_dump(mode="json"), sort_keys=True)
    secret = getattr(model, "secret", None)
    return Connection(
        name=name,
        type=model.type,
        settings=dict(settings),
        fingerprint=hashlib.sha256(told.encode()).hexdigest()[:FINGERPRINT_LENGTH],
        secrets=(secret,) if secret else (),
    )


@overload
def connection_of[Taken: BaseModel](destination: Destination, taken: type[Taken], /) -> Taken: ...
@overload
def connection_of(destination: Destination, *taken: type[BaseModel]) -> AnyConnection: ...
def connection_of(destination: Destination, *taken: type[BaseModel]) -> BaseModel:
    """Give how to sign in at *destination*; our own identity where it names no connection and the kind takes that."""
    connection = destination.connection
    found = NO_SECRET if connection is None else ConnectionPart.model_validate(dict(connection.settings)).root
    assert isinstance(found, taken), f"the configuration lets no {found.type} through to {destination.kind}"
    return found
