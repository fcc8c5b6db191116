"""The services of this process, composed when something first runs: indexing must not wait for the SDKs."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotation.workflows.services import Services


def services() -> "Services":
    """
    Give the services of this process and event loop.

    Raises:
        Misconfigured: The environment has problems: all of them.
    """
    from rotation.bootstrap import services as composed  # noqa: PLC0415  # cold start (docs/performance.md)

    return composed()
