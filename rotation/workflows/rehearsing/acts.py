"""The acts of a rehearsal: the real workflows, over a ledger that ends with the process."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rotation.domain.credential import Application
from rotation.domain.delivery import DeliveryBlocked
from rotation.domain.errors import ApplicationGone, Refused
from rotation.domain.identifiers import DestinationName, KeyId, LineId, LineName, PolicyName, RotationId
from rotation.domain.line import Reason
from rotation.domain.policy import Configuration, Destination, Limits, LineEntry, Mode, Policy, Ramp, Selector, Terms
from rotation.domain.rehearsal import Stage
from rotation.domain.rotation import Abandoned, Blocked, Closed, Completed, Overlapping, Rotation
from rotation.domain.secret import SecretText
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ports.directory import MintRequest
from rotation.ports.tables import Query
from rotation.workflows import deliver, retire_now, rotate
from rotation.workflows.enrolling import enrol
from rotation.workflows.opening import Ask, NotOpened, open_rotation
from rotation.workflows.phases.minting import START_EARLIER
from rotation.workflows.previewing import Wish
from rotation.workflows.rehearsing.losing import LosesFirstMint
from rotation.workflows.rehearsing.scratch import Fixed, ScratchTables, Unheard
from rotation.workflows.services import Services
from rotation.workflows.usage_pass import read_usage_of

LINE = LineName("rehearsal")
KIND = "key-vault"
LIFETIME = timedelta(days=30)
WITHIN = timedelta(minutes=30)
"""Everything after this has stopped: Graph lags by seconds, seldom by minutes (platform.md A3, A7)."""
LOOKS = 2
LOOK_EVERY = timedelta(milliseconds=50)
WIDE = Ramp(opened_per_night=1000, open_at_once=1000, removed_per_night=1000)

type Rest = Callable[[timedelta], Awaitable[None]]


async def sleep(span: timedelta) -> None:
    """Let time pass."""
    await asyncio.sleep(span.total_seconds())


@dataclass(slots=True, kw_only=True)
class Play:
    """What a rehearsal has in its hands."""

    real: Services
    by: str
    stage: Stage
    application: Application
    rest: Rest
    old_text: SecretText
    """Of the secret that stands for one made by hand; it never leaves this process."""
    old_key: KeyId
    services: Services = field(init=False)
    losing: LosesFirstMint = field(init=False)
    rotation: RotationId | None = None
    notes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.losing = LosesFirstMint(self.real.directory)
        self.services = replace(
            self.real,
            tables=ScratchTables(),
            queues=Unheard(),
            directory=self.losing,
            configurations=Fixed(_configuration(self.real, self.stage, self.application)),
            channels=(),
        )

    @property
    def line(self) -> LineId:
        """The one line."""
        return LineId(self.application.object_id, LINE)

    def rotation_id(self) -> RotationId:
        """The one rotation, once it is open."""
        assert self.rotation is not None
        return self.rotation


def _configuration(services: Services, stage: Stage, application: Application) -> Configuration:
    """One policy for one application, one destination beside it; waits as short as Graph lets them be."""
    copy = DestinationName("copy")
    settings = {"vault": services.vault_url, "secret": stage.copy_name}
    place = Destination(name=copy, kind=KIND, settings=settings, fingerprint=stage.ulid)
    proof_over = min(4 * services.timing.look_spacing, Terms().proof_over)
    zero = timedelta(0)
    terms = Terms(lifetime=LIFETIME, lead_time=LIFETIME / 3, overlap=zero, quiet=zero, proof_over=proof_over)
    entry = LineEntry(name=LINE, destinations=(copy,), secret_name=stage.secret_name, terms=terms)
    policy = Policy(
        name=PolicyName("rehearsal"),
        selector=Selector(object_ids=frozenset({application.object_id})),
        mode=Mode.ROTATE,
        lines=(entry,),
    )
    return Configuration(policies=(policy,), destinations={copy: place}, limits=Limits(usual=WIDE, first_week=WIDE))


async def by_hand(services: Services, application: Application) -> tuple[KeyId, SecretText]:
    """Add a secret as a person would, to be handed over; its text is kept to try it after its removal."""
    now = services.clock.now()
    request = MintRequest(
        application=application.object_id, display_name="by hand", start_at=now - START_EARLIER, end_at=now + LIFETIME
    )
    minted = await services.directory.mint(request)
    return minted.credential.key_id, minted.text


async def is_made(services: Services, application: Application, rest: Rest) -> None:
    """Wait until the application is found: reads lag writes (platform.md A3)."""

    async def found() -> bool:
        try:
            await services.directory.application(application.object_id)
        except ApplicationGone:
            return False
        return True

    await _seen_twice(services, rest, found, what="the application is not found")


async def made(play: Play) -> str:
    """Wait until the secret that stands for one made by hand is listed."""
    await _listed(play, play.old_key, wanted=True)
    return f"{play.stage.name}, with a secret as a person makes one"


async def _listed(play: Play, key_id: KeyId, *, wanted: bool) -> None:
    async def as_wanted() -> bool:
        return (await play.real.directory.application(play.application.object_id)).holds(key_id) is wanted

    what = f"key id {key_id} is {'not listed' if wanted else 'listed still'}"
    await _seen_twice(play.real, play.rest, as_wanted, what=what)


async def _seen_twice(services: Services, rest: Rest, look: Callable[[], Awaitable[bool]], *, what: str) -> None:
    """Look until two looks in a row say yes."""
    began, seen = services.clock.now(), 0
    while seen < LOOKS:
        seen = seen + 1 if await look() else 0
        _in_time(services, began, what)
        await rest(services.timing.look_spacing / 4)


def _in_time(services: Services, began: datetime, what: str) -> None:
    if services.clock.now() - began > WITHIN:
        raise Refused(f"{what} after {WITHIN}", reason="rehearsal-stopped", remedy="rotation doctor")


async def enrolled(play: Play) -> str:
    """Hand the old secret over."""
    wish = Wish(application=play.application.object_id, line=LINE, by=play.by, unrehearsed=True)
    line = await enrol(play.services, wish)
    return f"line {line.id.name}, key id {play.old_key} handed over"


async def opened(play: Play) -> str:
    """Ask for a rotation."""
    answer = await open_rotation(play.services, play.line, Ask(by=play.by, reason=Reason.REQUESTED))
    if isinstance(answer, NotOpened):
        raise Refused(answer.why, reason="rehearsal-stopped", remedy="rotation doctor")
    play.rotation = answer.rotation
    return answer.rotation.ulid


async def delivered(play: Play) -> str:
    """Mint, lose, find, mint again, stage, prove, publish, deliver, verify."""
    rotation = await _drive(play, lambda found: isinstance(found.phase, Overlapping | Completed))
    assert rotation.minted is not None
    return f"new key id {rotation.minted.key_id}, verified where it was delivered"


async def lost_value(play: Play) -> str:
    """Look whether the value that was lost at the first mint was found by its marker and removed."""
    events = [str(row.values["what"]) for row in await ledger.events(play.services.tables, play.application.object_id)]
    lost = play.losing.lost
    if lost is None or "lost-value.removed" not in events:
        why = f"lost key id {lost} was not listed within two looks: reads lag more here than looks lie apart"
        raise Refused(why, reason="rehearsal-stopped", remedy="raise ROTATION_LOOK_SPACING_SECONDS")
    await _listed(play, lost, wanted=False)
    return f"key id {lost} was found by its marker, removed, and made again"


async def read_use(play: Play) -> str:
    """Take a usage reading."""
    if not play.real.usage:
        return "no usage source is configured"
    unread = await read_usage_of(play.services, play.application.object_id, play.application.client_id)
    if unread:
        told = f"not readable: {', '.join(sorted(unread))}"
        raise Refused(told, reason="rehearsal-stopped", remedy="rotation doctor")
    return f"readable: {', '.join(source.name for source in play.real.usage)} (uses are told hours later)"


async def removed(play: Play) -> str:
    """Remove the old secret, on an operator's word: evidence of silence takes days."""
    why = "a rehearsal: nobody uses it"
    await retire_now.retire(play.services, play.rotation_id(), [play.old_key], by=play.by, why=why)
    await _drive(play, lambda found: isinstance(found.phase, Completed))
    return f"key id {play.old_key} is gone, by two looks"


