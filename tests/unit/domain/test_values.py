"""The small changes of values: what each touches, and what it leaves alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rotation.domain.brakes import Breaker, RampCount
from rotation.domain.credential import Credential
from rotation.domain.delivery import Cancelled, Delivery, DeliveryBlocked, Pending, Receipt, Sent
from rotation.domain.errors import (
    BrokenInvariant,
    LeaseHeld,
    Misconfigured,
    Misread,
    Refused,
    RotationError,
    StaleRecord,
    Throttled,
)
from rotation.domain.identifiers import (
    DestinationName,
    KeyId,
    LineId,
    LineName,
    ObjectId,
    PolicyName,
    RotationId,
    SecretVersion,
)
from rotation.domain.line import ApprovedDestination, Enrolment, HeldKey, Line, RetireOrder
from rotation.domain.messages import (
    DeliveryMessage,
    NoticeMessage,
    RotationMessage,
    ScanMessage,
    UnreadableMessage,
    read_delivery,
    read_notice,
    read_rotation,
    read_scan,
    write,
)
from rotation.domain.policy import Configuration, LineEntry, Policy, Ramp, Selector
from rotation.domain.reminder import rung_due
from rotation.domain.rotation import Blocked, Closed, Minting, Planned
from rotation.domain.secret import SecretText
from tests.fakes.directory_state import make_application, make_key_id
from tests.unit.domain.test_moves import rotation

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
APPLICATION = ObjectId("a0000000-0000-0000-0000-000000000001")
ULID = "01KJPFWK000000000000000001"
ONE, TWO, THREE = (HeldKey(key_id=make_key_id(number), end_at=NOW + number * DAY) for number in (1, 2, 3))
STORE = DestinationName("store")
WANTED = ["destination", "rotation"]


def line() -> Line:
    enrolment = Enrolment(
        policy=PolicyName("ours"),
        by="anna",
        at=NOW,
        destinations=(ApprovedDestination(name=STORE, fingerprint="f"),),
        readers=(),
        description="job - default",
        vault_url="https://vault.example",
        secret_name="entra-job-default",
        handed_over=(ONE.key_id,),
    )
    return Line(
        id=LineId(APPLICATION, LineName("default")),
        client_id=make_application(1).client_id,
        display_name="job",
        enrolment=enrolment,
        keys=(ONE, TWO),
        current=ONE.key_id,
    )


def delivery(**more: object) -> Delivery:
    made = Delivery(
        rotation=RotationId(APPLICATION, ULID),
        line=LineName("default"),
        destination=STORE,
        fingerprint="f",
        key_id=ONE.key_id,
        version=SecretVersion("v"),
        phase=Pending(),
        since=NOW,
    )
    return replace(made, **more)  # type: ignore[arg-type]


# Lines.


def test_publishing_makes_the_new_key_current_and_keeps_the_others() -> None:
    after = line().published(THREE, version=SecretVersion("v3"), minted_at=NOW)
    expected = replace(
        line(),
        keys=(ONE, TWO, THREE),
        current=THREE.key_id,
        version=SecretVersion("v3"),
        minted_at=NOW,
        rotations=1,
    )
    assert after == expected
    assert after.current_key == THREE
    again = replace(THREE, lapses=True)
    assert after.published(again, version=SecretVersion("v3"), minted_at=NOW).keys == (ONE, TWO, again)


def test_a_key_is_found_marked_and_forgotten_by_its_id() -> None:
    burnt = replace(TWO, burnt=True)
    assert line().key(TWO.key_id) == TWO
    assert line().key(THREE.key_id) is None
    assert line().marked(burnt) == replace(line(), keys=(ONE, burnt))
    assert line().without(ONE.key_id) == replace(line(), keys=(TWO,))
    assert replace(line(), current=None).current_key is None


def test_what_a_line_was_last_published_is_what_it_is_asked_about() -> None:
    last = replace(line(), minted_at=NOW, repeated=True).last_published
    assert (last.line, last.current, last.minted_at, last.repeated) == (line().id, ONE, NOW, True)


def test_an_approval_is_of_one_place() -> None:
    enrolment = line().enrolment
    assert enrolment.approves(STORE, "f")
    assert not enrolment.approves(STORE, "another")
    assert not enrolment.approves(DestinationName("second"), "f")


def test_an_operators_word_holds_in_its_rotation_only() -> None:
    order = RetireOrder(rotation=ULID, by="anna", at=NOW, why="nobody uses it")
    assert str(order) == "retired at once by anna: nobody uses it"
    assert replace(ONE, order=order).ordered_in(ULID) == order
    assert replace(ONE, order=order).ordered_in("another") is None
    assert ONE.ordered_in(ULID) is None


# Deliveries.


def test_a_try_is_counted_and_the_first_one_kept() -> None:
    once = delivery().retried(NOW)
    assert once == delivery(tries=1, failing_since=NOW)
    assert once.retried(NOW + HOUR) == delivery(tries=2, failing_since=NOW)


def test_sending_again_and_again_is_one_phase_of_failing() -> None:
    sent = Sent(receipt=Receipt(reference="r"), sent_at=NOW)
    tried = delivery(tries=3, failing_since=NOW)
    later = NOW + HOUR
    assert tried.moved(sent, later) == replace(tried, phase=sent, since=later)
    assert replace(tried, phase=sent).moved(Pending(), later) == replace(tried, phase=Pending(), since=later)
    assert tried.moved(Pending(), later) == tried, "the same phase: nothing begins anew"


def test_leaving_the_sending_forgets_its_tries() -> None:
    tried, later = delivery(tries=3, failing_since=NOW), NOW + HOUR
    over = Cancelled(why="x", at=later)
    assert tried.moved(over, later) == delivery(phase=over, since=later)
    stopped = replace(tried, phase=DeliveryBlocked(reason="r", detail="d", since=NOW))
    assert stopped.moved(Pending(), later) == delivery(since=later)


# Rotations.


def test_a_rotation_forgets_its_failing_when_something_went_well() -> None:
    failing = replace(rotation(Minting()), tries=3, failing_since=NOW, missing_since=NOW)
    assert failing.calm() == rotation(Minting())


def test_a_move_says_since_when_and_a_change_within_a_phase_does_not() -> None:
    later = NOW + HOUR
    assert rotation(Planned()).moved(Minting(), later) == replace(rotation(Minting()), phase_since=later)
    assert rotation(Minting()).moved(Minting(attempt=2), later) == rotation(Minting(attempt=2))


def test_an_illegal_move_names_both_phases() -> None:
    with pytest.raises(BrokenInvariant) as refused:
        rotation(Planned()).moved(Closed(how="by-person", at=NOW), NOW).moved(Minting(), NOW)
    assert refused.value.message == "closed cannot become minting"
    assert refused.value.reason == "illegal-move"
    assert refused.value.facts == {"rotation": str(rotation(Planned()).id)}
    blocked = Blocked(reason="x", detail="y", since=NOW, resumes=Planned())
    with pytest.raises(BrokenInvariant) as resumed:
        rotation(blocked).moved(Minting(), NOW)
    assert resumed.value.message == "blocked in planned cannot resume as minting"
    assert resumed.value.facts == {"rotation": str(rotation(Planned()).id)}


def test_our_sign_ins_are_the_first_and_the_last() -> None:
    once = rotation(Planned()).signed_in(NOW)
    assert once.own_sign_ins == (NOW, NOW)
    assert once.signed_in(NOW + HOUR) == replace(rotation(Planned()), own_sign_ins=(NOW, NOW + HOUR))


# Policies.


def test_a_selector_is_the_more_exact_the_less_others_can_change_it() -> None:
    application = replace(make_application(1, name="Payments-Prod"), tags=("team-a",))
    exactness = {
        Selector(object_ids=frozenset({application.object_id}), everything=True): 0,
        Selector(client_ids=frozenset({application.client_id}), everything=True): 1,
        Selector(names=("other", "pay*-PROD")): 2,
        Selector(tags=frozenset({"team-a", "x"})): 2,
        Selector(owners=frozenset({"ada@contoso.example"})): 2,
        Selector(everything=True): 2,
        Selector(): None,
        Selector(names=("pay",), tags=frozenset({"team-b"}), owners=frozenset({"grace"})): None,
    }
    for selector, expected in exactness.items():
        assert selector.exactness(application, ["ADA@contoso.example"]) == expected, selector
    assert Selector(owners=frozenset({"ada@contoso.example"})).exactness(application) is None


def test_of_two_policies_the_more_exact_wins_and_then_the_first() -> None:
    application = make_application(1)
    loose, second, exact = (
        Policy(name=PolicyName("loose"), selector=Selector(owners=frozenset({"ada"}))),
        Policy(name=PolicyName("second"), selector=Selector(everything=True)),
        Policy(name=PolicyName("exact"), selector=Selector(client_ids=frozenset({application.client_id}))),
    )
    configuration = Configuration(policies=(loose, second, exact))
    assert configuration.policy_for(application) == exact
    assert replace(configuration, policies=(loose, second)).policy_for(application) == second
    assert replace(configuration, policies=(loose, second)).policy_for(application, iter(["ada"])) == loose
    assert Configuration().policy_for(application) is None
    assert configuration.policy(PolicyName("second")) == second
    assert configuration.policy(PolicyName("none")) is None


def test_an_entry_that_is_narrowed_to_the_application_wins() -> None:
    name = LineName("default")
    wide, narrow = LineEntry(name=name), LineEntry(name=name, only_for=APPLICATION)
    other = LineEntry(name=name, only_for=make_application(2).object_id)
    for lines in ((wide, narrow, other), (narrow, other, wide)):
        policy = Policy(name=PolicyName("p"), selector=Selector(), lines=lines)
        assert policy.entry(name, APPLICATION) == narrow
        assert policy.entry(name, make_application(3).object_id) == wide
        assert policy.entry(LineName("another"), APPLICATION) is None


# Brakes and reminders.


def test_a_breaker_counts_a_night_and_remembers_five() -> None:
    told = Breaker().told("", night="n", now=NOW).told("x", night="n", now=NOW).told("x", night="n", now=NOW)
    assert told == Breaker(night="n", tail=("", "x", "x"), total=3, blocked=(("x", 2),))
    assert told.told("y", night="m", now=NOW) == Breaker(
        night="m", tail=("", "x", "x", "y"), total=1, blocked=(("y", 1),)
    )


def test_a_breaker_opens_once_says_why_and_is_closed_to_nothing() -> None:
    breaker = Breaker()
    for minute in range(7):
        breaker = breaker.told("x", night="n", now=NOW + minute * HOUR)
    assert (breaker.open_reason, breaker.opened_at) == ("x", NOW + 4 * HOUR)
    assert breaker.reset() == Breaker(night="n")


def test_a_tenth_of_the_night_opens_it_too() -> None:
    breaker = Breaker(night="n", total=48, blocked=(("x", 4),))
    assert breaker.told("x", night="n", now=NOW).open_reason == "x"
    assert replace(breaker, total=49).told("x", night="n", now=NOW).open_reason == "x", "five of fifty are a tenth"
    assert replace(breaker, total=50).told("x", night="n", now=NOW).open_reason is None


def test_a_night_is_counted_anew_and_removals_have_their_own_limit() -> None:
    count = RampCount(night="n", opened=2, removed=3)
    assert count.of("n") == count
    assert count.of("m") == RampCount(night="m")
    assert count.may_remove(Ramp(removed_per_night=4))
    assert not count.may_remove(Ramp(removed_per_night=3))


def test_a_rung_is_reached_to_the_second() -> None:
    end = NOW + 30 * DAY
    assert rung_due(end, NOW, (60, 30, 14)) == 30
    assert rung_due(end, NOW - timedelta(seconds=1), (60, 30, 14)) == 60
    assert rung_due(end, NOW, (14,)) is None


def test_a_credential_has_ended_at_its_end() -> None:
    credential = Credential(key_id=KeyId("k"), end_at=NOW)
    assert credential.ended(NOW)
    assert not credential.ended(NOW - TICK)
    assert make_application(1, credential).secret(KeyId("k")) == credential
    assert make_application(1, credential).secret(KeyId("other")) is None


# Errors and messages.


def test_an_error_tells_people_machines_and_ids() -> None:
    plain = RotationError("what", line="l")
    assert (str(plain), plain.message, plain.reason, plain.facts) == ("what", "what", "error", {"line": "l"})
    slow = Throttled("wait", retry_after=HOUR, reason="slow", key_id="k")
    assert (str(slow), slow.retry_after, slow.reason, slow.facts) == ("wait", HOUR, "slow", {"key_id": "k"})
    held = LeaseHeld("busy", until=NOW, row="r")
    assert (str(held), held.until, held.reason, held.facts) == ("busy", NOW, "lease-held", {"row": "r"})
    no = Refused("no", reason="why-not", remedy="ask", line="l")
    assert (str(no), no.reason, no.remedy, no.facts) == ("no", "why-not", "ask", {"line": "l"})
    assert Refused("no", reason="why-not").remedy == ""
    wrong = Misconfigured(["one", "two"])
    assert (str(wrong), wrong.problems, wrong.reason) == ("one\ntwo", ("one", "two"), "misconfigured")
    assert StaleRecord("x").reason == "stale-record"
    odd = Misread("ulid", "z" * 100, "26 characters")
    assert str(odd) == f"not a ulid: {'z' * 80!r}; expected 26 characters"


@pytest.mark.parametrize(
    ("parse", "text", "said"),
    [
        (LineId.parse, f"{APPLICATION}|Name", f"not a line: '{APPLICATION}|Name'; expected <object id>|<line>"),
        (LineId.parse, "x|name", "not a line: 'x|name'; expected <object id>|<line>"),
        (RotationId.parse, f"{APPLICATION}.x", f"not a rotation: '{APPLICATION}.x'; expected <object id>.<ulid>"),
        (RotationId.parse, "", "not a rotation: ''; expected <object id>.<ulid>"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_was_expected(
    parse: Callable[[str], object], text: str, said: str
) -> None:
    with pytest.raises(Misread) as misread:
        parse(text)
    assert str(misread.value) == said


def test_identifiers_are_read_as_they_are_written() -> None:
    upper = APPLICATION.upper()
    assert LineId.parse(f"{upper}|default") == LineId(APPLICATION, LineName("default"))
    assert RotationId.parse(f"{upper}.{ULID}") == RotationId(APPLICATION, ULID)


def test_messages_as_they_travel() -> None:
    assert write(ScanMessage(scan="s")) == '{"v":1,"scan":"s"}'
    assert read_scan('{"v":1,"scan":"s"}') == ScanMessage(scan="s")
    assert read_notice(write(NoticeMessage(key="k"))) == "k"
    assert read_rotation(write(RotationMessage(rotation=f"{APPLICATION}.{ULID}"))) == RotationId(APPLICATION, ULID)
    both = DeliveryMessage(rotation=f"{APPLICATION}.{ULID}", destination="store")
    assert read_delivery(write(both)) == (RotationId(APPLICATION, ULID), STORE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON: EOF while parsing an object at line 1 column 1"),
        ("[]", "version None is not 1"),
        ('{"v":0,"rotation":"r","destination":"d"}', "version 0 is not 1"),
        ('{"v":1,"rotation":"r"}', f"fields are ['rotation']; expected {WANTED}"),
        ('{"v":1,"rotation":"r","destination":3}', f"fields are ['destination', 'rotation']; expected {WANTED}"),
        ('{"v":1,"rotation":"r","destination":"d","x":1}', f"fields are ['destination', 'rotation', 'x']; expected {WANTED}"),
        (f'{{"v":1,"rotation":"r","destination":"{"D" * 90}"}}', f"not a destination's name: {'D' * 80!r}"),
        ('{"v":1,"rotation":"r","destination":"d"}', "not a rotation: 'r'; expected <object id>.<ulid>"),
    ],
)  # fmt: skip
def test_what_is_no_message_says_why(text: str, said: str) -> None:
    with pytest.raises(UnreadableMessage) as unreadable:
        read_delivery(text)
    assert unreadable.value.message == said


def test_secret_text_says_how_to_use_it_and_nothing_else() -> None:
    text = SecretText("value")
    assert repr(text) == "<secret text>"
    with pytest.raises(TypeError, match=r"^secret text is not for printing; reveal\(\) it where it is used$"):
        str(text)
    with pytest.raises(TypeError, match=r"^secret text is not for formatting; reveal\(\) it where it is used$"):
        f"{text}"
    with pytest.raises(TypeError, match=r"^secret text cannot be pickled or copied$"):
        text.__reduce_ex__(4)
    with pytest.raises(ValueError, match=r"^a secret text is never empty$"):
        SecretText("")
    assert text != "value"
    assert SecretText(" 00000000-0000-0000-0000-000000000000 ").looks_like_an_id
    assert not text.looks_like_an_id
    assert text.begins_with("val")
    assert not text.begins_with("alu")


def test_a_credential_of_the_old_portal_never_ends() -> None:
    ends = datetime(2299, 12, 31, tzinfo=UTC)
    assert Credential(key_id=KeyId("k"), end_at=ends).never_ends
    assert not Credential(key_id=KeyId("k"), end_at=ends.replace(year=2199)).never_ends
