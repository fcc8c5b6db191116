"""The nightly scan: read everything or say that it is incomplete; find what is due; change nothing but our own rows."""

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rotation.domain.brakes import Night, NightState
from rotation.domain.errors import LeaseHeld, NeedsPerson, OutcomeUnknown, Retryable, RotationError
from rotation.ledger import keys
from rotation.ledger.fence import Claim, Fence, Place
from rotation.ledger.scans import PROBLEMS_TOLD, ScanRecord, Scans
from rotation.workflows import nudge
from rotation.workflows.auto_enrol import enrol_by_policy
from rotation.workflows.connection_secrets import ConnectionSecrets
from rotation.workflows.drift import DriftPass
from rotation.workflows.notices import alarm
from rotation.workflows.repairing import write_lines_anew
from rotation.workflows.resuming import look_again
from rotation.workflows.secrets_pass import SecretsPass
from rotation.workflows.services import Services
from rotation.workflows.usage_pass import read_usage
from rotation.workflows.weekly_passes import read_certificates, read_owners, read_service_principals

log = logging.getLogger(__name__)

AFTER_ANOTHER = timedelta(seconds=5)
"""A scan that found another of its kind running comes back this long after that one's lease."""
GAVE_UP = "gave-up"
"""What the problem of a scan begins with that crashed as often as it may."""
NIGHTLY = ("secrets", "usage")
AFTER_NIGHT = ("drift", "connection-secrets")
"""Asked for by each nightly scan, with a row and a lease of their own: a slow destination holds no night back."""
WEEKLY = ("owners", "certificates", "service-principals", "index")


async def begin_scan(services: Services, *, by: str, dry_run: bool = False, passes: tuple[str, ...] = NIGHTLY) -> str:
    """Ask for a scan and give its id; the queue function runs it, and `recover` asks again if that is silent."""
    now = services.clock.now()
    scan = services.ulids.make()
    await Scans(services.tables).put(ScanRecord(id=scan, passes=passes, asked_by=by, asked_at=now, dry_run=dry_run))
    await nudge.nudge_scan(services, scan)
    return scan


async def ask_for_scan(
    services: Services, *, by: str, where: str = "", dry_run: bool = False, passes: tuple[str, ...] = NIGHTLY
) -> str:
    """Begin a scan on a person's word, which the audit trail keeps."""
    scan = await begin_scan(services, by=by, dry_run=dry_run, passes=passes)
    told = {"by": by, "scan": scan, "passes": ",".join(passes), "dry_run": dry_run, "where": where or None}
    await services.control.audit(services.clock.now(), services.ulids.make(), "scan.asked", **told)
    return scan


async def scan_report(services: Services, scan: str) -> ScanRecord:
    """Read what is known of a scan (NotFound where there is none)."""
    return await Scans(services.tables).get(scan)


async def run_scan(services: Services, scan: str) -> None:
    """
    Run a scan that was asked for; one of a kind at a time.

    Raises:
        LeaseHeld: Another is running; `recover` asks again.
    """
    record = await scan_report(services, scan)
    if record.finished_at is not None:
        return
    try:
        fence = await _take(services, record)
    except LeaseHeld as held:
        await nudge.nudge_scan(services, scan, delay=held.until - services.clock.now() + AFTER_ANOTHER)
        raise
    try:
        record = await scan_report(services, scan)  # its message may have come twice, and the other one be done by now
        if record.finished_at is None:
            await _carry_out(services, fence, record)
    finally:
        await fence.release(services.clock.now())


async def _carry_out(services: Services, fence: Fence, record: ScanRecord) -> None:
    run = _Run(services=services, fence=fence, record=replace(record, started_at=services.clock.now(), counts={}))
    heart = asyncio.create_task(run.beat())
    try:
        await run.go()
    finally:
        heart.cancel()


async def _take(services: Services, record: ScanRecord) -> Fence:
    place = Place(table=keys.LEASES, partition="scan", key=record.passes[0])
    claim = Claim(owner=services.worker, token=services.ulids.make(), length=services.timing.lease)
    return await Fence.take(services.tables, place, claim=claim, now=services.clock.now())


async def give_up_scan(services: Services, scan: str, *, why: str) -> None:
    """
    Finish a scan that crashed as often as it may: incomplete, so nobody begins it anew each quarter of an hour.

    Raises:
        NotFound: There is none.
        LeaseHeld: One of its kind is running.
    """
    record = await scan_report(services, scan)
    fence = await _take(services, record)
    try:
        record = await scan_report(services, scan)
        if record.finished_at is not None:
            return
        done = replace(record, finished_at=services.clock.now(), complete=False, problem=f"{GAVE_UP}: {why}")
        await Scans(services.tables).put(done)
        await alarm(services, "scan-incomplete", text=f"the scan is incomplete: {done.problem}")
    finally:
        await fence.release(services.clock.now())


