"""The addresses of a cloud, as the settings give them to destinations."""

from collections.abc import Mapping
from typing import TypedDict


class Addresses(TypedDict):
    """What `IntegrationServices` has no default for."""

    graph_url: str
    arm_url: str
    authority_host: str


def public(**changes: str) -> Addresses:
    """Give the addresses of the global cloud, or others in their place."""
    return Addresses(
        graph_url=changes.get("graph_url", "https://graph.microsoft.com"),
        arm_url=changes.get("arm_url", "https://management.azure.com"),
        authority_host=changes.get("authority_host", "https://login.microsoftonline.com"),
    )


def of_sandbox(urls: Mapping[str, str]) -> Addresses:
    """Give the addresses of a sandbox."""
    return Addresses(graph_url=urls["graph"], arm_url=urls["arm"], authority_host=urls["authority"])
