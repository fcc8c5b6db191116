"""ETags (RFC 9110, 13): what has not changed is not sent again, what has changed is not acted upon."""

import hashlib
from dataclasses import replace

from rotation.domain.errors import RotationError
from rotation.web.exchange import Handler, Request, Response
from rotation.workflows.services import Services

OK = 200
NOT_MODIFIED = 304


class Changed(RotationError):
    """It is not as the caller last saw it."""

    reason = "changed-meanwhile"

    def __init__(self, etag: str) -> None:
        super().__init__("it has changed since you looked; nothing was done")
        self.etag = etag


def etag_of(response: Response) -> str:
    """Give the tag of an answer: a hash of what travels."""
    return f'"{hashlib.sha256(response.content()).hexdigest()[:32]}"'


def told_once(response: Response, request: Request) -> Response:
    """Add the tag to an answer, and send nothing where the caller has it already."""
    if response.status != OK:
        return response
    etag = etag_of(response)
    headers = {"ETag": etag, **response.headers}
    if _names(request.headers.get("if-none-match", ""), etag):
        return Response(status=NOT_MODIFIED, headers=headers, media_type=response.media_type)
    return replace(response, headers=headers)


async def unchanged(services: Services, request: Request, look: Handler | None) -> None:
    """
    Pass where the caller did not say what it saw, or it is still so.

    Raises:
        Changed: It is not.
    """
    wanted = request.headers.get("if-match", "")
    if not wanted or look is None:
        return
    etag = etag_of(await look(services, replace(request, method="GET", body=b"", query={})))
    if not _names(wanted, etag):
        raise Changed(etag)


def _names(listed: str, etag: str) -> bool:
    tags = {each.strip().removeprefix("W/") for each in listed.split(",")}
    return "*" in tags or etag in tags
