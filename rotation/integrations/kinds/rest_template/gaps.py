"""Named gaps in templates, such as ${client_id}: found, checked, and filled."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rotation.domain.delivery import Shipment

VALUE = "value"
_GAP = re.compile(r"\$\{([^}]*)\}")
_SOURCES: Mapping[str, Callable[[Shipment], str]] = {
    "application_name": lambda shipment: shipment.application_name,
    "client_id": lambda shipment: shipment.client_id,
    "end_at": lambda shipment: shipment.end_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "key_id": lambda shipment: shipment.key_id,
    "line": lambda shipment: shipment.line,
    "rotation": lambda shipment: str(shipment.rotation),
    "secret_name": lambda shipment: shipment.secret_name,
    "tenant_id": lambda shipment: shipment.tenant_id,
    "version": lambda shipment: shipment.version,
}
NAMES = (*_SOURCES, VALUE)

type Fill = Callable[[str], str]
"""Fills one text's gaps."""


def gaps_in(node: Any) -> set[str]:
    """Name the gaps in every text of a JSON document, member names included."""
    return {name for text in _texts(node) for name in _GAP.findall(text)}


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from (*_texts(key), *_texts(value))
    elif isinstance(node, list | tuple):
        for each in node:
            yield from _texts(each)


def problems_of(where: str, node: Any, *, value: bool) -> list[str]:
    """Tell which gaps have no meaning there; *value*: the secret text may stand there."""
    found = gaps_in(node)
    unknown = [f"{where}: no gap ${{{name}}}; there are {', '.join(NAMES)}" for name in sorted(found - set(NAMES))]
    leaks = [f"{where}: ${{value}} stands in a body or a header only: addresses are logged everywhere"]
    return unknown + (leaks if VALUE in found and not value else [])


def filler(shipment: Shipment, secret: Callable[[], str] | None = None) -> Fill:
    """Give what fills texts for one shipment; *secret* is asked when a text is filled, so that no frame keeps it."""

    def fill(text: str) -> str:
        return _GAP.sub(
            lambda gap: secret() if gap[1] == VALUE and secret is not None else _SOURCES[gap[1]](shipment), text
        )

    return fill


def filled(node: Any, fill: Fill) -> Any:
    """Fill every text of a JSON document; raises nothing."""
    if isinstance(node, str):
        return fill(node)
    if isinstance(node, Mapping):
        return {fill(key): filled(value, fill) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [filled(each, fill) for each in node]
    return node
