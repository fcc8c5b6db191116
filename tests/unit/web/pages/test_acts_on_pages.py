"""Every act by its page: what it shows, that it acts, that it acts once, and what it says where it is refused."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.brakes import Breaker
from rotation.domain.line import Reason
from rotation.domain.policy import Limits
from rotation.ledger import keys
from rotation.ledger.once import Once, Taken
from rotation.web.pages import once
from rotation.web.pages.forms import ONCE_FIELD
from rotation.web.principal import Role
from rotation.workflows import operating
from tests.fakes.world import QUICK, World, configure, destination, rotation_id
from tests.unit.web.pages.browser import Browser


async def overlapping(world: World) -> str:
    """Bring one rotation to where its old secret waits; give its address."""
    world.settings.now = configure(destination("store"))
    application = world.add_application(1, ends_in=timedelta(days=10))
    await world.enrol(application)
    await world.scan()
    await world.run(timedelta(hours=2))
    return f"/rotations/{rotation_id(world)}"


async def test_a_scan_is_asked_for_once_however_often_the_button_is_pressed(world: World, ada: Browser) -> None:
    page = await ada.get("/acts/scan")
    assert "Leaves alone" in page.text
    first, second = await asyncio.gather(ada.press(page.form), ada.press(page.form))
    assert (first.status, second.status) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(world.queues.texts(keys.QUEUE_SCANS)) == 1
    shown = await ada.follow(first)
    assert "Asked for." in shown.text
    assert "ada@contoso.example" in shown.text


async def test_each_form_that_is_given_out_is_another_press(world: World, ada: Browser) -> None:
    for _time in range(2):
        await ada.press((await ada.get("/acts/scan")).form, dryRun="yes")
    assert len(world.queues.texts(keys.QUEUE_SCANS)) == 2


async def test_a_form_of_somebody_else_is_refused(world: World, ada: Browser) -> None:
    form = (await ada.get("/acts/scan")).form
    page = await Browser(world, name="mallory").press(form)
    assert page.status == 403
    assert "This did not come from our own page." in page.text
    assert not world.queues.texts(keys.QUEUE_SCANS)


async def test_pause_asks_why_and_keeps_what_was_typed(world: World, ada: Browser) -> None:
    await world.enrol(world.add_application())
    form = (await ada.get("/acts/pause")).form
    page = await ada.press(form, reason="   ")
    assert page.status == 400
    assert "reason: is missing" in page.text
    page = await ada.press(page.form, reason="the vault moves")
    assert page.headers["Location"] == "/?said=paused"
    shown = await ada.follow(page)
    assert "Paused." in shown.text
    assert "the vault moves" in shown.text
    assert "ada@contoso.example" in shown.text
    pause = await world.calm().control.pause()
    assert pause is not None
    assert pause.by == "ada@contoso.example"
    resumed = await ada.press((await ada.get("/acts/resume")).form, reason="it has moved")
    assert "Resumed." in (await ada.follow(resumed)).text
    assert await world.calm().control.pause() is None


async def test_closing_the_breaker_takes_an_administrator(world: World, ada: Browser) -> None:
    opened = Breaker(open_reason="vault-refused", opened_at=world.clock.now())
    await world.calm().control.breaker.change(lambda _before: opened)
    olga = Browser(world, role=Role.OPERATOR, name="olga")
    page = await olga.get("/acts/resume")
    assert "takes the role Rotation.Administrator" in page.text
    assert "breaker" not in page.form.offered
    assert (await olga.press(page.form, reason="x", breaker="yes")).status == 403
    page = await ada.get("/")
    assert "The circuit breaker is open." in page.text
    await ada.press((await ada.get("/acts/resume")).form, reason="mended", breaker="yes")
    assert (await world.calm().control.breaker.read()).open_reason is None


async def test_a_rotation_is_asked_for_and_a_second_one_is_refused_with_the_reason(world: World, ada: Browser) -> None:
    application = world.add_application(1, ends_in=timedelta(days=150))
    await world.enrol(application)
    page = await ada.get(f"/applications/{application.object_id}/lines/default/rotate")
    assert "store: " in page.text
    assert application.secrets[0].key_id in page.text
    opened = await ada.press(page.form, ticket="T-1")
    shown = await ada.follow(opened)
    assert "Opened." in shown.text
    again = await ada.get(page.path)
    assert "succeed" in again.form.offered
    refused = await ada.press(again.form, ticket="T-2")
    assert refused.status == 409
    assert "is open" in refused.text
    assert ("ticket", "T-2") in refused.form.fields


async def test_a_compromise_names_what_is_burnt_and_is_sure(world: World, ada: Browser) -> None:
    application = world.add_application(1, ends_in=timedelta(days=150), secrets=2)
    await world.enrol(application)
    path = f"/applications/{application.object_id}/lines/default/compromise"
    page = await ada.get(path)
    assert set(page.form.offered["burnt"]) == {secret.key_id for secret in application.secrets}
    refused = await ada.press(page.form)
    assert refused.status == 400
    assert "choose each key id" in refused.text
    assert "confirm that you know" in refused.text
    done = await ada.press(refused.form, burnt=[application.secrets[0].key_id], sure="yes", now="yes")
    assert done.status == 303
    (rotation,) = world.rotations()
    assert (rotation.reason, rotation.remove_first) == (Reason.COMPROMISED, True)
    assert rotation.burnt == (application.secrets[0].key_id,)
    assert (await Browser(world, role=Role.OPERATOR).get(path)).status == 403


async def test_enrolling_shows_what_it_would_mean_and_hands_over_what_is_chosen(world: World, ada: Browser) -> None:
    application = world.add_application(1, secrets=2)
    page = await ada.get(f"/applications/{application.object_id}/enrol")
    assert "Nothing has changed yet." in page.text
    kept, left = (secret.key_id for secret in application.secrets)
    assert {kept, left} == set(page.form.offered["keyIds"])
    done = await ada.press(page.form, keyIds=[kept])
    assert done.headers["Location"].endswith("?said=enrolled#line-default")
    line = await world.line(application)
    assert [key.key_id for key in line.keys] == [kept]
    assert line.enrolment.by == "ada@contoso.example"
    shown = await ada.follow(done)
    assert "Enrolled." in shown.text
    again = await ada.press((await ada.get(page.path)).form)
    assert again.status == 409
    assert "is enrolled already" in again.text


async def test_a_release_says_what_must_be_watched(world: World, ada: Browser) -> None:
    application = world.add_application()
    await world.enrol(application)
    page = await ada.get(f"/applications/{application.object_id}/lines/default/release")
    assert "You must watch then" in page.text
    shown = await ada.follow(await ada.press(page.form))
    assert "Released." in shown.text
    assert "Nothing of this application is enrolled." in shown.text


async def test_reminders_of_a_credential_are_snoozed_on_a_word(busy: World) -> None:
    ada = Browser(busy)
    watched = next(
        link for link in (await ada.get("/expiries?what=unmanaged")).links if link.startswith("/applications/")
    )
    page = await ada.get(watched)
    link = next(link for link in page.links if link.endswith("/snooze"))
    asked = await ada.get(link)
    assert "Goes quiet" in asked.text
    assert "Quiet for a week." in (await ada.follow(await ada.press(asked.form))).text
    events = [row.values["what"] for row in await busy.calm().control.history()]
    assert "reminder.snoozed" in events
    assert (await ada.get(f"{watched}/keys/{'0' * 8}/snooze")).status == 404


async def test_a_hand_off_is_confirmed_with_its_answers(busy: World) -> None:
    ada = Browser(busy)
    address = next(link for link in (await ada.get("/hand-offs")).links if link.startswith("/hand-offs/"))
    page = await ada.get(address)
    assert "Client Secret Value" in page.text
    refused = await ada.press(page.form, **{"answer-1": "yes", "answer-2": "no"})
    assert refused.status == 409
    assert "it is not done yet" in refused.text
    assert ("answer-1", "yes") in refused.form.fields
    done = await ada.press(refused.form, **{"answer-1": "yes", "answer-2": "yes", "typed_end": "2026-08-28"})
    assert "Recorded." in (await ada.follow(done)).text
    assert "Nothing waits here any more" in (await ada.get(address)).text


async def test_an_answer_that_is_too_long_is_refused_with_its_question(busy: World) -> None:
    ada = Browser(busy)
    address = next(link for link in (await ada.get("/hand-offs")).links if link.startswith("/hand-offs/"))
    refused = await ada.press((await ada.get(address)).form, **{"answer-1": "y" * 501, "answer-2": "yes"})
    assert refused.status == 400
    assert "is longer than 500 characters" in refused.text


async def test_an_old_secret_is_removed_at_once_after_its_evidence_was_shown(world: World, ada: Browser) -> None:
    address = await overlapping(world)
    page = await ada.get(address)
    assert "Before the old secret" in page.text
    for letter in "abcde":
        assert f"({letter})" in page.text
    link = next(link for link in page.links if link.endswith("/retire"))
    form = await ada.get(link)
    assert "missing" in form.text
    refused = await ada.press(form.form)
    assert "reason: is missing" in refused.text
    done = await ada.press(refused.form, reason="it is known to be dead")
    assert "Noted." in (await ada.follow(done)).text
    await world.run(timedelta(minutes=10))
    assert world.phases() == ["completed"]


async def test_an_approval_takes_somebody_else(world: World, ada: Browser) -> None:
    world.change_terms(replace(QUICK, approval=True))
    application = world.add_application(1, ends_in=timedelta(days=150))
    await world.enrol(application)
    await ada.press((await ada.get(f"/applications/{application.object_id}/lines/default/rotate")).form)
    address = f"/rotations/{rotation_id(world)}"
    page = await ada.get(address)
    assert "waits for an approval" in page.text
    refused = await ada.press((await ada.get(f"{address}/approve")).form, ticket="T")
    assert refused.status == 409
    assert "whoever asked cannot approve" in refused.text
    olga = Browser(world, role=Role.OPERATOR, name="olga")
    assert f"{address}/approve" in (await olga.get(address)).links
    assert "Approved." in (await olga.follow(await olga.press((await olga.get(f"{address}/approve")).form))).text


async def test_what_is_given_up_ends_and_says_so(world: World, ada: Browser) -> None:
    world.change_terms(replace(QUICK, approval=True))
    await world.enrol(world.add_application(1, ends_in=timedelta(days=10)))
    await world.scan()
    address = f"/rotations/{rotation_id(world)}"
    assert f"{address}/abandon" in (await ada.get(address)).links
    done = await ada.press((await ada.get(f"{address}/abandon")).form, reason="not this year")
    assert "Given up." in (await ada.follow(done)).text
    gone = await ada.get(f"{address}/abandon")
    assert "It has ended (abandoned)." in gone.text
    assert not [form for form in gone.forms if form.method == "post"]


async def test_what_is_stopped_is_tried_again(world: World, ada: Browser) -> None:
    world.settings.now = replace(configure(destination("store")), limits=Limits(first_week=configure().limits.usual))
    await world.enrol(world.add_application(1, ends_in=timedelta(days=10)))
    world.vaults.memory("https://vault.example").refusing = "vault-refused"
    await world.scan()
    await world.run(timedelta(hours=2))
    address = f"/rotations/{rotation_id(world)}"
    page = await ada.get(address)
    assert world.phases() == ["blocked"]
    assert f"{address}/retry" in page.links
    world.vaults.memory("https://vault.example").refusing = None
    shown = await ada.get(f"{address}/retry")
    assert "vault-refused" in shown.text
    assert "It goes on" in (await ada.follow(await ada.press(shown.form))).text
    refused = await ada.press((await ada.get(f"{address}/retry")).form)
    assert refused.status in {303, 409}


async def test_a_late_press_of_the_same_form_gets_the_first_answer(world: World, ada: Browser) -> None:
    form = (await ada.get("/acts/pause")).form
    await ada.press(form, reason="first")
    await operating.resume(world.calm(), by="x", reason="y")
    again = await ada.press(form, reason="first")
    assert again.headers["Location"] == "/?said=paused"
    assert await world.calm().control.pause() is None


async def test_a_press_whose_process_died_shows_how_it_stands(
    world: World, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "LOOK_EVERY", 0)
    form = (await ada.get("/acts/pause")).form
    pressed = dict(form.fields)[ONCE_FIELD]
    now = world.clock.now()
    died = Taken(kind=once.KIND, owner="died", began_at=now, expires_at=now + timedelta(hours=1))
    assert await Once(world.tables).take(f"person:id-of-ada|/acts/pause|{pressed}", died)
    again = await ada.press(form, reason="x")
    assert again.headers["Location"] == "/acts/pause?said=pressed"
    assert "Your first press was taken" in (await ada.follow(again)).text
