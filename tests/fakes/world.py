"""A whole night in memory: the real workflows over fakes, driven as queues, timers and time drive them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rotation.domain.audience import Audience
from rotation.domain.credential import Application, Credential
from rotation.domain.errors import Misconfigured, OutcomeUnknown, Retryable, Superseded
from rotation.domain.identifiers import (
    AudienceName,
    DestinationName,
    KeyId,
    LineId,
    LineName,
    ObjectId,
    PolicyName,
    RotationId,
)
from rotation.domain.line import Line, Reason
from rotation.domain.messages import read_delivery, read_notice, read_rotation, read_scan
from rotation.domain.pace import Paces
from rotation.domain.policy import (
    Canary,
    Configuration,
    Destination,
    Limits,
    LineEntry,
    Mode,
    Policy,
    Ramp,
    Selector,
    Terms,
)
from rotation.domain.rotation import Rotation
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.control import PARTITION, REHEARSED, Rehearsed
from rotation.ports.tables import Query, Upsert
from rotation.workflows import deliver, rotate
from rotation.workflows.enrolling import enrol, release
from rotation.workflows.opening import Ask, NotOpened, Opened, open_rotation
from rotation.workflows.previewing import Wish
from rotation.workflows.recovering import recover
from rotation.workflows.reminding import send_notice
from rotation.workflows.scanning import begin_scan, run_scan
from rotation.workflows.services import Services, Timing
from tests.fakes.audit import MemoryAuditTrail
from tests.fakes.channel import MemoryChannel
from tests.fakes.clock import MovableClock, SequentialUlids
from tests.fakes.crashing import Crash, CrashPlan, SleepPlan, Watch, crashing, unwatched
from tests.fakes.directory import MemoryDirectory
from tests.fakes.directory_state import Text, make_application, make_key_id
from tests.fakes.integrations import MemoryIntegrations
from tests.fakes.queues import MemoryQueues
from tests.fakes.sign_in import MemorySignIn
from tests.fakes.snapshots import MemorySnapshots
from tests.fakes.surroundings import MemorySurroundings
from tests.fakes.tables import MemoryTables
from tests.fakes.throw_aways import MemoryThrowAways
from tests.fakes.usage import MemoryUsage
from tests.fakes.vault import MemoryVaults

VAULT = "https://vault.example"
TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
POLICY = PolicyName("ours")
LINE = LineName("default")
PEOPLE = AudienceName("people")
QUICK = Terms(overlap=timedelta(days=7), quiet=timedelta(days=7))


def destination(name: str, kind: str = "automatic") -> Destination:
    """Make a destination of a fake kind."""
    return Destination(name=DestinationName(name), kind=kind, settings={}, fingerprint=f"{kind}:{name}")


@dataclass
class Settings:
    """
    The configuration of a test, which it may change at any time (`Configurations`).

    Crueller than the real thing: a change holds from the next call on, in the middle of a step.
    """

    now: Configuration
    spoilt: bool = False

    async def current(self) -> Configuration:
        if self.spoilt:
            raise Misconfigured(["it cannot be read"])
        return self.now


def configure(*destinations: Destination, terms: Terms = QUICK, readers: tuple[str, ...] = ()) -> Configuration:
    """Make a configuration with one policy that rotates everything enrolled, and no ramp to speak of."""
    entry = LineEntry(name=LINE, destinations=tuple(d.name for d in destinations), readers=readers, terms=terms)
    ramp = Ramp(opened_per_night=10_000, open_at_once=10_000, removed_per_night=10_000)
    return Configuration(
        policies=(Policy(name=POLICY, selector=Selector(everything=True), mode=Mode.ROTATE, lines=(entry,)),),
        destinations={d.name: d for d in destinations},
        audiences={PEOPLE: Audience(name=PEOPLE, mail=("people@contoso.example",))},
        limits=Limits(usual=ramp, first_week=ramp),
        fallback_audience=PEOPLE,
    )


@dataclass(frozen=True, slots=True)
class _Sleeper:
    plan: SleepPlan
    invocation: asyncio.Future[object]
    until: datetime


@dataclass
class World:
    """Everything that outlives a process; `services()` makes a new process on top of it."""

    configuration: Configuration = field(default_factory=lambda: configure(destination("store")))
    clock: MovableClock = field(default_factory=MovableClock)
    timing: Timing = field(default_factory=Timing)

    def __post_init__(self) -> None:
        self.ulids = SequentialUlids(self.clock)
        self.tables = MemoryTables()
        self._rehearsed()
        self.directory = MemoryDirectory(self.clock)
        self.sign_in = MemorySignIn(self.directory, self.clock)
        self.vaults = MemoryVaults(clock=self.clock)
        self.queues = MemoryQueues(self.clock)
        self.snapshots = MemorySnapshots()
        self.audit_trail = MemoryAuditTrail()
        self.usage: MemoryUsage | None = MemoryUsage(self.clock, sign_in=self.sign_in)
        self.sign_in_log: MemoryUsage | None = None
        self.integrations = MemoryIntegrations()
        self.channel = MemoryChannel()
        self.surroundings = MemorySurroundings(self.clock)
        self.throw_aways = MemoryThrowAways(self.directory, self.vaults, self.clock)
        self.settings = Settings(self.configuration)
        self.plan = CrashPlan()
        self.crashes: list[str] = []
        self.boundary = 0
        """How often an error ended an invocation that the boundary maps to "again later"."""
        self.after_each: Callable[[], None] = lambda: None
        self.watch: Watch = unwatched
        self.paces = Paces()
        """As if one process lived on: it learns how fast it may write."""
        """Hears of each call of a workflow to the outside, right before it is sent."""
        self.waking = False
        """A process that slept goes on now."""
        self.slept_in = ""
        """The call in which a process fell asleep: whatever it sent cannot be called back."""
        self._sleeper: _Sleeper | None = None
        self._processes = 0
        self._current = self.services()

    def _rehearsed(self) -> None:
        """A rehearsal has passed here, as before every first enrolment."""
        row = Upsert(key="rehearsed", values=REHEARSED.columns(Rehearsed(passed_at=self.clock.now(), by="test")))
        self.tables._apply(keys.CONTROL, PARTITION, [row])
        self.tables.commits.clear()

    def services(self, plan: CrashPlan | None = None) -> Services:
        """Start a new process."""
        self._processes += 1

        def port[T](fake: T) -> T:
            return crashing(fake, plan or self.plan, self._watched)

        return Services(
            clock=self.clock,
            ulids=self.ulids,
            directory=port(self.directory),
            sign_in=port(self.sign_in),
            vaults=port(self.vaults),
            tables=port(self.tables),
            queues=port(self.queues),
            snapshots=port(self.snapshots),
            audit_trail=port(self.audit_trail),
            usage=tuple(port(source) for source in (self.usage, self.sign_in_log) if source),
            integrations=port(self.integrations),
            channels=(port(self.channel),),
            configurations=port(self.settings),
            surroundings=port(self.surroundings),
            throw_aways=port(self.throw_aways),
            tenant_id=TENANT,
            vault_url=VAULT,
            worker=f"process-{self._processes}",
            timing=self.timing,
            paces=self.paces,
        )

    def _watched(self, call: str, arguments: Sequence[Any]) -> None:
        self.watch(call, arguments)

    def calm(self) -> Services:
        """Give a process that nothing kills: a person's own terminal."""
        return self.services(CrashPlan())

    def use_sources(self, *, report: bool = True, log: bool = False) -> None:
        """Choose this deployment's usage sources: Graph's report, a log of each app-only sign-in."""
        self.usage = (self.usage or MemoryUsage(self.clock, sign_in=self.sign_in)) if report else None
        self.sign_in_log = MemoryUsage(self.clock, name="log", sign_in=self.sign_in, keeps_all=True) if log else None
        self._current = self.services()

    def vault_holds(self, key_id: KeyId) -> bool:
        """Tell whether the home vault has an enabled version that carries a key id."""
        vault = self.vaults.memory(VAULT)
        texts = [text.text for text in self._texts_of(key_id)]
        return any(properties.enabled for text in texts for _name, properties in vault.holds(text))

    def _texts_of(self, key_id: KeyId) -> list[Text]:
        found = [t for r in self.directory._records.values() for t in r.texts]
        return [text for text in found if text.key_id == key_id]

    def lose_storage(self) -> None:
        """Lose the storage account, and deploy into an empty one; somebody has rehearsed there."""
        self.tables, self.queues, self.snapshots = MemoryTables(), MemoryQueues(self.clock), MemorySnapshots()
        self._rehearsed()
        self._current = self.services()

    def crash_at(self, *points: int) -> None:
        """From now on, count port calls anew and die at these points."""
        self.plan = CrashPlan(*points)
        self._current = self.services()

    def sleep_at(self, point: int, nap: timedelta) -> None:
        """From now on, count port calls anew; who comes to this point sleeps there for *nap*, and others go on."""
        self.plan = SleepPlan(point, nap)
        self._current = self.services()

    async def wake_up(self) -> None:
        """Let who sleeps go on, late."""
        sleeper, self._sleeper = self._sleeper, None
        if sleeper is not None:
            self.waking = True
            sleeper.plan.awake.set()
            await self._end(sleeper.invocation)
            self.waking = False

    # People and time.

    def add_application(
        self, number: int = 1, *, ends_in: timedelta = timedelta(days=20), secrets: int = 1
    ) -> Application:
        """Register an application whose secrets end soon."""
        credentials = [
            Credential(
                key_id=make_key_id(number * 1000 + place),
                start_at=self.clock.now() - timedelta(days=160),
                end_at=self.clock.now() + ends_in + timedelta(days=place),
                display_name=f"by hand {place}",
            )
            for place in range(secrets)
        ]
        application = make_application(number, *credentials)
        self.directory.add(application)
        return application

    async def enrol(self, application: Application, line: LineName = LINE) -> Line:
        """Say yes; whatever counts crashes is not counting here."""
        found = await enrol(self.calm(), Wish(application=application.object_id, line=line, by="test"))
        self._current = self.services()
        return found

    async def release(self, application: Application, line: LineName = LINE) -> None:
        """End an enrolment."""
        await release(self.calm(), LineId(application.object_id, line), by="test")

    async def nights(self, count: int) -> None:
        """Let so many nights pass, each with its scan."""
        for _night in range(count):
            await self.scan()
            await self.run(timedelta(days=1) - timedelta(minutes=2))

    async def open(
        self, application: Application, reason: Reason = Reason.REQUESTED, *, line: LineName = LINE, **ask: Any
    ) -> Opened | NotOpened:
        """Ask for a rotation, as a person does."""
        wish = Ask(by="somebody", reason=reason, **ask)
        return await open_rotation(self.services(), LineId(application.object_id, line), wish)

    async def scan(self) -> None:
        """Ask for tonight's scan, and let it run."""
        await self.invoke(self._begin)
        await self.run(timedelta(minutes=2))

    async def _begin(self, services: Services) -> None:
        await begin_scan(services, by="test")

    async def run(self, span: timedelta) -> None:
        """Let queues and the minute's timer work for *span*; time jumps from one thing to do to the next."""
        end = self.clock.now() + span
        next_recover = self.clock.now()
        while True:
            if self._sleeper is not None and self.clock.now() >= self._sleeper.until:
                await self.wake_up()
            if self.clock.now() >= next_recover:
                await self.invoke(recover)
                next_recover = self.clock.now() + timedelta(minutes=1)
            await self._work()
            now = self.clock.now()
            upcoming = [nudge.visible_at for nudge in self.queues.waiting]
            upcoming += [max(next_recover, self._next_wake())]
            upcoming += [self._sleeper.until] if self._sleeper else []
            step = max(min(upcoming), now + timedelta(milliseconds=10))
            if step >= end:
                self.clock.set(end)
                return
            self.clock.set(step)

    def _next_wake(self) -> datetime:
        found = [row.values["look_at"] for row in self.tables.all_rows(keys.WAKES)]
        found += [row.values["look_at"] for row in self.tables.all_rows(keys.NOTICES)]
        instants = [value for value in found if isinstance(value, datetime)]
        silent = [row.values.get("look_at") for row in self.tables.all_rows(keys.SCANS)]
        instants += [value + self.timing.scan_silent for value in silent if isinstance(value, datetime)]
        busy = self._night_is_open()
        soonest = min(instants, default=datetime.max.replace(tzinfo=UTC))
        return min(soonest, self.clock.now() + timedelta(minutes=1)) if busy else soonest

    def _night_is_open(self) -> bool:
        rows = [row for row in self.tables.all_rows(keys.CONTROL) if row.key == "night"]
        return any(f'"state":"{state}"' in str(row.values["state"]) for row in rows for state in ("canary", "opening"))

    async def _work(self) -> None:
        for _round in range(1000):
            nudges = self.queues.take()
            if not nudges:
                return
            for nudge in nudges:
                await self._handle(nudge.queue, nudge.text)
        raise AssertionError("the queues do not come to rest")

    async def _handle(self, queue: str, text: str) -> None:
        async def act(services: Services) -> None:
            match queue:
                case keys.QUEUE_SCANS:
                    await run_scan(services, read_scan(text).scan)
                case keys.QUEUE_ROTATIONS:
                    await rotate.advance(services, read_rotation(text))
                case keys.QUEUE_DELIVERIES:
                    await deliver.advance(services, *read_delivery(text))
                case _:
                    await send_notice(services, read_notice(text))

        await self.invoke(act)

    async def invoke(self, act: Callable[[Services], Coroutine[Any, Any, object]]) -> None:
        """Run one invocation; a crash ends the process, and whoever comes next is a new one."""
        if isinstance(self.plan, SleepPlan):
            await self._until_asleep(self.plan, act(self._current))
        else:
            await self._end(act(self._current))

    async def _end(self, invocation: Awaitable[object]) -> None:
        try:
            await invocation
        except Crash as crash:
            self.crashes.append(str(crash))
            self._current = self.services()
        except (Retryable, OutcomeUnknown, Superseded):
            self.boundary += 1
        self.after_each()

    async def _until_asleep(self, plan: SleepPlan, invocation: Coroutine[Any, Any, object]) -> None:
        task, asleep = asyncio.ensure_future(invocation), asyncio.ensure_future(plan.asleep.wait())
        await asyncio.wait({task, asleep}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            asleep.cancel()
            await self._end(task)
            return
        self._sleeper = _Sleeper(plan, task, until=self.clock.now() + plan.nap)
        self.slept_in = plan.trace[-1]
        self.plan = CrashPlan()
        self._current = self.services()

    # What is true.

    def rotations(self) -> list[Rotation]:
        """Give every rotation of the ledger, oldest first."""
        rows = [row for row in self.tables.all_rows(keys.ROTATIONS) if row.key.startswith("a|rotation|")]
        return sorted((ledger.ROTATION.record(row.values) for row in rows), key=lambda each: each.id.ulid)

    async def line(self, application: Application, name: LineName = LINE) -> Line:
        """Give a line's truth."""
        found = await ledger.line(self.tables, LineId(application.object_id, name))
        assert found is not None
        return found

    async def record(self, object_id: ObjectId) -> ledger.ApplicationRecord:
        """Give the live rows of an application."""
        return await ledger.read(self.tables, object_id)

    def phases(self) -> list[str]:
        """Give where each rotation stands."""
        return [rotation.phase.phase for rotation in self.rotations()]

    def events(self) -> list[str]:
        """Give what the history tells, oldest first."""
        rows = [row for row in self.tables.all_rows(keys.ROTATIONS) if row.key.startswith("z|event|")]
        return [str(row.values["what"]) for row in sorted(rows, key=lambda row: row.key)]

    async def wakes(self) -> list[str]:
        """Give the keys of all wakes."""
        return [row.key async for row in self.tables.query(keys.WAKES, Query())]

    def titles(self) -> list[str]:
        """Give the title of each message that people got."""
        return [message.title for _audience, message in self.channel.sent]

    def alarms(self) -> list[str]:
        """Give the slug of each alarm, oldest first."""
        rows = [row for row in self.tables.all_rows(keys.CONTROL) if row.values.get("what") == "alarm"]
        return [str(row.values["slug"]) for row in rows]

    def change_policy(self, **changes: Any) -> None:
        """Change the one policy."""
        policy = replace(self.settings.now.policies[0], **changes)
        self.settings.now = replace(self.settings.now, policies=(policy,))

    def name_destinations(self, *destinations: Destination) -> None:
        """Let the configuration name these destinations for the line from now on."""
        entry = replace(self.settings.now.policies[0].lines[0], destinations=tuple(d.name for d in destinations))
        self.settings.now = replace(self.settings.now, destinations={d.name: d for d in destinations})
        self.change_policy(lines=(entry,))

    def make_canary(self, application: Application, within: timedelta = timedelta(minutes=30)) -> None:
        """Let this line try each night out first."""
        canary = Canary(application=application.object_id, line=LINE, within=within)
        self.settings.now = replace(self.settings.now, canary=canary)

    def stored(self, name: str, kind: str = "automatic") -> KeyId | None:
        """Give the key id that a destination holds."""
        kept = self.integrations.kinds[kind].stores.get(DestinationName(name))
        return kept.key_id if kept else None

    def texts(self) -> Sequence[str]:
        """Give every secret text that ever was."""
        return self.directory.every_text()

    def change_terms(self, terms: Terms) -> None:
        """Change the terms of the one policy."""
        policy = self.settings.now.policies[0]
        changed = replace(policy, lines=tuple(replace(entry, terms=terms) for entry in policy.lines))
        self.settings.now = replace(self.settings.now, policies=(changed,))


def rotation_id(world: World) -> RotationId:
    """Give the id of the newest rotation."""
    return world.rotations()[-1].id
