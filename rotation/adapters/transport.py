"""The HTTPS connections of Azure's SDKs: how long one attempt may take, and a word about each."""

from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from azure.core.pipeline.transport import AioHttpTransport

from rotation.adapters.measured import calling

CONNECT_SECONDS, READ_SECONDS = 10, 20


class MeasuredTransport(AioHttpTransport):  # type: ignore[misc]  # azure-core gives it by `__getattr__`, without a type
    """
    azure-core's own transport; every attempt that a retry policy makes is one call.

    azure-core's tracing would put whole addresses into spans (docs/adr/0015): names of secrets, keys of rows.

    Args:
        read_seconds: How long an answer may be silent.
    """

    def __init__(self, *, read_seconds: float = READ_SECONDS) -> None:
        # The environment only where it has a proxy to tell: aiohttp looks it up for each request, a fifth of a step.
        super().__init__(
            connection_timeout=CONNECT_SECONDS, read_timeout=read_seconds, use_env_settings=bool(getproxies())
        )

    async def send(self, request: Any, **options: Any) -> Any:
        address = urlsplit(request.url)
        with calling(address.hostname or "", address.port, request.method) as answer:
            response = await super().send(request, **options)
            answer.status = response.status_code
        return response
