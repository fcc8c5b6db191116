"""Who is at the terminal: the audit trail names a person, so what writes asks first."""

import asyncio
import shutil
from datetime import timedelta

from rotation.domain.errors import Refused

WITHIN = timedelta(seconds=30)
_ASK = ("account", "show", "--query", "user.name", "--output", "tsv", "--only-show-errors")


async def signed_in() -> str | None:
    """Ask the Azure CLI whom it is signed in as; None where it is not there, or nobody is."""
    az = shutil.which("az")
    if az is None:
        return None
    process = await asyncio.create_subprocess_exec(
        az, *_ASK, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(WITHIN.total_seconds()):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    return said.decode(errors="replace").strip() or None if process.returncode == 0 else None


def name_of(person: str | None, given: str) -> str:
    """
    Choose the name for the audit trail: who signed in, else what was given.

    Raises:
        Refused: Neither is there (`who`).
    """
    if name := person or given.strip():
        return name
    raise Refused(
        "the audit trail needs a name, and nobody is signed in",
        reason="who",
        remedy="az login, or --as you@example.com",
    )
