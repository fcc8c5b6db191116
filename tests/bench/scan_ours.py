"""A measured process: one nightly scan of ours, as the queue function runs it."""

import asyncio

import rotation.adapters.graph.connection  # noqa: F401  # imported when it is first used: here before the clock starts
from rotation import settings
from rotation.bootstrap import Composition
from rotation.workflows.scanning import begin_scan, run_scan, scan_report
from tests.bench.measured import Stopwatch


async def scan() -> dict[str, int]:
    """Scan and give the counts; an incomplete scan is no measurement."""
    async with Composition(settings.read(hosted=False)) as composition:
        services = composition.services
        number = await begin_scan(services, by="bench", passes=("secrets",))
        await run_scan(services, number)
        report = await scan_report(services, number)
    if not report.complete:
        raise SystemExit(f"the scan is incomplete: {report.problem}")
    return dict(report.counts)


if __name__ == "__main__":
    watch = Stopwatch()
    watch.tell(counts=asyncio.run(scan()))
