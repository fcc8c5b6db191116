"""The ledger is lost over the real wire: tables wiped, rebuilt from Graph and vault, reminded, enrolled, rotated on."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rotation.bootstrap import Composition
from rotation.domain.errors import LeaseHeld
from rotation.domain.identifiers import LineId, ObjectId
from rotation.domain.line import Line, Reason
from rotation.domain.rotation import Overlapping
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ports.tables import Delete, Query
from rotation.workflows import deliver, rotate
from rotation.workflows.enrolling import enrol
from rotation.workflows.opening import Ask, Opened, open_rotation
from rotation.workflows.previewing import DEFAULT_LINE, Wish
from rotation.workflows.rebuilding.rebuild import rebuild
from rotation.workflows.rebuilding.survey import survey
from rotation.workflows.reminding import digest, send_notice
from rotation.workflows.scanning import run_scan
from rotation.workflows.services import Services
from sandbox.cloud import Cloud
from tests.sandbox.test_doctor import composition

__all__ = ["composition"]
pytestmark = pytest.mark.sandbox

PATIENCE = 180
CONFIGURATION = """
audiences:
  people: {{mail: [people@contoso.example]}}
reminders: {{fallback: people, sender: "{sender}"}}
destinations:
  lost-copy: {{kind: key-vault, vault: "{vault}", secret: lost-copy}}
policies:
  - name: ours
    mode: rotate
    select: {{names: ["Lost ledger*"]}}
    audience: people
    lifetime: 50d
    proof_over: 1s
    destinations: [lost-copy]
"""


@pytest.fixture
async def services(cloud: Cloud, composition: Composition, tmp_path: Path) -> AsyncIterator[Services]:
    """The app with another configuration."""
    sender = cloud.entra.add_user("Lost").current["mail"]
    (tmp_path / "rotation.yaml").write_text(CONFIGURATION.format(vault=cloud.urls["vault2"], sender=sender))
    async with Composition(composition.settings, hosted=False) as made:
        timing = replace(made.services.timing, look_spacing=timedelta(seconds=0.2))
        yield replace(made.services, timing=timing)


def an_application(cloud: Cloud) -> tuple[str, ObjectId]:
    owners = [cloud.entra.principal_of(cloud.app[0]).id]
    entry = cloud.entra.add_application({"displayName": "Lost ledger"}, owners=owners)
    cloud.entra.add_secret(str(entry.current["appId"]), end=datetime.now(UTC) + timedelta(days=170))
    return str(entry.current["appId"]), ObjectId(str(entry.current["id"]))


async def wipe(services: Services) -> None:
    """Lose every row, as with the storage account; somebody has made the tables again."""
    for table in keys.TABLES:
        for row in [row async for row in services.tables.query(table, Query())]:
            await services.tables.commit(table, row.partition, [Delete(key=row.key)])


async def work_until(services: Services, so: Callable[[], Awaitable[bool]]) -> None:
    """Take the steps whose wakes are due, as the queues' functions do."""
    until = time.monotonic() + PATIENCE
    while not await so():
        assert time.monotonic() < until, "it does not get there"
        for wake in [wake async for wake in services.wakes.due(services.clock.now())]:
            try:
                if wake.destination is None:
                    await rotate.advance(services, wake.rotation)
                else:
                    await deliver.advance(services, wake.rotation, wake.destination)
            except LeaseHeld:
                continue
        await asyncio.sleep(0.05)


async def overlapping(services: Services, line_id: LineId) -> bool:
    line = await ledger.line(services.tables, line_id)
    record = await ledger.read(services.tables, line_id.application)
    return line is not None and isinstance(record.rotations[line.latest or ""].phase, Overlapping)


async def rotated(services: Services, line_id: LineId, *, succeed: bool = False) -> Line:
    """Rotate as far as a program can, and give the line."""
    ask = Ask(by="ada", reason=Reason.REQUESTED, succeed=succeed)
    assert isinstance(await open_rotation(services, line_id, ask), Opened)
    await work_until(services, lambda: overlapping(services, line_id))
    line = await ledger.line(services.tables, line_id)
    assert line is not None
    return line


async def remind(services: Services, cloud: Cloud) -> list[str]:
    """Send what a morning sends, and give every mail so far."""
    await digest(services)
    for notice in [key async for key in services.notices.due(services.clock.now())]:
        await send_notice(services, notice)
    return [str(mail) for mail in cloud.entra.truth.mails]


async def test_the_ledger_is_lost_and_the_line_goes_on_after_a_persons_yes(cloud: Cloud, services: Services) -> None:
    """Reminders come; nothing is minted, published, delivered or removed meanwhile; then the next rotation works."""
    app_id, object_id = an_application(cloud)
    line_id, wish = LineId(object_id, DEFAULT_LINE), Wish(application=object_id, by="ada", unrehearsed=True)
    await enrol(services, wish)
    before = await rotated(services, line_id)
    assert before.current is not None
    await wipe(services)

    minted = cloud.entra.minted(app_id)
    seen = await survey(services)
    found = {line.id: line.latest for line in seen.lines}[line_id]
    assert found is not None
    assert (found.key_id, found.version) == (before.current, before.version)
    done = await rebuild(services, seen, by="ada")
    await run_scan(services, done.scan)
    assert any(before.current in mail for mail in await remind(services, cloud)), "people are reminded of it"
    assert [wake async for wake in services.wakes.due(services.clock.now() + timedelta(days=900))] == []
    assert cloud.entra.minted(app_id) == minted, "nothing was minted or removed"

    taken = await enrol(services, wish)
    assert (taken.current, taken.open) == (before.current, before.open)
    await work_until(services, lambda: overlapping(services, line_id))
    assert cloud.entra.minted(app_id) == minted, "taken over, not minted again"
    after = await rotated(services, line_id, succeed=True)
    newest = next(one for one in cloud.entra.minted(app_id) if one.key_id == after.current)
    _secret, latest = cloud.vaults["vault2"].get("lost-copy", None)
    assert latest.text == newest.text
    assert not [one for one in cloud.entra.minted(app_id) if one.removed_at is not None]
