"""Settings of `aws-ssm-parameter` destinations."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from rotation.domain.capability import Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.integrations.outbound.reach import Reach


class SsmParameterSettings(Reach):
    """Which parameter."""

    parameter: Annotated[str, Field(pattern=r"^[0-9A-Za-z._/-]{1,1011}$")]
    """Its name, with its path; always a SecureString."""
    kms_key: Annotated[str, Field(pattern=r"^[0-9A-Za-z/_:-]{1,300}$")] | None = None
    """Key id, ARN or alias; without it, the account's own key for parameters."""
    tier: Literal["Standard", "Advanced", "Intelligent-Tiering"] = "Standard"
    adopt: bool = False
    """Yes, what lies there without our mark may be replaced."""

    def identity(self) -> Mapping[str, object]:
        """Give region, parameter and key."""
        place = {
            "region": self.region,
            "endpoint_url": self.endpoint_url,
            "sts": self.sts_endpoint_url,
            "parameter": self.parameter,
        }
        return {**place, "kms_key": self.kms_key, "value": True}

    def capabilities(self) -> Capabilities:
        """Tell that it can be read back."""
        return Capabilities(mode=DeliveryMode.AUTOMATIC, level=Level.STORED, reads_back=ReadBack.VALUE)

    def describe(self) -> Description:
        """Name parameter and region."""
        return Description(
            where=f"parameter {self.parameter!r} in AWS {self.region}",
            permissions=(
                "ssm:GetParameter, ssm:GetParameterHistory, ssm:PutParameter on this parameter",
                "kms:Decrypt and kms:Encrypt on its key",
            ),
            secretless=(
                "A workload in AWS can sign in to Entra by a federated credential that trusts its identity provider "
                "(EKS service accounts, or Cognito), without a client secret."
            ),
            traps=("Programs that read it once at start see a new value only after a restart.",),
        )
