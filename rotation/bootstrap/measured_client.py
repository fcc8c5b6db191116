"""The HTTPS client for what is not Azure, which tells of each request."""

from typing import Any

import httpx

from rotation.adapters.measured import calling


class MeasuredClient(httpx.AsyncClient):
    """httpx's own client; a request is told by the host that its certificate must be for, not by an IP address."""

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        host = request.extensions.get("sni_hostname") or request.url.host
        with calling(host, request.url.port, request.method) as answer:
            response = await super().send(request, **options)
            answer.status = response.status_code
        return response
