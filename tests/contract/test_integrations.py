"""What every kind of destination promises; a kind without a harness or a page fails here."""

import copy
import json
import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from rotation.domain.capability import Concurrency, Readiness
from rotation.domain.delivery import DeliveryMode, Found, Level, Receipt
from rotation.domain.errors import (
    AccessDenied,
    BrokenInvariant,
    DestinationGone,
    DestinationRefused,
    Misconfigured,
    OutcomeUnknown,
    RotationError,
    Throttled,
    Unavailable,
)
from rotation.domain.policy import Destination
from rotation.integrations.catalogue import KINDS, Catalogue
from tests.contract.harness_base import CANARY, CANARY_MARK, NEWER, SERVICE_DELAY, AutomaticHarness, Failure, Harness
from tests.contract.harness_hand_off import HandOffHarness
from tests.contract.harness_key_vault import KeyVaultHarness
from tests.contract.harnesses import all_harnesses

ROOT = Path(__file__).parents[2]
HARNESSES = all_harnesses()
FAILURES: dict[Failure, type[RotationError]] = {
    "denied": AccessDenied,
    "gone": DestinationGone,
    "throttled": Throttled,
    "unavailable": Unavailable,
    "lost": OutcomeUnknown,
}


def test_every_kind_has_a_harness_and_a_page() -> None:
    assert set(HARNESSES) == set(KINDS)
    for kind in KINDS.values():
        assert (ROOT / kind.docs_page).is_file(), kind.docs_page


def test_an_unknown_kind_is_named_with_the_known_ones() -> None:
    harness = KeyVaultHarness()
    stranger = Destination(name=harness.destination.name, kind="keyvault", settings={}, fingerprint="")
    with pytest.raises(Misconfigured, match=r"no kind 'keyvault'; there are hand-off, agent, "):
        Catalogue(harness.services).of(stranger)


@pytest.fixture(params=sorted(KINDS))
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    async with HARNESSES[request.param]() as started:
        yield started


class TestEveryKind:
    async def test_unknown_settings_are_refused(self, harness: Harness) -> None:
        kind = KINDS[harness.kind]
        with pytest.raises(ValidationError):
            kind.settings_model.model_validate({**harness.settings, "colour": "blue"})
        with pytest.raises(Misconfigured) as refused:
            await harness.integration.verify(harness.with_settings(colour="blue"), harness.shipment(), CANARY)
        assert "destinations.there" in str(refused.value)
        assert "colour" in str(refused.value)

    async def test_its_settings_have_a_schema_that_is_closed(self, harness: Harness) -> None:
        schema = KINDS[harness.kind].settings_model.model_json_schema()
        shapes = [schema, *schema.get("$defs", {}).values()]
        closed = [shape.get("additionalProperties") for shape in shapes if shape.get("type") == "object"]
        assert closed
        assert set(closed) == {False}

    async def test_the_fingerprint_is_stable_and_of_the_kind(self, harness: Harness) -> None:
        kind = KINDS[harness.kind]
        again = json.loads(json.dumps(dict(harness.settings)))
        assert kind.fingerprint(harness.settings) == kind.fingerprint(again)
        assert len(kind.fingerprint(harness.settings)) == 16

    async def test_what_it_can_do_is_the_same_in_catalogue_and_implementation(self, harness: Harness) -> None:
        assert harness.integration.capabilities == KINDS[harness.kind].capabilities(harness.settings)

    async def test_only_assisted_kinds_hand_off(self, harness: Harness) -> None:
        assisted = harness.integration.capabilities.mode is DeliveryMode.ASSISTED
        plan = await harness.integration.plan(harness.destination, harness.shipment(), CANARY)
        assert (plan.hand_off is not None) == assisted == KINDS[harness.kind].assisted

    async def test_it_says_where_it_leads_and_what_it_needs_there(self, harness: Harness) -> None:
        told = harness.integration.describe(harness.destination)
        assert told.where
        assert told.permissions
        assert CANARY_MARK not in repr(told)

    async def test_a_check_changes_nothing_and_shows_nothing(self, harness: Harness) -> None:
        check = await harness.integration.check(harness.destination)
        assert check.readiness is not Readiness.MISCONFIGURED, check.why
        assert (check.readiness is Readiness.READY) or check.why
        assert CANARY_MARK not in repr(check)

    async def test_it_takes_the_connections_that_the_catalogue_lists(self, harness: Harness) -> None:
        types = KINDS[harness.kind].connections
        named = harness.destination.connection
        assert (named.type in types) if named else (not types or "identity" in types)


