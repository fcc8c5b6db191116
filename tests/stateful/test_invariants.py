"""
Any interleaving of nights, messages, crashes, people and strangers: the invariants of protocol.md hold after each step.

The machine drives the real workflows over fakes with lag, lost answers and crashes; ground truth is the fake tenant's.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rotation.domain.credential import Application
from rotation.domain.delivery import AwaitingPerson
from rotation.domain.errors import RotationError
from rotation.domain.identifiers import DestinationName, KeyId
from rotation.domain.rotation import Abandoned, Blocked, Closed
from rotation.workflows import operating
from rotation.workflows.scanning import begin_scan
from rotation.workflows.services import Services
from tests.fakes.integrations import QUESTIONS
from tests.fakes.mishaps import Mishap
from tests.fakes.world import World, configure, destination

DAY = timedelta(days=1)
spans = st.sampled_from([timedelta(seconds=20), timedelta(minutes=7), timedelta(hours=5), DAY, 3 * DAY])
EXAMPLES = int(os.environ.get("ROTATION_EXAMPLES", "8"))


class Nights(RuleBasedStateMachine):
    """One tenant with three applications: two are enrolled, one is nobody's."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.foreign_removed: set[KeyId] = set()
        self.texts_told = 0

    def teardown(self) -> None:
        self.loop.close()

    def run(self, awaitable: Awaitable[None]) -> None:
        self.loop.run_until_complete(awaitable)

    @initialize(hand_off=st.booleans(), lag=st.sampled_from([0, 25]))
    def begin(self, hand_off: bool, lag: int) -> None:
        """Enrol two applications, the second with two destinations."""
        names = [destination("store"), destination("portal", "person") if hand_off else destination("second")]
        self.world = World(configuration=configure(*names))
        self.world.directory.read_lag = timedelta(seconds=lag)
        self.world.directory.removal_shows_after = timedelta(seconds=lag)
        self.applications = [self.world.add_application(1), self.world.add_application(2, ends_in=timedelta(days=50))]
        self.stranger = self.world.add_application(3)
        self.handed_over: set[KeyId] = set()
        for application in self.applications:
            self.run(self._enrol(application))

    async def _enrol(self, application: Application) -> None:
        line = await self.world.enrol(application)
        self.handed_over.update(line.enrolment.handed_over)

    # What happens.

    @rule(span=spans)
    def time_passes(self, span: timedelta) -> None:
        self.run(self.world.run(span))

    @rule()
    def a_night(self) -> None:
        self.run(self._night())

    @rule(days=st.integers(5, 40))
    def a_season(self, days: int) -> None:
        """Night after night, with the usage report read each time."""
        for _day in range(days):
            self.run(self._night())
            self.run(self.world.run(DAY - timedelta(hours=2)))

    async def _night(self) -> None:
        await self.world.scan()
        await self.world.run(timedelta(hours=1))

    @rule(after=st.integers(0, 120), again=st.integers(1, 60))
    def processes_die(self, after: int, again: int) -> None:
        self.world.crash_at(after, after + again)

    @rule(loses=st.booleans(), times=st.integers(1, 3), shuffled=st.booleans())
    def queues_behave(self, loses: bool, times: int, shuffled: bool) -> None:
        queues = self.world.queues
        queues.loses, queues.times, queues.shuffled = loses, times, shuffled

    @rule(
        method=st.sampled_from(["mint", "remove"]),
        mishap=st.sampled_from([Mishap.LOST_BEFORE, Mishap.LOST_AFTER, Mishap.THROTTLED, Mishap.UNAVAILABLE]),
    )
    def graph_misbehaves(self, method: str, mishap: Mishap) -> None:
        self.world.directory.mishaps.plan(method, mishap)

    @rule(mishap=st.sampled_from([Mishap.LOST_AFTER, Mishap.UNAVAILABLE, Mishap.REPEATED]), skip=st.integers(0, 15))
    def storage_misbehaves(self, mishap: Mishap, skip: int) -> None:
        self.world.tables.mishaps.plan("commit", *[None] * skip, mishap)

    @rule()
    def a_stranger_adds_a_secret(self) -> None:
        for application in self.applications:
            end = self.world.clock.now() + timedelta(days=90)
            self.world.directory.add_secret(application.object_id, end_at=end, display_name="somebody else's")

    @rule(which=st.integers(0, 1), days=st.integers(1, 40))
    def the_old_secret_is_used(self, which: int, days: int) -> None:
        assert self.world.usage is not None
        application = self.applications[which]
        at = self.world.clock.now() - timedelta(hours=days)
        self.world.usage.see(application.client_id, application.secrets[0].key_id, at)

    @rule(paused=st.booleans())
    def somebody_pauses(self, paused: bool) -> None:
        def act(services: Services) -> Awaitable[None]:
            if paused:
                return operating.pause(services, by="somebody", reason="test")
            return operating.resume(services, by="somebody", reason="test", breaker=True)

        self.person(act)

    @rule(name=st.sampled_from(["third", "second", "store"]), there=st.booleans())
    def the_configuration_changes(self, name: str, there: bool) -> None:
        now = self.world.settings.now
        (policy,) = now.policies
        (entry,) = policy.lines
        added = destination(name)
        named = {each for each in entry.destinations if each != added.name} | ({added.name} if there else set())
        changed = replace(entry, destinations=tuple(sorted(named)))
        kinds = {**now.destinations, added.name: now.destinations.get(added.name, added)}
        self.world.settings.now = replace(now, policies=(replace(policy, lines=(changed,)),), destinations=kinds)

    @rule(which=st.integers(0, 5), act=st.sampled_from(["retry", "abandon", "approve"]))
    def an_operator_acts(self, which: int, act: str) -> None:
        rotations = self.world.rotations()
        if not rotations:
            return
        chosen = rotations[which % len(rotations)].id
        match act:
            case "retry":
                self.person(lambda services: operating.retry(services, chosen, by="operator"))
            case "abandon":
                self.person(lambda services: operating.abandon(services, chosen, by="operator", why="test"))
            case _:
                self.person(lambda services: operating.approve(services, chosen, by="operator"))

    @precondition(lambda self: hasattr(self, "world"))
    @rule()
    def a_person_acknowledges(self) -> None:
        self.run(self._acknowledge())

    async def _acknowledge(self) -> None:
        for application in self.applications:
            record = await self.world.record(application.object_id)
            for (ulid, name), stored in record.deliveries.items():
                if isinstance(stored.delivery.phase, AwaitingPerson):
                    await self._say_done(record.rotations[ulid].id, name)

    async def _say_done(self, rotation: object, name: DestinationName) -> None:
        answers = dict.fromkeys(QUESTIONS, "yes")
        try:
            await operating.acknowledge(self.world.calm(), rotation, name, by="person", answers=answers)  # type: ignore[arg-type]
        except RotationError:
            return

    def person(self, act: Callable[[Services], Awaitable[None]]) -> None:
        """Let a person act; a refusal is an answer."""

        async def go() -> None:
            try:
                await act(self.world.calm())
            except RotationError:
                return

        self.run(go())

    @rule()
    def another_scan_is_asked_for(self) -> None:
        async def ask(services: Services) -> None:
            await begin_scan(services, by="somebody")

        self.person(ask)

    # What stays true.

    @invariant()
    def three_only_what_is_ours_is_removed(self) -> None:
        """Invariant 3: handed over, or minted by us."""
        if hasattr(self, "world"):
            ours = {minted.credential.key_id for minted in self.world.directory.minted} | self.handed_over
            assert {key_id for _application, key_id in self.world.directory.removed} <= ours
            assert self.world.directory.truth(self.stranger.object_id).secrets == self.stranger.secrets

    @invariant()
    def two_never_no_way_in(self) -> None:
        """Invariant 2: what a destination holds is a credential that is still there, unless it ended by itself."""
        if not hasattr(self, "world"):
            return
        for application in self.applications:
            truth = self.world.directory.truth(application.object_id)
            minted = {m.credential.key_id for m in self.world.directory.minted if truth.holds(m.credential.key_id)}
            old = {secret.key_id for secret in application.secrets if truth.holds(secret.key_id)}
            assert minted | old, "a usable credential is left"
        for kind in self.world.integrations.kinds.values():
            for kept in kind.stores.values():
                held = any(self.world.directory.truth(a.object_id).holds(kept.key_id) for a in self.applications)
                ended = any(
                    m.credential.key_id == kept.key_id and m.credential.end_at <= self.world.clock.now()
                    for m in self.world.directory.minted
                )
                assert held or ended, f"a destination holds {kept.key_id}, which is gone"

    @invariant()
    def nine_one_write_at_a_time_and_one_open_rotation_a_line(self) -> None:
        """Invariant 9."""
        if hasattr(self, "world"):
            assert not self.world.directory.conflicts
            for application in self.applications:
                open_ones = [r for r in self.world.rotations() if r.id.application == application.object_id and r.open]
                assert len(open_ones) <= 1

    @invariant()
    def six_the_value_has_one_home(self) -> None:
        """Invariant 6: no table row, message or notice holds secret text."""
        if not hasattr(self, "world"):
            return
        told = [str(nudge.text) for nudge in self.world.queues.waiting]
        told += [str(message) for _audience, message in self.world.channel.sent]
        for name in self.world.tables.names():
            told += [str(row.values) for row in self.world.tables.all_rows(name)]
        everything = "\n".join(told)
        assert not [text for text in self.world.texts() if text in everything]

    @invariant()
    def one_no_lost_value(self) -> None:
        """Invariant 1: the current credential's text is in the vault."""
        if not hasattr(self, "world"):
            return
        for rotation in self.world.rotations():
            publication = rotation.publication
            if publication is not None and not isinstance(rotation.phase, Blocked | Abandoned | Closed):
                assert self.world.vault_holds(publication.minted.key_id)


def test_nights() -> None:
    """Run the machine."""
    run_state_machine_as_test(
        Nights,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
