"""A vault is lost over the wire while a rotation has staged in it: the line goes on in another, once, and is current."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rotation.bootstrap import Composition
from rotation.domain.identifiers import LineId, ObjectId
from rotation.domain.line import Line, Reason
from rotation.domain.rotation import Proven, Staged
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ports.tables import Query
from rotation.workflows.enrolling import enrol
from rotation.workflows.opening import Ask, Opened, open_rotation
from rotation.workflows.previewing import DEFAULT_LINE
from rotation.workflows.previewing import Wish as Enrol
from rotation.workflows.reissuing import Wish, preview, reissue
from rotation.workflows.services import Services
from sandbox.cloud import Cloud
from tests.fakes.crashing import Crash, CrashPlan, crashing
from tests.sandbox.test_doctor import composition
from tests.sandbox.test_rebuild import PATIENCE, overlapping, work_until

__all__ = ["composition"]
pytestmark = pytest.mark.sandbox

CONFIGURATION = """
audiences:
  people: {{mail: [people@contoso.example]}}
reminders: {{fallback: people, sender: "{sender}"}}
destinations:
  moved-copy: {{kind: key-vault, vault: "{copies}", secret: moved-copy}}
policies:
  - name: ours
    mode: rotate
    select: {{names: ["Lost vault*"]}}
    audience: people
    lifetime: 50d
    proof_over: 1s
    vault: "{home}"
    destinations: [moved-copy]
"""


def configuration(cloud: Cloud, *, home: str) -> str:
    sender = cloud.entra.add_user("Lost vault").current["mail"]
    return CONFIGURATION.format(sender=sender, copies=cloud.urls["vault2"], home=cloud.urls[home])


@asynccontextmanager
async def process(composition: Composition) -> AsyncIterator[Services]:
    """Start the app again, with the configuration that there is now."""
    async with Composition(composition.settings, hosted=False) as made:
        spans = {"look_spacing": 0.2, "orphan_age": 0.0, "lease": 2.0}
        timing = replace(made.services.timing, **{name: timedelta(seconds=span) for name, span in spans.items()})
        yield replace(made.services, timing=timing)


def dying(services: Services) -> Services:
    """Give a process over the same wire that is killed when both names are claimed in the new vault."""
    claimed: list[str] = []

    def watch(call: str, arguments: Sequence[object]) -> None:
        if len(claimed) == 2:
            raise Crash("the names are claimed")
        if call == "AzureTables.commit" and arguments[0] == keys.VAULT_NAMES:
            claimed.append(call)

    return replace(services, tables=crashing(services.tables, CrashPlan(), watch))


async def until_staged(services: Services, line_id: LineId) -> Staged | Proven:
    async def staged() -> bool:
        record = await ledger.read(services.tables, line_id.application)
        return any(isinstance(each.phase, Staged | Proven) for each in record.rotations.values())

    assert isinstance(await open_rotation(services, line_id, Ask(by="ada", reason=Reason.REQUESTED)), Opened)
    await work_until(services, staged)
    (rotation,) = (await ledger.read(services.tables, line_id.application)).rotations.values()
    assert isinstance(rotation.phase, Staged | Proven), "nothing of it is published"
    return rotation.phase


async def test_what_was_staged_in_a_lost_vault_is_minted_again_in_the_next(
    cloud: Cloud, composition: Composition, tmp_path: Path
) -> None:
    """Whoever says it is killed between the claim in the new vault and the line's move, and says it again."""
    app_id, object_id = an_application(cloud)
    line_id, file = LineId(object_id, DEFAULT_LINE), tmp_path / "rotation.yaml"
    wish = Wish(vault=cloud.urls["vault"], by="ada", why="it burnt")
    file.write_text(configuration(cloud, home="vault"))
    async with process(composition) as services:
        name = (await enrol(services, Enrol(application=object_id, by="ada", unrehearsed=True))).enrolment.secret_name
        staged = (await until_staged(services, line_id)).minted.key_id
    cloud.vaults["vault"].delete(f"{name}-staged")

    file.write_text(configuration(cloud, home="vault2"))
    async with process(composition) as services:
        with pytest.raises(Crash):
            await reissue(dying(services), wish)
        assert await homes(services, name) == {urlsplit(cloud.urls[vault]).netloc for vault in ("vault", "vault2")}
        assert (await line_of(services, line_id)).enrolment.vault_url == cloud.urls["vault"], "it has not moved yet"

        until = time.monotonic() + PATIENCE
        while (await reissue(services, wish)).later:  # no step is taken meanwhile: one in the lost vault would stop
            assert time.monotonic() < until, "its lease does not end"
            await asyncio.sleep(0.2)
        await work_until(services, lambda: overlapping(services, line_id))
        line = await line_of(services, line_id)
        assert await homes(services, name) == {urlsplit(cloud.urls["vault2"]).netloc}
        assert (await preview(services, wish)).lines[0].done, "what was minted since is new"
    _secret, latest = cloud.vaults["vault2"].get(name, None)
    _secret, copied = cloud.vaults["vault2"].get("moved-copy", None)
    held = {one.key_id: one for one in cloud.entra.minted(app_id)}
    assert latest.text == copied.text == held[str(line.current)].text
    assert held.pop(staged).removed_at is not None, "what nobody can read is no way in that anybody needs"
    assert [one for one in held.values() if one.removed_at is not None] == []
    assert name not in cloud.vaults["vault"].listed()


def an_application(cloud: Cloud) -> tuple[str, ObjectId]:
    owners = [cloud.entra.principal_of(cloud.app[0]).id]
    entry = cloud.entra.add_application({"displayName": "Lost vault"}, owners=owners)
    cloud.entra.add_secret(str(entry.current["appId"]), end=datetime.now(UTC) + timedelta(days=170))
    return str(entry.current["appId"]), ObjectId(str(entry.current["id"]))


async def line_of(services: Services, line_id: LineId) -> Line:
    line = await ledger.line(services.tables, line_id)
    assert line is not None
    return line


async def homes(services: Services, name: str) -> set[str]:
    """Give the hosts of the vaults in which a name is claimed."""
    return {row.partition async for row in services.tables.query(keys.VAULT_NAMES, Query()) if row.key == name}