@dataclass(slots=True, kw_only=True)
class _Run:
    services: Services
    fence: Fence
    record: ScanRecord
    counts: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    lost: RotationError | None = None
    ended: bool = False
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the record is written: a sign of life that is under way must not land on what the end has said."""

    async def beat(self) -> None:
        """Write progress and hold the lease while the passes run."""
        while self.lost is None and not self.ended:
            await asyncio.sleep(_beat_seconds(self.services))
            async with self.writing:
                await self._live()

    async def _live(self) -> None:
        """Give one sign of life, unless the end was told while we waited."""
        if self.ended:
            return
        now = self.services.clock.now()
        try:
            await self.fence.commit([], now=now)
        except RotationError as error:
            self.lost = error
            return
        await Scans(self.services.tables).put(replace(self.record, progress_at=now, counts=dict(self.counts)))

    async def go(self) -> None:
        problems: list[str] = []
        await Scans(self.services.tables).put(self.record)
        for name in self.record.passes:
            try:
                await self._pass(name)
            except (Retryable, OutcomeUnknown, NeedsPerson) as error:
                problems.append(f"{name}: {error.message}")
                log.warning("scan.incomplete", extra={"pass": name, "reason": error.reason})
        if NIGHTLY[0] in self.record.passes and not self.record.dry_run:
            await begin_scan(self.services, by=self.record.asked_by, passes=AFTER_NIGHT)
        await self._finish(problems)

    async def _pass(self, name: str) -> None:
        match name:
            case "secrets":
                await self._secrets()
            case "drift" if not self.record.dry_run:
                await self._drift()
            case "connection-secrets" if not self.record.dry_run:
                await self._connection_secrets()
            case "usage" if self.services.usage and not self.record.dry_run:
                self.counts.update(await read_usage(self.services))
            case "owners" if not self.record.dry_run:
                self.counts.update(await read_owners(self.services))
            case "certificates" if not self.record.dry_run:
                self.counts.update(await read_certificates(self.services))
            case "service-principals" if not self.record.dry_run:
                self.counts.update(await read_service_principals(self.services))
            case "index" if not self.record.dry_run:
                self.counts.update(await write_lines_anew(self.services))
            case _:
                self.counts.setdefault(f"{name}_skipped", 1)

    async def _secrets(self) -> None:
        secrets = SecretsPass(services=self.services, scan=self.record.id, dry_run=self.record.dry_run)
        secrets.counts = self.counts
        try:
            await secrets.read()
        finally:
            self.remarks.extend(secrets.remarks)
        self.record = replace(self.record, due=secrets.told_due())
        if not self.record.dry_run:
            self.remarks.extend(await enrol_by_policy(self.services, secrets.auto, secrets.matches))
            await look_again(self.services)
            await self._begin_night(await secrets.note_due())

    async def _drift(self) -> None:
        drift = DriftPass(services=self.services, counts=self.counts)
        try:
            await drift.read()
        finally:
            self.remarks.extend(drift.remarks)

    async def _connection_secrets(self) -> None:
        told = ConnectionSecrets(services=self.services, counts=self.counts)
        try:
            await told.read()
        finally:
            self.remarks.extend(told.remarks)

    async def _begin_night(self, due: int) -> None:
        """Write what tonight is, for `recover` to open (protocol.md, Brakes, Opening)."""
        if "secrets" not in self.record.passes or self.lost is not None:
            return
        configuration = await self.services.configurations.current()
        state = NightState.CANARY if configuration.canary else NightState.OPENING
        night = Night(scan=self.record.id, began_at=self.services.clock.now(), state=state, due=due)
        await self.services.control.night.change(lambda _before: night)

    async def _finish(self, problems: list[str]) -> None:
        async with self.writing:
            self.ended = True
        if self.lost is not None:
            problems.append(f"the scan's lease was lost: {self.lost.message}")
        done = replace(
            self.record,
            finished_at=self.services.clock.now(),
            complete=not problems,
            problem="; ".join(problems),
            counts=dict(self.counts),
            remarks=tuple(self.remarks[:PROBLEMS_TOLD]),
        )
        await Scans(self.services.tables).put(done)
        log.info("scan.finished", extra=_told(done, now=self.services.clock.now()))
        if problems:
            await alarm(self.services, "scan-incomplete", text=f"the scan is incomplete: {done.problem}")


def _told(done: ScanRecord, *, now: datetime) -> dict[str, str | bool | float]:
    spent = (now - (done.started_at or now)).total_seconds()
    facts: dict[str, str | bool | float] = {
        "scan": done.id,
        "passes": ",".join(done.passes),
        "complete": done.complete,
        "dry_run": done.dry_run,
    }
    return {**facts, "seconds": spent, **{f"count_{name}": number for name, number in done.counts.items()}}


def _beat_seconds(services: Services) -> float:
    span: timedelta = min(services.timing.scan_heartbeat, services.timing.lease / 3)
    return span.total_seconds()


async def last_complete(services: Services, *, days: int = 7) -> ScanRecord | None:
    """Give the nightly scan that was complete last; a dry run, which wrote nothing, is none."""
    return _latest([scan for scan in await _finished(services, days) if scan.complete])


async def last_finished(services: Services, *, days: int = 7) -> ScanRecord | None:
    """Give the nightly scan that finished last, complete or not."""
    return _latest(await _finished(services, days))


async def _finished(services: Services, days: int) -> list[ScanRecord]:
    since: datetime = services.clock.now() - timedelta(days=days)
    scans = await Scans(services.tables).since(since)
    return [scan for scan in scans if "secrets" in scan.passes and not scan.dry_run and scan.finished_at]


def _latest(scans: list[ScanRecord]) -> ScanRecord | None:
    ended = [(scan.finished_at, scan) for scan in scans if scan.finished_at]
    return max(ended, key=lambda pair: pair[0])[1] if ended else None
