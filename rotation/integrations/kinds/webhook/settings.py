"""Settings of `webhook` destinations."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from rotation.domain.capability import Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.integrations.outbound.addresses import HttpsAddress, host_of
from rotation.integrations.settings import KindSettings

type Host = Annotated[str, Field(pattern=r"^[0-9A-Za-z.:-]+$")]


class WebhookSettings(KindSettings):
    """Whom to tell, how it is signed, and whether the value goes along."""

    url: HttpsAddress
    verify_url: HttpsAddress | None = None
    """Answers `{"key_id", "version", "signed_in"}` to a signed GET; without it nobody can look."""
    signing_secret: Annotated[str, Field(min_length=1)]
    """Name (or address) of the vault secret that holds `whsec_...`."""
    send_value: bool = False
    """Send the secret text itself instead of a vault reference."""
    allowed_hosts: tuple[Host, ...] = ()
    """Hosts that may be told; without it, the host of `url` alone."""
    private_network: bool = False
    """Let the host have a private or loopback address; link-local and metadata addresses never."""
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 15.0

    @model_validator(mode="after")
    def _hosts_are_allowed(self) -> Self:
        allowed = {host.lower() for host in self.allowed_hosts} or {host_of(self.url)}
        strangers = {host_of(address) for address in (self.url, self.verify_url) if address} - allowed
        if strangers:
            raise ValueError(f"{', '.join(sorted(strangers))} is not in allowed_hosts ({', '.join(sorted(allowed))})")
        return self

    def identity(self) -> Mapping[str, object]:
        """Give the addresses, the connection, the reach, and whether the value leaves."""
        return {
            "url": self.url,
            "verify_url": self.verify_url,
            "signing_secret": self.signing_secret,
            "value": self.send_value,
            "private_network": self.private_network,
        }

    def capabilities(self) -> Capabilities:
        """Tell that only a receiver with a `verify_url` can be looked at."""
        level = Level.AUTHENTICATES if self.verify_url else Level.ACCEPTED
        seen = ReadBack.VERSION if self.verify_url else ReadBack.NONE
        return Capabilities(mode=DeliveryMode.AUTOMATIC, level=level, reads_back=seen)

    def describe(self) -> Description:
        """Name the host; the path may be a secret of its own."""
        what = "the value itself" if self.send_value else "a reference to the vault version"
        return Description(
            where=f"{host_of(self.url)} (webhook, told {what})",
            permissions=("the receiver knows the signing secret",),
            secretless="A receiver in Azure can read the vault by its own managed identity and needs no copy.",
        )

    def secrets(self) -> tuple[str, ...]:
        """Give the signing secret."""
        return (self.signing_secret,)
