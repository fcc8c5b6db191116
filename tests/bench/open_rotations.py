"""A measured process: enrol the applications that the arguments name, and open a rotation of each."""

import asyncio
import sys
from collections.abc import Sequence

from rotation import settings
from rotation.bootstrap import close_shared, services
from rotation.domain.identifiers import LineId, ObjectId
from rotation.domain.line import Reason
from rotation.workflows.asking import Ask
from rotation.workflows.enrolling import enrol
from rotation.workflows.opening import open_rotation
from rotation.workflows.previewing import Wish
from rotation.workflows.services import Services
from tests.bench.measured import Stopwatch


async def begin(known: Services, applications: Sequence[str]) -> None:
    """Do what a person does, for each."""
    for application in applications:
        line = await enrol(known, Wish(application=ObjectId(application), by="bench"))
        await open_rotation(
            known, LineId(ObjectId(application), line.id.name), Ask(by="bench", reason=Reason.REQUESTED)
        )


async def _begin_all(applications: Sequence[str]) -> None:
    await begin(services(settings.read(hosted=False)), applications)
    await close_shared()


if __name__ == "__main__":
    watch = Stopwatch()
    asyncio.run(_begin_all(sys.argv[1:]))
    watch.tell()
