"""`/destinations`, `/destinations/{name}`: where secrets go and what each place holds; none is asked."""

from rotation.domain.errors import NotFound
from rotation.domain.identifiers import DestinationName
from rotation.web.exchange import Request, Response
from rotation.web.pages.rendering import href, render
from rotation.workflows.reading.destinations import destinations, held_at
from rotation.workflows.services import Services


async def everything(services: Services, request: Request) -> Response:
    """Describe every configured destination."""
    return render(services, request, "destinations.html", places=await destinations(services))


async def show(services: Services, request: Request) -> Response:
    """
    Describe one, and what it holds of each line.

    Raises:
        NotFound: None is called so (`no-such-destination`).
    """
    name, after = request.route["name"], request.query.get("after", "")
    place = next((each for each in await destinations(services) if each.view.name == name), None)
    if place is None:
        raise NotFound(f"no destination is called {name}", reason="no-such-destination", destinations=[name])
    held = await held_at(services, DestinationName(name), cursor=after or None)
    return render(
        services,
        request,
        "destination.html",
        place=place,
        held=held,
        first=href("destinations", name) if after else "",
        following=href("destinations", name, after=held.following) if held.following else "",
    )
