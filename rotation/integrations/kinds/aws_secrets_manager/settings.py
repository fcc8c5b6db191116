"""Settings of `aws-secrets-manager` destinations."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from rotation.domain.capability import Concurrency, Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.integrations.outbound.reach import Reach


class SecretsManagerSettings(Reach):
    """Which secret, or which key of its JSON."""

    secret: Annotated[str, Field(pattern=r"^[0-9A-Za-z/_+=.@:!-]{1,512}$")]
    """Name or ARN."""
    field: Annotated[str, Field(pattern=r"^[^\s]{1,100}$")] | None = None
    """A key of the secret's JSON object; without it, the whole secret is the value."""
    create: bool = False
    """Make the secret where it is not there."""
    adopt: bool = False
    """Yes, what lies there without our mark may be replaced."""

    def identity(self) -> Mapping[str, object]:
        """Give region, secret and key."""
        place = {
            "region": self.region,
            "endpoint_url": self.endpoint_url,
            "sts": self.sts_endpoint_url,
            "secret": self.secret,
        }
        return {**place, "field": self.field, "value": True}

    def capabilities(self) -> Capabilities:
        """Tell that it can be read back; a key of a JSON object is written with the whole object."""
        return Capabilities(
            mode=DeliveryMode.AUTOMATIC,
            level=Level.STORED,
            reads_back=ReadBack.VALUE,
            concurrency=Concurrency.LEASE if self.field else Concurrency.NONE,
            whole_object=self.field is not None,
        )

    def resource(self) -> str | None:
        """Give the secret, where one key of it is written with the others."""
        return f"aws:secretsmanager:{self.region}:{self.secret}" if self.field else None

    def describe(self) -> Description:
        """Name secret, key and region."""
        part = f"key {self.field!r} of " if self.field else ""
        actions = ["GetSecretValue", "PutSecretValue", "DescribeSecret", "TagResource"]
        return Description(
            where=f"{part}secret {self.secret!r} in AWS {self.region}",
            permissions=tuple(
                f"secretsmanager:{action} on this secret"
                for action in [*actions, *(["CreateSecret"] if self.create else [])]
            ),
            secretless=(
                "A workload in AWS can sign in to Entra by a federated credential that trusts its identity provider "
                "(EKS service accounts, or Cognito), without a client secret."
            ),
            traps=("Programs that cache the secret see a new value only when they read again.",),
        )
