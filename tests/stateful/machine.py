"""One tenant to which anything may happen, in any order: what the invariants are held against (test_invariants.py)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rotation.domain.credential import Application
from rotation.domain.delivery import AwaitingPerson
from rotation.domain.errors import RotationError
from rotation.domain.identifiers import DestinationName, LineId, ObjectId, RotationId
from rotation.domain.line import Reason
from rotation.domain.policy import Destination
from rotation.workflows import operating
from rotation.workflows.enrolling import release
from rotation.workflows.opening import Ask, open_rotation
from rotation.workflows.scanning import begin_scan
from rotation.workflows.services import Services
from tests.fakes.integrations import QUESTIONS
from tests.fakes.mishaps import Mishap
from tests.fakes.witness import Witness
from tests.fakes.world import LINE, VAULT, World, configure, destination

DAY = timedelta(days=1)
spans = st.sampled_from([timedelta(seconds=20), timedelta(minutes=7), timedelta(hours=5), DAY, 3 * DAY])
NAMES = ("store", "second", "third", "portal", "app")
KINDS = {"portal": "person", "app": "reference"}


class Anything(RuleBasedStateMachine):
    """One tenant with three applications: two are enrolled, one is nobody's."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.run(self.world.wake_up())
        self.loop.close()

    def run(self, awaitable: Awaitable[None]) -> None:
        self.loop.run_until_complete(awaitable)

    @initialize(second=st.sampled_from(NAMES[1:]), lag=st.sampled_from([0, 25]))
    def begin(self, second: str, lag: int) -> None:
        """Enrol two applications, with two destinations each."""
        self.world = World(configuration=configure())
        self.world.directory.read_lag = timedelta(seconds=lag)
        self.world.directory.removal_shows_after = timedelta(seconds=lag)
        self.world.sign_in.lag = timedelta(seconds=lag)
        self.applications = [self.world.add_application(1), self.world.add_application(2, ends_in=timedelta(days=50))]
        self.stranger = self.world.add_application(3)
        places = [[_destination(name, which) for name in ("store", second)] for which in range(2)]
        now = self.world.settings.now
        (policy,) = now.policies
        entries = tuple(
            replace(policy.lines[0], only_for=application.object_id, destinations=tuple(each.name for each in named))
            for application, named in zip(self.applications, places, strict=True)
        )
        kinds = {each.name: each for named in places for each in named}
        self.world.settings.now = replace(now, policies=(replace(policy, lines=entries),), destinations=kinds)
        for application in self.applications:
            self.run(self._enrol(application))
        self.witness = Witness(self.world)

    async def _enrol(self, application: Application) -> None:
        await self.world.enrol(application)

    # Time, messages, processes.

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

    @rule()
    def another_scan_is_asked_for(self) -> None:
        async def ask(services: Services) -> None:
            await begin_scan(services, by="somebody")

        self.person(ask)

    @rule(after=st.integers(0, 200), again=st.integers(1, 60))
    def processes_die(self, after: int, again: int) -> None:
        self.world.crash_at(after, after + again)

    @rule(after=st.integers(0, 200), nap=spans)
    def a_worker_falls_asleep(self, after: int, nap: timedelta) -> None:
        """It wakes up late, when its lease may be over and others have gone on."""
        self.run(self.world.wake_up())
        self.world.sleep_at(after, nap)

    @rule(loses=st.booleans(), times=st.integers(1, 3), shuffled=st.booleans())
    def queues_behave(self, loses: bool, times: int, shuffled: bool) -> None:
        queues = self.world.queues
        queues.loses, queues.times, queues.shuffled = loses, times, shuffled

    @rule(back=st.integers(1, 30))
    def an_old_message_comes_again(self, back: int) -> None:
        """Late, out of order, and long done."""
        sent = self.world.queues.sent
        if len(sent) >= back:
            self.world.queues.waiting.append(replace(sent[-back], visible_at=self.world.clock.now()))

    # What the services do.

    @rule(
        method=st.sampled_from(["mint", "remove"]),
        mishap=st.sampled_from([Mishap.LOST_BEFORE, Mishap.LOST_AFTER, Mishap.THROTTLED, Mishap.UNAVAILABLE]),
    )
    def graph_misbehaves(self, method: str, mishap: Mishap) -> None:
        self.world.directory.mishaps.plan(method, mishap)

    @rule(mishap=st.sampled_from([Mishap.LOST_AFTER, Mishap.UNAVAILABLE, Mishap.REPEATED]), skip=st.integers(0, 15))
    def storage_misbehaves(self, mishap: Mishap, skip: int) -> None:
        self.world.tables.mishaps.plan("commit", *[None] * skip, mishap)

    @rule(refuses=st.booleans())
    def the_vault_refuses(self, refuses: bool) -> None:
        self.world.vaults.memory(VAULT).refusing = "vault-refused" if refuses else None

    @rule(
        kind=st.sampled_from(["automatic", "reference"]),
        mishap=st.sampled_from([None, Mishap.DENIED, Mishap.UNAVAILABLE, Mishap.LOST_AFTER]),
        forgets=st.booleans(),
    )
    def destinations_misbehave(self, kind: str, mishap: Mishap | None, forgets: bool) -> None:
        found = self.world.integrations.kinds[kind]
        found.mishaps.always("deliver", mishap)
        found.forgets = forgets and kind == "automatic"

    @rule(readable=st.booleans())
    def a_page_of_the_scan_cannot_be_read(self, readable: bool) -> None:
        self.world.directory.unreadable_pages = set() if readable else {0}

    @rule(readable=st.booleans())
    def usage_cannot_be_read(self, readable: bool) -> None:
        assert self.world.usage is not None
        self.world.usage.mishaps.always("sightings", None if readable else Mishap.UNAVAILABLE)
        since = self.witness.unreadable_since or self.world.clock.now()
        self.witness.unreadable_since = None if readable else since

    # What others do.

    @rule(marked=st.booleans())
    def a_stranger_adds_a_secret(self, marked: bool) -> None:
        """By hand, or another deployment of ours with its own marker."""
        name = "job (rotation:01J00000000000000000000000.1)" if marked else "somebody else's"
        for application in self.applications:
            end = self.world.clock.now() + timedelta(days=90)
            made = self.world.directory.add_secret(application.object_id, end_at=end, display_name=name)
            self.witness.strangers.add(made.credential.key_id)

    @rule(which=st.integers(0, 1), oldest=st.booleans())
    def a_stranger_removes_a_secret(self, which: int, oldest: bool) -> None:
        application = self.world.directory.truth(self.applications[which].object_id)
        if len(application.secrets) > 1:
            chosen = application.secrets[0 if oldest else -1]
            self.world.directory.drop_secret(application.object_id, chosen.key_id)

    @rule(which=st.integers(0, 1), days=st.integers(1, 40))
    def the_old_secret_is_used(self, which: int, days: int) -> None:
        """As the report tells it a while later: such uses are in the past, and no older than what was read."""
        assert self.world.usage is not None
        application = self.applications[which]
        at = self.world.clock.now() - timedelta(hours=days)
        self.world.usage.see(application.client_id, application.secrets[0].key_id, at)

    # What people of ours do.

    @rule(paused=st.booleans())
    def somebody_pauses(self, paused: bool) -> None:
        def act(services: Services) -> Awaitable[None]:
            if paused:
                return operating.pause(services, by="somebody", reason="test")
            return operating.resume(services, by="somebody", reason="test", breaker=True)

        self.person(act)

    @rule(which=st.integers(0, 1), name=st.sampled_from(NAMES), there=st.booleans(), fresh=st.booleans())
    def the_configuration_changes(self, which: int, name: str, there: bool, fresh: bool) -> None:
        """A destination joins, leaves, or means another place than the one that was approved."""
        now = self.world.settings.now
        (policy,) = now.policies
        place = _destination(name, which)
        place = now.destinations.get(place.name, place)
        if fresh:
            place = replace(place, fingerprint=f"{place.fingerprint}'")
        entries = list(policy.lines)
        named = {each for each in entries[which].destinations if each != place.name} | (
            {place.name} if there else set()
        )
        entries[which] = replace(entries[which], destinations=tuple(sorted(named)))
        kinds = {**now.destinations, place.name: place}
        self.world.settings.now = replace(now, policies=(replace(policy, lines=tuple(entries)),), destinations=kinds)

    @rule(which=st.integers(0, 1), again=st.booleans())
    def an_enrolment_ends_and_begins_again(self, which: int, again: bool) -> None:
        application = self.applications[which]
        self.person(lambda services: _release(services, application.object_id))
        if again:
            with suppress(RotationError):
                self.run(self._enrol(application))

    @rule(which=st.integers(0, 5), act=st.sampled_from(["retry", "abandon", "approve"]))
    def an_operator_acts(self, which: int, act: str) -> None:
        rotations = self.world.rotations()
        if not rotations:
            return
        chosen = rotations[-1 - which % len(rotations)].id
        match act:
            case "retry":
                self.person(lambda services: operating.retry(services, chosen, by="operator"))
            case "abandon":
                self.person(lambda services: operating.abandon(services, chosen, by="operator", why="test"))
            case _:
                self.person(lambda services: operating.approve(services, chosen, by="operator"))

    @rule(which=st.integers(0, 1), succeed=st.booleans())
    def a_rotation_is_asked_for(self, which: int, succeed: bool) -> None:
        self._ask(which, Ask(by="operator", reason=Reason.REQUESTED, succeed=succeed))

    @rule(which=st.integers(0, 1), newest=st.booleans(), first=st.booleans())
    def a_compromise_is_declared(self, which: int, newest: bool, first: bool) -> None:
        record = self.witness.record(self.applications[which].object_id)
        for line in record.lines.values():
            burnt = (line.keys[-1 if newest else 0].key_id,) if line.keys else ()
            self._ask(which, Ask(by="admin", reason=Reason.COMPROMISED, burnt=burnt, remove_first=first))

    def _ask(self, which: int, ask: Ask) -> None:
        line = LineId(self.applications[which].object_id, LINE)

        async def act(services: Services) -> None:
            await open_rotation(services, line, ask)

        self.person(act)

    @rule()
    def people_acknowledge(self) -> None:
        for application in self.applications:
            record = self.witness.record(application.object_id)
            for (ulid, name), stored in record.deliveries.items():
                if isinstance(stored.delivery.phase, AwaitingPerson):
                    self._say_done(RotationId(application.object_id, ulid), name)

    def _say_done(self, rotation: RotationId, name: DestinationName) -> None:
        answers = dict.fromkeys(QUESTIONS, "yes")
        self.person(lambda services: operating.acknowledge(services, rotation, name, by="berta", answers=answers))

    def person(self, act: Callable[[Services], Awaitable[None]]) -> None:
        """Let a person act; a refusal is an answer."""

        async def go() -> None:
            with suppress(RotationError):
                await act(self.world.calm())

        self.run(go())

    # What stays true, besides what the witness holds against each call.

    @invariant()
    def nothing_is_breached(self) -> None:
        if hasattr(self, "witness"):
            self.witness.look()
            self.witness.search()
            assert self.world.directory.truth(self.stranger.object_id).secrets == self.stranger.secrets


def _destination(name: str, which: int) -> Destination:
    """Make a destination of one application's own: two lines that write to one place would undo each other."""
    return destination(f"{name}-{which}", KINDS.get(name, "automatic"))


async def _release(services: Services, application: ObjectId) -> None:
    await release(services, LineId(application, LINE), by="somebody")
