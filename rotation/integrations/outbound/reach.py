"""Settings of every AWS destination: where it lies, and how long is waited for it."""

from typing import Annotated

from pydantic import Field

from rotation.integrations.outbound.addresses import BaseAddress, Seconds
from rotation.integrations.settings import KindSettings


class Reach(KindSettings):
    """A region, or an address of its own."""

    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    """Such as eu-central-1."""
    endpoint_url: BaseAddress | None = None
    """Of a VPC endpoint; without it, AWS' own address of the region."""
    sts_endpoint_url: BaseAddress | None = None
    """The same for STS, where an `aws-role` connection signs in."""
    private_network: bool = False
    """Let these have a private address; link-local and metadata addresses never."""
    timeout_seconds: Seconds = 15.0
