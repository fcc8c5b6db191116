"""`/destinations`, `/destinations/{name}`: where secrets go, in words; nothing there is asked anything."""

from rotation.domain.errors import NotFound
from rotation.web.exchange import Request, Response
from rotation.web.pages.rendering import render
from rotation.workflows import checking
from rotation.workflows.services import Services


async def everything(services: Services, request: Request) -> Response:
    """Describe every configured destination."""
    return render(services, request, "destinations.html", places=await checking.describe(services), only="")


async def show(services: Services, request: Request) -> Response:
    """Describe one."""
    name = request.route["name"]
    found = [view for view in await checking.describe(services) if view.name == name]
    if not found:
        raise NotFound(f"no destination is called {name}", reason="no-such-destination", destinations=[name])
    return render(services, request, "destinations.html", places=found, only=name)
