"""The weekly passes ask slowly: certificates in lists have a quota of their own (platform.md A1)."""

from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.scan_cost import PAGE, Effort
from tests.bench.stage import Stage

PAGES = 8
"""Enough to see the pace."""


def weekly_figures(_effort: Effort) -> Iterator[Figure]:
    """Read certificates and service principals once, and see how far apart the requests were."""
    with Stage(PAGES * PAGE) as stage:
        stage.tell_directory()
        told = stage.run("scan_ours", "certificates", "service-principals")
        between = stage.between_pages()
    # The second pass begins when the first has ended: that step bears no pace, and no page of the same list.
    paced = sorted(between)[1:]
    yield Figure(name="weekly-requests", value=len(between) + 1, unit="requests for pages")
    yield Figure(name="weekly-requests-a-second", value=1 / min(paced), unit="a second, the two nearest", goal=2.02)
    yield Figure(name="weekly-peak", value=told["peak"] / 2**20, unit="MiB", goal=150)