async def _drive(play: Play, done: Callable[[Rotation], bool]) -> Rotation:
    """Do what queues and timers do, until the rotation stands where it should."""
    services, began = play.services, play.services.clock.now()
    while True:
        rotation = await ledger.rotation(services.tables, play.rotation_id())
        assert rotation is not None
        if done(rotation):
            return rotation
        await _not_stopped(play, rotation)
        _in_time(services, began, f"it is {rotation.phase.phase} still")
        await _work(services)
        await play.rest(max(await _next_look(services) - services.clock.now(), LOOK_EVERY))


async def _work(services: Services) -> None:
    async for wake in services.wakes.due(services.clock.now() + LOOK_EVERY):
        if wake.destination is None:
            await rotate.advance(services, wake.rotation)
        else:
            await deliver.advance(services, wake.rotation, wake.destination)


async def _next_look(services: Services) -> datetime:
    """Tell when something is to be looked at next, soon at the latest."""
    soon = services.clock.now() + services.timing.look_spacing
    rows = [row.values["look_at"] async for row in services.tables.query(keys.WAKES, Query())]
    return min([soon, *(value for value in rows if isinstance(value, datetime))])


async def _not_stopped(play: Play, rotation: Rotation) -> None:
    match rotation.phase:
        case Blocked(reason=reason, detail=detail):
            raise Refused(detail, reason=reason, remedy="docs/runbook.md has a page for that reason")
        case Abandoned() | Closed():
            raise Refused(f"it is {rotation.phase.phase}", reason="rehearsal-stopped", remedy="rotation doctor")
        case _:
            record = await ledger.read(play.services.tables, play.application.object_id)
    for name, stored in record.deliveries_of(rotation.id.ulid).items():
        if isinstance(stored.delivery.phase, DeliveryBlocked):
            phase = stored.delivery.phase
            raise Refused(f"{name}: {phase.detail}", reason=phase.reason, remedy="docs/runbook.md")
