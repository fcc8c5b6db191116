"""What people may do over HTTP, and keys and applications may not."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest

from rotation.domain.credential import Application
from rotation.domain.line import Reason
from rotation.ledger import application as ledger
from rotation.web.principal import Role
from tests.fakes.mishaps import Mishap
from tests.fakes.world import QUICK, VAULT, World, configure, destination
from tests.unit.web.caller import Answer, come
from tests.unit.web.easy_auth import OBJECT_ID, person, principal_header
from tests.unit.web.easy_auth import application as by_token

DAY = timedelta(days=1)
ALMA = person("alma", Role.ADMINISTRATOR)
OSKAR = person("oskar", Role.OPERATOR)
RITA = person("rita", Role.READER)
BOT = by_token("77777777-0000-4000-8000-000000000000", Role.OPERATOR, Role.ADMINISTRATOR)
FROM = {"x_forwarded_for": "203.0.113.9:4711"}


@pytest.fixture
def world() -> World:
    return World()


async def history(world: World, application: Application, what: str) -> dict[str, str]:
    rows = await ledger.events(world.tables, application.object_id)
    return next({name: str(value) for name, value in row.values.items()} for row in rows if row.values["what"] == what)


async def enrol(world: World, application: Application, by: dict[str, str] | None, **fields: object) -> Answer:
    return await come(world, "POST", "lines", {"application": application.object_id, **fields}, by=by, **FROM)


async def test_an_administrator_enrols_after_seeing_what_it_means(world: World) -> None:
    application = world.add_application()
    unseen = await enrol(world, application, ALMA)
    assert (unseen.status, unseen.slug) == (409, "not-confirmed")
    assert unseen.body["facts"]["preview"]["handed_over"][0]["key_id"] == application.secrets[0].key_id
    done = await enrol(world, application, ALMA, yes=True)
    assert done.status == 201
    line = f"{application.object_id}|default"
    assert done.headers["Location"] == f"/entra/api/lines/{quote(line, safe='')}"
    told = await history(world, application, "enrolled")
    assert (told["by"], told["where"]) == ("alma@contoso.example", "web from 203.0.113.9")
    shown = await come(world, "GET", f"lines/{quote(line, safe='')}", by=RITA)
    assert shown.body["enrolled_by"] == "alma@contoso.example"


@pytest.mark.parametrize(
    ("by", "slug"),
    [(OSKAR, "not-allowed"), (RITA, "not-allowed"), (BOT, "enrol-at-terminal"), (None, "enrol-at-terminal")],
)
async def test_nobody_else_enrols(world: World, by: dict[str, str] | None, slug: str) -> None:
    answer = await enrol(world, world.add_application(), by, yes=True)
    assert (answer.status, answer.slug) == (403, slug)
    assert not [line async for line in world.services().lines.all()]


async def test_an_administrator_releases_and_is_told_what_to_watch(world: World) -> None:
    application = world.add_application()
    await world.enrol(application)
    address = f"lines/{application.object_id}%7Cdefault/release"
    for by in (OSKAR, BOT, None):
        assert (await come(world, "POST", address, {"yes": True}, by=by)).status == 403
    assert (await come(world, "POST", address, by=ALMA)).slug == "not-confirmed"
    done = await come(world, "POST", address, {"yes": True}, by=ALMA, **FROM)
    assert [key["key_id"] for key in done.body["watch"]] == [application.secrets[0].key_id]
    assert (await history(world, application, "released"))["where"] == "web from 203.0.113.9"
    assert (await come(world, "POST", address, {"yes": True}, by=ALMA)).status == 404


@pytest.mark.parametrize(
    "line", ["x", "a|b", "00000000-0000-4000-8000-000000000000|No", "00000000-0000-4000-8000-000000000000"]
)
async def test_a_line_that_is_none_is_told_so(world: World, line: str) -> None:
    assert (await come(world, "GET", f"lines/{quote(line, safe='')}")).slug == "misread"


async def test_a_compromise_is_declared_by_an_administrator_who_names_what_is_burnt(world: World) -> None:
    application = world.add_application()
    await world.enrol(application)
    burnt = application.secrets[0].key_id
    asked = {"application": application.object_id, "reason": "compromised", "burnt": [burnt]}
    for by, slug in ((OSKAR, "not-allowed"), (BOT, "compromised-at-terminal"), (None, "compromised-at-terminal")):
        refused = await come(world, "POST", "rotations", asked | {"yes": True}, by=by)
        assert (refused.status, refused.slug) == (403, slug)
    unnamed = await come(world, "POST", "rotations", asked | {"burnt": []}, by=ALMA)
    assert unnamed.body["facts"]["problems"] == ["burnt: is missing; name each key id that somebody else knows"]
    unseen = await come(world, "POST", "rotations", asked, by=ALMA)
    assert (unseen.status, unseen.body["facts"]["application"]["name"]) == (409, "Application 1")
    done = await come(world, "POST", "rotations", asked | {"yes": True, "removeFirst": True}, by=ALMA, **FROM)
    assert done.status == 202
    assert world.rotations()[0].reason is Reason.COMPROMISED
    assert (await history(world, application, "planned"))["where"] == "web from 203.0.113.9"


async def test_what_is_burnt_belongs_to_a_compromise(world: World) -> None:
    application = world.add_application()
    answer = await come(
        world, "POST", "rotations", {"application": application.object_id, "removeFirst": True}, by=ALMA
    )
    assert (answer.status, answer.slug) == (400, "bad-request")


async def test_a_second_person_approves(world: World) -> None:
    application = world.add_application()
    await world.enrol(application)
    world.change_terms(replace(QUICK, approval=True))
    begun = await come(world, "POST", "rotations", {"application": application.object_id}, by=OSKAR)
    address = f"rotations/{begun.body['rotation']}/approve"
    await world.run(timedelta(minutes=1))
    assert (await come(world, "POST", address)).status == 403
    assert (await come(world, "POST", address, by=BOT)).status == 403
    assert (await come(world, "POST", address, by=OSKAR)).slug == "two-persons"
    done = await come(world, "POST", address, {"ticket": "CHG-7"}, by=person("olga", Role.OPERATOR), **FROM)
    assert done.status == 202
    told = await history(world, application, "approved")
    assert (told["by"], told["ticket"], told["where"]) == ("olga@contoso.example", "CHG-7", "web from 203.0.113.9")
    await world.run(timedelta(hours=1))
    assert (await come(world, "POST", address, by=ALMA)).slug == "nothing-waits"


@pytest.mark.parametrize("by_key", [False, True])
async def test_one_person_by_two_doors_or_in_other_letters_is_no_second_person(world: World, by_key: bool) -> None:
    application = world.add_application()
    await world.enrol(application)
    world.change_terms(replace(QUICK, approval=True))
    spelt = [(OBJECT_ID, "id-of-oskar"), ("preferred_username", "Oskar@Contoso.example")]
    oskar = principal_header(*spelt, ("roles", Role.OPERATOR.claim))
    asked = {"application": application.object_id}
    if by_key:
        begun = await come(world, "POST", "rotations", asked, x_ms_client_principal=oskar["x-ms-client-principal"])
    else:
        begun = await come(world, "POST", "rotations", asked, by=oskar)
    await world.run(timedelta(minutes=1))
    asker = "Oskar@Contoso.example" + (", by function key" if by_key else "")
    assert world.rotations()[0].asked_by == asker
    address = f"rotations/{begun.body['rotation']}/approve"
    assert (await come(world, "POST", address, by=OSKAR)).slug == "two-persons"
    assert (await come(world, "POST", address, by=person("olga", Role.OPERATOR))).status == 202


async def test_a_new_destination_takes_an_administrator(world: World) -> None:
    application = world.add_application()
    await world.enrol(application)
    world.settings.now = configure(destination("store"), destination("second"))
    begun = await come(world, "POST", "rotations", {"application": application.object_id}, by=OSKAR)
    await world.run(timedelta(hours=1))
    address = f"rotations/{begun.body['rotation']}/approve"
    assert (await come(world, "POST", address, by=person("olga", Role.OPERATOR))).slug == "not-allowed"
    assert (await come(world, "POST", address, by=ALMA, **FROM)).status == 202
    assert (await history(world, application, "destinations.approved"))["where"] == "web from 203.0.113.9"


async def test_a_hand_off_is_listed_shown_and_acknowledged() -> None:
    world = World(configuration=configure(destination("portal", "person")))
    application = world.add_application()
    await world.enrol(application)
    begun = await come(world, "POST", "rotations", {"application": application.object_id}, by=OSKAR)
    await world.run(timedelta(hours=1))
    listed = await come(world, "GET", "hand-offs", by=RITA)
    assert (listed.body["total"], listed.body["hand_offs"][0]["destination"]) == (1, "portal")
    address = f"hand-offs/{begun.body['rotation']}/portal"
    shown = await come(world, "GET", address, by=RITA)
    questions = shown.body["form"]["questions"]
    acknowledge = f"{address}/acknowledge"
    said = {"answers": dict.fromkeys(questions, "yes"), "typedEnd": "2026-08-29"}
    for by in (None, BOT, RITA):
        assert (await come(world, "POST", acknowledge, said, by=by)).status == 403
    assert (await come(world, "POST", acknowledge, {"answers": {}}, by=OSKAR)).slug == "answers-missing"
    assert (await come(world, "POST", acknowledge, {}, by=OSKAR)).slug == "bad-request"
    assert (await come(world, "POST", acknowledge, said, by=OSKAR, **FROM)).status == 202
    told = await history(world, application, "delivery.acknowledged")
    assert (told["by"], told["where"]) == ("oskar@contoso.example", "web from 203.0.113.9")
    assert (await come(world, "GET", address, by=RITA)).status == 404
    assert (await come(world, "GET", f"hand-offs/{begun.body['rotation']}/NO", by=RITA)).slug == "misread"


async def test_an_older_secret_is_sent_out_again_after_a_preview() -> None:
    world = World()
    application = world.add_application(ends_in=300 * DAY)
    await world.enrol(application)
    for _time in range(2):
        await world.open(application, succeed=True)
        await world.run(timedelta(hours=2))
    publication = world.rotations()[0].publication
    assert publication is not None
    address = f"lines/{application.object_id}%7Cdefault/deliver"
    wanted = {"version": publication.version, "destinations": ["store"]}
    seen = await come(world, "POST", address, wanted | {"preview": True}, by=OSKAR)
    assert seen.body["places"][0]["name"] == "store"
    assert (await come(world, "POST", address, wanted | {"yes": True}, by=OSKAR)).slug == "not-confirmed"
    done = await come(world, "POST", address, wanted | {"yes": True, "reason": "it breaks"}, by=OSKAR, **FROM)
    assert (done.status, done.body["rotation"]) == (202, str(world.rotations()[0].id))
    assert (await history(world, application, "went-back"))["where"] == "web from 203.0.113.9"


async def test_only_an_administrator_closes_the_breaker(world: World) -> None:
    await world.services().control.breaker.change(lambda before: replace(before, open_reason="vault-refused"))
    asked = {"reason": "the firewall is open again", "breaker": True}
    for by in (None, BOT, OSKAR):
        assert (await come(world, "POST", "resume", asked, by=by)).status == 403
    stays = await come(world, "POST", "resume", {"reason": "x"}, by=OSKAR)
    assert (stays.body["breaker"], stays.body["remedy"]) == ("vault-refused", "rotation resume --breaker")
    assert (await come(world, "POST", "resume", asked, by=ALMA)).body["breaker"] is None
    trail = await come(world, "GET", "audit?what=resumed&by=ALMA@contoso.example", by=RITA)
    assert [event["facts"]["breaker"] for event in trail.body["events"]] == ["True"]


async def test_destinations_are_asked_and_channels_are_tried(world: World) -> None:
    checked = await come(world, "POST", "destinations/check", {"names": ["store"]}, by=OSKAR)
    assert [each["name"] for each in checked.body["checked"]] == ["store"]
    assert (await come(world, "POST", "destinations/check", {"names": ["none"]})).slug == "no-such-destination"
    tried = await come(world, "POST", "notify/test", {"audience": "people"}, by=OSKAR)
    assert [(each["audience"], each["sent"]) for each in tried.body["proofs"]] == [("people", True)]
    assert (await come(world, "POST", "notify/test", {"audience": "nobody"}, by=OSKAR)).status == 404


async def test_what_gave_up_goes_on(world: World) -> None:
    done = await come(world, "POST", "replay", by=OSKAR)
    assert done.body == {"rotations": [], "scans": [], "notices": [], "later": [], "unreadable": 0}


async def test_a_service_may_be_down_and_it_is_told_as_such(world: World) -> None:
    application = world.add_application()
    world.vaults.memory(VAULT).mishaps.plan("versions", Mishap.UNAVAILABLE)
    assert (await enrol(world, application, ALMA, preview=True)).status == 503


async def test_an_operator_silences_a_credential_for_a_week(world: World) -> None:
    application = world.add_application()
    await world.scan()
    asked = {"application": application.object_id, "keyId": application.secrets[0].key_id}
    assert (await come(world, "POST", "snooze", asked, by=RITA)).status == 403
    done = await come(world, "POST", "snooze", asked, by=OSKAR, **FROM)
    assert done.body["until"] > world.clock.now().isoformat()
    trail = await come(world, "GET", "audit?what=reminder.snoozed")
    assert trail.body["events"][0]["facts"]["where"] == "web from 203.0.113.9"
    unknown = asked | {"keyId": "ffffffff-0000-4000-8000-000000000000"}
    assert (await come(world, "POST", "snooze", unknown, by=OSKAR)).slug == "no-such-expiry"


async def test_only_an_administrator_has_the_doctor_look(world: World) -> None:
    for by in (None, BOT, OSKAR):
        assert (await come(world, "GET", "health?deep=true", by=by)).status == 403
    seen = await come(world, "GET", "health?deep=true", by=ALMA)
    assert seen.status in {200, 503}
    assert {"table", "vault", "permission"} <= {finding["check"] for finding in seen.body["findings"]}
    assert (await come(world, "GET", "health?deep=perhaps", by=ALMA)).slug == "bad-request"