class TestAutomaticKinds:
    @pytest.fixture(params=sorted(k for k, h in HARNESSES.items() if issubclass(h, AutomaticHarness)))
    async def harness(self, request: pytest.FixtureRequest) -> AsyncIterator[AutomaticHarness]:
        async with HARNESSES[request.param]() as started:
            assert isinstance(started, AutomaticHarness)
            yield started

    async def test_delivering_twice_is_as_once(self, harness: AutomaticHarness) -> None:
        first = await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
        second = await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
        assert first.reference == second.reference
        assert await harness.taken() == 1

    async def test_it_is_current_only_after_its_own_delivery(self, harness: AutomaticHarness) -> None:
        if harness.write_only:
            return

        async def found(place: int) -> Found:
            text = (CANARY, NEWER)[place]
            return (await harness.integration.verify(harness.destination, harness.shipment(place), text)).found

        assert await found(0) in ({Found.OLDER, Found.ABSENT} if harness.has_no_mark else {Found.ABSENT})
        await deliver(harness)
        assert await found(0) is Found.CURRENT
        assert await found(1) is Found.OLDER
        await deliver(harness, 1)
        assert await found(1) is Found.CURRENT
        assert await found(0) is not Found.CURRENT

    async def test_verify_reaches_the_level_that_was_promised(self, harness: AutomaticHarness) -> None:
        await deliver(harness)
        verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
        assert verdict.level == harness.integration.capabilities.level
        assert verdict.level is not None
        assert (verdict.found is Found.UNKNOWABLE) == (verdict.level is Level.ACCEPTED) == harness.write_only

    async def test_looking_changes_nothing(self, harness: AutomaticHarness) -> None:
        await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
        await harness.integration.check(harness.destination)
        plan = await harness.integration.plan(harness.destination, harness.shipment(), CANARY)
        assert await harness.taken() == 0
        assert plan.changes
        assert CANARY_MARK not in repr(plan)

    async def test_nothing_is_to_change_where_it_holds_the_secret_already(self, harness: AutomaticHarness) -> None:
        await deliver(harness)
        plan = await harness.integration.plan(harness.destination, harness.shipment(), CANARY)
        assert bool(plan.changes) == harness.write_only

    async def test_activating_and_cleaning_up_twice_is_as_once(self, harness: AutomaticHarness) -> None:
        receipt = await deliver(harness)
        for _ in range(2):
            await harness.integration.activate(harness.destination, harness.shipment(), receipt)
            await harness.integration.cleanup(harness.destination, harness.shipment())
        verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
        assert verdict.found is harness.there
        assert await harness.taken() == 1

    async def test_what_is_written_whole_takes_turns(self, harness: AutomaticHarness) -> None:
        capable = harness.integration.capabilities
        needs_turns = capable.whole_object and capable.concurrency is not Concurrency.NONE
        assert (KINDS[harness.kind].resource(harness.settings) is not None) == needs_turns

    async def test_an_older_secret_never_covers_a_newer_one(self, harness: AutomaticHarness) -> None:
        await harness.integration.deliver(harness.destination, harness.shipment(1), NEWER)
        if harness.keeps_order:
            with pytest.raises(DestinationRefused) as refused:
                await harness.integration.deliver(harness.destination, harness.shipment(0), CANARY)
            assert refused.value.reason == "newer-is-there"
            assert await harness.taken() == 1
        else:
            await harness.integration.deliver(harness.destination, harness.shipment(0), CANARY)
        verdict = await harness.integration.verify(harness.destination, harness.shipment(1), NEWER)
        assert verdict.found is (Found.OLDER if harness.has_no_mark else harness.there)

    async def test_an_operator_may_go_back_to_an_older_one(self, harness: AutomaticHarness) -> None:
        await deliver(harness, 1)
        harness.clock.advance(timedelta(seconds=2))
        back = replace(harness.shipment(0), going_back=True, journey="01KJPFWK000000000000000003")
        receipt = await harness.integration.deliver(harness.destination, back, CANARY)
        await harness.integration.activate(harness.destination, back, receipt)
        assert (await harness.integration.verify(harness.destination, back, CANARY)).found is harness.there

    @pytest.mark.parametrize("how", sorted(FAILURES))
    async def test_refusals_say_what_to_do_next(self, harness: AutomaticHarness, how: Failure) -> None:
        if how in harness.cannot:
            return
        harness.fail(how)
        with pytest.raises(FAILURES[how]) as failed:
            await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
        assert type(failed.value) is FAILURES[how]
        if isinstance(failed.value, Throttled):
            assert failed.value.retry_after == SERVICE_DELAY

    async def test_a_lost_answer_is_settled_by_looking(self, harness: AutomaticHarness) -> None:
        harness.fail("lost")
        with pytest.raises(OutcomeUnknown):
            await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
        verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
        assert verdict.found is harness.there
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
        assert await harness.taken() == 1

    @pytest.mark.parametrize("how", [None, *sorted(FAILURES)])
    async def test_the_text_shows_nowhere(
        self, harness: AutomaticHarness, how: Failure | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        shown: list[str] = []
        if how is not None and how not in harness.cannot:
            harness.fail(how)
        try:
            receipt = await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
            shown += [repr(receipt), json.dumps(dict(receipt.facts))]
        except RotationError as error:
            shown += everything_told(error)
        else:
            shown.append(repr(await harness.integration.verify(harness.destination, harness.shipment(), CANARY)))
        shown += [caplog.text, *map(repr, caplog.records), *harness.calls, repr(harness.integration)]
        assert shown
        assert not [text for text in shown if CANARY_MARK in text]


class TestAssistedKinds:
    @pytest.fixture
    def harness(self) -> HandOffHarness:
        return HandOffHarness()

    async def test_nothing_is_ever_sent(self, harness: HandOffHarness) -> None:
        with pytest.raises(BrokenInvariant):
            await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)

    async def test_nobody_can_look(self, harness: HandOffHarness) -> None:
        verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
        assert (verdict.found, verdict.level) == (Found.UNKNOWABLE, None)
        assert harness.shipment().key_id in verdict.why

    async def test_the_value_travels_as_a_link_to_the_version(self, harness: HandOffHarness) -> None:
        shipment = harness.shipment()
        handed = (await harness.integration.plan(harness.destination, shipment, CANARY)).hand_off
        assert handed is not None
        assert [field.value for field in handed.fields if field.link] == [shipment.secret_id]
        assert copy.deepcopy(handed) == pickle.loads(pickle.dumps(handed))  # noqa: S301  # our own value


async def deliver(harness: AutomaticHarness, place: int = 0) -> Receipt:
    """Deliver and activate, as the program does."""
    text, shipment = (CANARY, NEWER)[place], harness.shipment(place)
    receipt = await harness.integration.deliver(harness.destination, shipment, text)
    await harness.integration.activate(harness.destination, shipment, receipt)
    return receipt


def everything_told(error: BaseException) -> Iterator[str]:
    """Give all that a log, a debugger or an error report could show of an error and of what led to it."""
    for each in chain(error):
        yield from (str(each), repr(each), repr(each.args), repr(vars(each)))
        for kept in vars(each).values():
            yield repr(getattr(kept, "content", ""))
    yield "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def chain(error: BaseException) -> Sequence[BaseException]:
    """Follow cause and context."""
    found: list[BaseException] = []
    open_ends: list[BaseException | None] = [error]
    while open_ends:
        each = open_ends.pop()
        if each is not None and each not in found:
            found.append(each)
            open_ends += [each.__cause__, each.__context__]
    return found
