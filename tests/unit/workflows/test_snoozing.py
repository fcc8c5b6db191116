"""Snooze: signed, expiring, good once, nothing by looking; silent until it ends, and then told once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import NEVER, Credential
from rotation.domain.errors import Refused
from rotation.ledger import keys
from rotation.ledger.expiries import all_expiries
from rotation.ports.notices import Item
from rotation.workflows import snoozing
from rotation.workflows.reminding import digest
from rotation.workflows.services import Services
from tests.fakes.crashing import Crash
from tests.fakes.directory_state import make_application, make_key_id
from tests.fakes.world import PEOPLE, VAULT, World

DAY = timedelta(days=1)
DASHBOARD = "https://rotation.example"


class Home:
    """A world with a dashboard and one secret that ends in a while."""

    def __init__(self, ends_in: timedelta = 12 * DAY) -> None:
        self.world = World()
        self.world.add_application(ends_in=ends_in)

    @property
    def services(self) -> Services:
        return replace(self.world.calm(), link=DASHBOARD)

    async def told(self) -> list[Item]:
        """Let a night pass, and give what the morning tells."""
        before = len(self.world.channel.sent)
        await self.world.scan()
        await digest(self.services)
        await self.world.run(timedelta(minutes=30))
        await self.world.run(DAY - timedelta(minutes=32))
        return [item for _audience, message in self.world.channel.sent[before:] for item in message.items]

    async def token(self) -> str:
        (item,) = await self.told()
        assert item.snooze.startswith(f"{DASHBOARD}/snooze/")
        return item.snooze.rpartition("/")[2]


async def test_a_link_is_looked_at_as_often_as_one_likes_and_nothing_changes() -> None:
    home = Home()
    token = await home.token()
    before = home.world.tables.all_rows(keys.REMINDERS)
    for _scanner in range(3):
        seen = await snoozing.snooze_preview(home.services, token)
    assert (seen.audience, seen.used) == (PEOPLE, False)
    assert "nobody rotates its secret" in seen.what
    assert home.world.tables.all_rows(keys.REMINDERS) == before


async def test_it_is_silent_until_the_snooze_ends_and_then_told_once() -> None:
    home = Home(ends_in=45 * DAY)
    token = await home.token()
    done = await snoozing.snooze(home.services, token, where="203.0.113.9")
    assert done.until == home.world.clock.now() + timedelta(days=7)
    told = [len(await home.told()) for _day in range(14)]
    assert told == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]


async def test_a_rung_that_comes_while_it_is_snoozed_is_told_when_it_ends() -> None:
    home = Home(ends_in=16 * DAY)
    await snoozing.snooze(home.services, await home.token())
    told = [len(await home.told()) for _day in range(8)]
    assert sum(told[:7]) == 0, "also the rung of 14 days"
    assert sum(told) == 1


async def test_a_link_is_good_once_and_says_so() -> None:
    home = Home()
    token = await home.token()
    done = await snoozing.snooze(home.services, token)
    with pytest.raises(Refused) as refused:
        await snoozing.snooze(home.services, token)
    assert refused.value.reason == "link-used"
    await home.world.run(2 * DAY)
    seen = await snoozing.snooze_preview(home.services, token)
    assert seen.used
    assert seen.until == done.until, "as it was, not as it would be now"


async def test_a_link_expires_and_one_for_something_else_opens_nothing() -> None:
    home = Home()
    token = await home.token()
    with pytest.raises(Refused) as refused:
        await snoozing.snooze_preview(home.services, f"{token[:-3]}xyz")
    assert refused.value.reason == "link-invalid"
    await home.world.run(15 * DAY)
    with pytest.raises(Refused) as refused:
        await snoozing.snooze(home.services, token)
    assert refused.value.reason == "link-expired"


async def test_it_is_in_the_audit_trail_with_who_and_from_where() -> None:
    home = Home()
    await snoozing.snooze(home.services, await home.token(), by="ada@contoso.example", where="203.0.113.9")
    (row,) = [row for row in home.world.tables.all_rows(keys.CONTROL) if row.values.get("what") == "reminder.snoozed"]
    assert (row.values["by"], row.values["where"], row.values["audience"]) == (
        "ada@contoso.example",
        "203.0.113.9",
        PEOPLE,
    )


async def test_whenever_it_dies_a_link_is_used_up_only_together_with_its_effect() -> None:
    home = Home()
    token = await home.token()
    outcomes = set()
    for point in range(12):
        for row in home.world.tables.all_rows(keys.REMINDERS):
            if "|used|" in row.key or "|snooze|" in row.key:
                home.world.tables._tables[keys.REMINDERS].pop((row.partition, row.key))
        home.world.crash_at(point)
        try:
            await snoozing.snooze(replace(home.world._current, link=DASHBOARD), token)
        except Crash:
            outcomes.add("died")
        if not (await snoozing.snooze_preview(home.services, token)).used:
            await snoozing.snooze(home.services, token)
            outcomes.add("done on the second try")
        rows = [row for row in home.world.tables.all_rows(keys.REMINDERS) if "|snooze|" in row.key]
        assert len(rows) == 1, point
    assert outcomes == {"died", "done on the second try"}


async def test_a_digest_is_not_held_up_by_a_vault_without_a_key() -> None:
    home = Home()
    home.world.vaults.memory(VAULT).refusing = "vault-refused"
    (item,) = await home.told()
    assert item.snooze == ""
    assert item.text


async def test_a_person_may_snooze_a_credential_for_all_who_hear_of_it() -> None:
    home = Home(ends_in=6 * DAY)
    home.world.change_policy(owners=True)
    await home.world.scan()
    (expiry,) = [each async for each in all_expiries(home.world.tables)]
    until = await snoozing.snooze_credential(home.services, expiry, by="ada", where="terminal")
    assert until == expiry.end_at, "not past its end"
    assert await home.told() == []
    kept = {row.key.rpartition("|")[2] for row in home.world.tables.all_rows(keys.REMINDERS) if "|snooze|" in row.key}
    assert kept == {"owners", PEOPLE}


async def test_where_nobody_hears_of_it_there_is_nobody_to_be_silent_for() -> None:
    home = Home()
    await home.world.scan()
    home.world.settings.now = replace(home.world.settings.now, fallback_audience=None)
    (expiry,) = [each async for each in all_expiries(home.world.tables)]
    await snoozing.snooze_credential(home.services, expiry, by="ada")
    assert not [row for row in home.world.tables.all_rows(keys.REMINDERS) if "|snooze|" in row.key]


@pytest.mark.parametrize("snoozed", [False, True])
async def test_what_never_ends_is_told_each_month_also_after_a_snooze(*, snoozed: bool) -> None:
    home = Home()
    home.world = World()
    never = Credential(key_id=make_key_id(7), end_at=NEVER)
    application = make_application(1, never)
    home.world.directory.add(application)
    await home.world.enrol(application)
    token = await home.token()
    if snoozed:
        await snoozing.snooze(home.services, token)
    told = [day for day in range(100) if await home.told()]
    assert told == ([7, 29, 59, 90] if snoozed else [29, 59, 90])
