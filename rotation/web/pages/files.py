"""The style sheet and the script: their addresses change with their content, so browsers may keep them for a year."""

import hashlib
from functools import cache
from pathlib import Path

from rotation.domain.errors import NotFound
from rotation.web.exchange import Request, Response
from rotation.workflows.services import Services

FOLDER = Path(__file__).parents[1] / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


async def send(services: Services, request: Request) -> Response:  # noqa: ARG001  # every handler's signature
    """Send one file of ours; an address of other content is answered with what there is, and not kept."""
    name = request.route["name"]
    body = content(name)
    kept = FOREVER if request.route["stamp"] == stamp(name) else "no-cache"
    return Response(status=200, body=body, headers={"Cache-Control": kept}, media_type=TYPES[Path(name).suffix])


@cache
def content(name: str) -> str:
    """
    Read one of our files.

    Raises:
        NotFound: It is none of ours.
    """
    if name not in names():
        raise NotFound("there is no such file")
    return (FOLDER / name).read_text(encoding="utf-8")


@cache
def names() -> frozenset[str]:
    """Give the names of all files; nothing else is ever opened."""
    return frozenset(path.name for path in FOLDER.iterdir() if path.suffix in TYPES)


@cache
def stamp(name: str) -> str:
    """Give what changes with a file's content."""
    return hashlib.sha256(content(name).encode()).hexdigest()[:12]
