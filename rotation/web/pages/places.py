"""Destinations as previews of acts name them."""

from collections.abc import Iterable

from rotation.workflows import checking
from rotation.workflows.services import Services


async def told(services: Services, names: Iterable[str]) -> tuple[str, ...]:
    """Give each with where it lies, from the configuration alone."""
    where = {str(view.name): view.where for view in await checking.describe(services)}
    return tuple(f"{name}: {where.get(name, 'not configured any more')}" for name in names)
