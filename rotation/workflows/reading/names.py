"""What applications are called, as the last complete scan has it."""

from collections.abc import Iterable, Mapping

from rotation.domain.errors import NotFound
from rotation.workflows.services import Services


async def names_of(services: Services, object_ids: Iterable[str]) -> Mapping[str, str]:
    """Name applications by their object ids; one that no scan has met is left out."""
    try:
        columns = (await services.shelf.inventory(services.snapshots, services.clock)).columns
    except NotFound:
        return {}
    places = {one: next(columns.object_ids.beginning(one), None) for one in object_ids}
    return {one: columns.names[place] for one, place in places.items() if place is not None}
