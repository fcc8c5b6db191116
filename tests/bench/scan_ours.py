"""A measured process: one scan of ours, as the queue function runs it; the arguments name its passes."""

import asyncio
import sys
from dataclasses import replace
from typing import Any

import rotation.adapters.graph.reads  # noqa: F401  # imported when it is first used: here before the clock starts
from rotation import settings
from rotation.bootstrap import close_shared, services
from rotation.workflows.scanning import begin_scan, run_scan, scan_report
from tests.bench.counting import CountingTables
from tests.bench.measured import Stopwatch


async def scan(passes: tuple[str, ...] = ("secrets",)) -> dict[str, Any]:
    """Scan and give the counts; an incomplete scan is no measurement."""
    known = services(settings.read(hosted=False))
    tables = CountingTables(known.tables)
    counted = replace(known, tables=tables)
    number = await begin_scan(counted, by="bench", passes=passes)
    await run_scan(counted, number)
    report = await scan_report(known, number)
    await close_shared()
    if not report.complete:
        raise SystemExit(f"the scan is incomplete: {report.problem}")
    return {"counts": dict(report.counts), "tables": dict(tables.asked)}


if __name__ == "__main__":
    watch = Stopwatch()
    watch.tell(**asyncio.run(scan(tuple(sys.argv[1:]) or ("secrets",))))
