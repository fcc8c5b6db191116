"""Whole rotations to be killed: one for each destination mode, one for each way in which another one comes between."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from rotation.domain.credential import Application
from rotation.domain.errors import Refused
from rotation.domain.identifiers import KeyId, LineId
from rotation.domain.line import Reason
from rotation.domain.policy import Destination, Retire, Terms
from rotation.domain.rotation import Completed, Delivering, Overlapping, Staged
from rotation.ledger import keys
from rotation.workflows import operating, tags
from rotation.workflows.opening import Ask, open_rotation
from rotation.workflows.services import Services
from tests.crash.driving import MAY_ALARM
from tests.fakes.integrations import QUESTIONS
from tests.fakes.mishaps import Mishap
from tests.fakes.witness import Witness
from tests.fakes.world import LINE, VAULT, World, configure, destination

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BRIEF = Terms(overlap=HOUR, quiet=timedelta(0), retire=Retire.AFTER_OVERLAP)
"""Without a usage source, an acknowledgement and the clock stand for what cannot be seen: all of it fits in a night."""
PATIENT = Terms(overlap=7 * DAY, quiet=timedelta(0), retire=Retire.AFTER_OVERLAP)

MODES = {
    "automatic": (destination("store"), destination("second")),
    "assisted": (destination("portal", "person"),),
    "reference": (destination("app", "reference"),),
    "all": (destination("store"), destination("portal", "person"), destination("app", "reference")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`prepare` happens undisturbed; `play` is killed, and repeats what a person asked for until it is so."""

    prepare: Callable[[], Awaitable[World]]
    play: Callable[[World], Awaitable[None]]

    async def points(self) -> int:
        """Count the points at which it can be killed."""
        world = await self.prepare()
        world.crash_at()
        await self.play(world)
        return world.plan.points

    async def run(self, *points: int) -> World:
        """Run it once, killed at these points."""
        world = await self.prepare()
        world.crash_at(*points)
        return await self._out(world)

    async def run_late(self, point: int, nap: timedelta) -> World:
        """Run it once, with a process that sleeps at this point while others go on."""
        world = await self.prepare()
        world.sleep_at(point, nap)
        return await self._out(world)

    async def _out(self, world: World) -> World:
        witness = Witness(world)
        await self.play(world)
        await world.nights(2)
        await world.wake_up()
        await hours(world, 8)
        await settled(world)
        witness.search()
        return world


async def enrolled(*destinations: Destination, terms: Terms = BRIEF, secrets: int = 1) -> World:
    """Give a world with one line, and without a usage source."""
    world = World(configuration=configure(*destinations, terms=terms))
    world.use_sources(report=False)
    await world.enrol(world.add_application(secrets=secrets))
    return world


async def night(world: World) -> None:
    """Scan, work, and let people do what is asked of them; once more where nothing was opened."""
    for _try in range(2):
        await world.scan()
        await hours(world, 6)
        if world.rotations():
            return
        await world.run(DAY - 6 * HOUR)


async def hours(world: World, count: int) -> None:
    """Let so many hours pass; people look once an hour."""
    for _hour in range(count):
        await world.run(HOUR)
        await world.invoke(acknowledge_all)


async def acknowledge_all(services: Services) -> None:
    """Say of every hand-off that waits that it is done."""
    rows = [row async for row in services.wakes.due(services.clock.now() + 30 * DAY)]
    for wake in rows:
        if wake.destination is not None:
            answers = dict.fromkeys(QUESTIONS, "yes")
            with suppress(Refused):  # nothing waits there for a person
                await operating.acknowledge(services, wake.rotation, wake.destination, by="berta", answers=answers)


async def ask(world: World, asked: Ask) -> None:
    """Ask for a rotation, and again if the terminal died before it was so."""
    (application,) = (record.now for record in world.directory._records.values())
    before = [rotation.id for rotation in world.rotations()]

    async def act(services: Services) -> None:
        with suppress(Refused):  # asked once already, by the same person
            await open_rotation(services, LineId(application.object_id, LINE), asked)

    def so() -> bool:
        newest = world.rotations()[-1]
        return newest.id not in before or newest.reason is asked.reason

    while not so():
        await world.invoke(act)
        if not so():
            await world.run(timedelta(minutes=3))
    await hours(world, 7)


def one_night(mode: str) -> Scenario:
    """A rotation that nobody disturbs, from the scan to the end of the old credential."""
    return Scenario(prepare=lambda: enrolled(*MODES[mode]), play=night)


def throttled() -> Scenario:
    """The directory asks us to wait, before and after a mint whose answer is lost, and at the removal."""

    async def prepare() -> World:
        world = await enrolled(*MODES["automatic"])
        mishaps = world.directory.mishaps
        mishaps.plan("mint", Mishap.THROTTLED, Mishap.LOST_AFTER, Mishap.THROTTLED, Mishap.THROTTLED)
        mishaps.plan("remove", Mishap.THROTTLED, None, Mishap.THROTTLED)
        return world

    return Scenario(prepare=prepare, play=night)


def succeeded(mode: str, *, phase: type) -> Scenario:
    """Another one is asked for while one that has published is open."""

    async def prepare() -> World:
        world = await enrolled(*MODES[mode], terms=PATIENT)
        if phase is Delivering:
            world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.UNAVAILABLE)
        await world.scan()
        await (world.run(2 * HOUR) if phase is Delivering else hours(world, 2))
        assert isinstance(world.rotations()[0].phase, phase)
        world.integrations.kinds["automatic"].mishaps.always("deliver", None)
        world.change_terms(BRIEF)
        return world

    wish = Ask(by="anna", reason=Reason.REQUESTED, succeed=True)
    return Scenario(prepare=prepare, play=lambda world: ask(world, wish))


def come_due_again() -> Scenario:
    """Its own credential comes due while a person still has not answered."""

    async def prepare() -> World:
        world = await enrolled(*MODES["all"], terms=PATIENT)
        await world.scan()
        await world.run(2 * HOUR)
        world.clock.advance(130 * DAY)
        world.change_terms(BRIEF)
        return world

    async def play(world: World) -> None:
        for _night in range(3):
            await world.scan()
            await hours(world, 6)
            if len(world.rotations()) > 1:
                return
            await world.run(DAY - 6 * HOUR)

    return Scenario(prepare=prepare, play=play)


def compromised(which: str, *, remove_first: bool = False) -> Scenario:
    """Key ids are declared burnt: the old one, the newest, or the one that is not even published."""

    async def prepare() -> World:
        world = await enrolled(*MODES["all"], terms=PATIENT, secrets=2)
        if which == "unpublished":
            world.sign_in.mishaps.always("prove", Mishap.UNAVAILABLE)
        await world.scan()
        await (world.run(timedelta(minutes=1)) if which == "unpublished" else hours(world, 2))
        assert isinstance(world.rotations()[0].phase, Staged if which == "unpublished" else Overlapping)
        world.sign_in.mishaps.always("prove", None)
        world.change_terms(BRIEF)
        return world

    async def play(world: World) -> None:
        wish = Ask(by="anna", reason=Reason.COMPROMISED, burnt=await _burnt(world, which), remove_first=remove_first)
        await ask(world, wish)

    return Scenario(prepare=prepare, play=play)


async def _burnt(world: World, which: str) -> tuple[KeyId, ...]:
    (rotation,) = world.rotations()
    own = rotation.minted
    assert own is not None
    return rotation.predecessors[:1] if which == "old" else (own.key_id,)


SCENARIOS: dict[str, Scenario] = {
    **{f"one-night-{mode}": one_night(mode) for mode in MODES},
    "throttled": throttled(),
    "succeeded-while-overlapping": succeeded("all", phase=Overlapping),
    "succeeded-while-delivering": succeeded("automatic", phase=Delivering),
    "succeeded-when-due": come_due_again(),
    "compromised-old": compromised("old"),
    "compromised-newest": compromised("newest"),
    "compromised-unpublished": compromised("unpublished"),
    "compromised-now": compromised("old", remove_first=True),
}


async def settled(world: World) -> None:
    """Hold a world in which nothing is left to do against what must be so in the end."""
    *earlier, last = world.rotations()
    assert isinstance(last.phase, Completed), (last.phase, world.crashes)
    assert not any(each.open for each in earlier), [each.phase for each in earlier]
    record = await world.record(last.id.application)
    (line,) = record.lines.values()
    application = world.directory.truth(last.id.application)
    assert [secret.key_id for secret in application.secrets] == [line.current], "nothing else is left"
    assert [key.key_id for key in line.keys] == [line.current]
    assert line.current in last.adopted
    _everybody_has(world, application, line.current)
    assert not record.outbox
    assert world.tables.all_rows(keys.NOTICES) == []
    assert await world.wakes() == []
    assert set(world.alarms()) <= MAY_ALARM
    staged = world.vaults.memory(VAULT).kept(f"{line.enrolment.secret_name}-staged")
    assert not any(version.enabled for version in staged)


def _everybody_has(world: World, application: Application, current: KeyId) -> None:
    (entry,) = world.settings.now.policies[0].lines
    for name in entry.destinations:
        where = world.settings.now.destinations[name]
        if where.kind != "person":
            assert world.stored(name, where.kind) == current, name
    held = [world.vaults.memory(VAULT).latest(name) for name in world.vaults.memory(VAULT).names()]
    latest = [each for each in held if each and each[0].enabled]
    assert [properties.tags[tags.KEY_ID] for properties, _text in latest] == [current]
    assert all(world.sign_in.works(application.client_id, text) for _properties, text in latest)
