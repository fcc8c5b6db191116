"""The secrets pass: every application, page by page, to the snapshot, to `expiries`, and to what is due."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import batched

from rotation.domain.choosing import Chooser
from rotation.domain.credential import Application, Credential, Marker
from rotation.domain.errors import NewerVersion
from rotation.domain.identifiers import ObjectId, PolicyName, RotationId
from rotation.domain.line import CannotOpen, Due, due
from rotation.domain.policy import Configuration, Enrol, Mode, Policy
from rotation.ledger import application as ledger
from rotation.ledger.expiries import ENDED_KEPT, Expiry, ExpiryChanges, counts
from rotation.ledger.lines import IndexedLine
from rotation.ledger.scans import DUE_TOLD, DueLine
from rotation.ports.directory import CredentialRules, ListedApplication, ListedSecret, Page, whole
from rotation.ports.snapshots import SnapshotWriter
from rotation.workflows.admission import sight_of
from rotation.workflows.inventory import SNAPSHOT, InventoryLine, Standing, line_of, text_of
from rotation.workflows.services import Services

AT_ONCE = 111
"""Applications between two turns of others: the next page's request, the heart of the scan."""

FOREIGN: Standing = ("foreign", None)
IGNORED: Standing = ("ignored", None)
MONITORED: Standing = ("monitored", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Books:
    """Where a pass writes; a dry run has none."""

    snapshot: SnapshotWriter
    expiries: ExpiryChanges


@dataclass(slots=True, kw_only=True)
class SecretsPass:
    """One pass; memory grows with lines and with what ends soon, not with applications."""

    services: Services
    scan: str
    dry_run: bool
    counts: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    due: list[tuple[IndexedLine, DueLine]] = field(default_factory=list)
    auto: dict[PolicyName, list[ObjectId]] = field(default_factory=dict)
    """Matches of policies that enrol by themselves, not enrolled yet."""
    matches: dict[PolicyName, int] = field(default_factory=dict)
    """How many they match in all: `at_most` counts those that are enrolled, too."""
    _lines: dict[ObjectId, list[IndexedLine]] = field(default_factory=dict)
    _configuration: Configuration = field(default_factory=Configuration)
    _chooser: Chooser = field(default_factory=lambda: Chooser(Configuration()))
    _horizon: tuple[datetime, datetime] = field(init=False)
    """End dates from the one to the other matter."""

    async def read(self) -> None:
        """
        Read the whole directory.

        Raises:
            Retryable, AccessDenied: A page could not be read: nothing of this pass is put in place.
        """
        self._configuration = await self.services.configurations.current()
        self._chooser = Chooser(self._configuration)
        now = self.services.clock.now()
        self._horizon = now - ENDED_KEPT, now + self.horizon()
        self.counts.update(applications=0, credentials=0, pages=0, malformed=0, monitored=0, ignored=0)
        async for line in self.services.lines.all():
            self._lines.setdefault(line.id.application, []).append(line)
        self.counts["enrolled"] = sum(len(lines) for lines in self._lines.values())
        if self.dry_run:
            async for page in self.services.directory.applications():
                await self._page(page, None)
        else:
            await self._write()
        await self._not_met()

    async def _write(self) -> None:
        expiries = await ExpiryChanges.begin(self.services.tables, frozenset({"secret"}), now=self.services.clock.now())
        async with self.services.snapshots.write(SNAPSHOT, at=self.services.clock.now()) as snapshot:
            books = _Books(snapshot=snapshot, expiries=expiries)
            async for page in self.services.directory.applications():
                await self._page(page, books)
            self.counts["snapshot_bytes"] = await snapshot.complete()
        await expiries.finish(complete=True)
        self.counts.update(counts(expiries))

    async def _page(self, page: Page, books: _Books | None) -> None:
        self.counts["pages"] += 1
        self.counts["applications"] += len(page.applications)
        self.counts["credentials"] += sum([len(each.secrets) for each in page.applications])  # a generator is slower
        for where, why in page.malformed:
            self.counts["malformed"] += 1
            self.remarks.append(f"application {where} could not be read: {why}")
        owners = await self._owners(page)
        for some in batched(page.applications, AT_ONCE, strict=False):
            lines = [await self._application(each, owners.get(each.object_id, ()), books) for each in some]
            if books is not None:
                await books.snapshot.add(text_of(lines))
            await asyncio.sleep(0)

    async def _owners(self, page: Page) -> Mapping[ObjectId, Sequence[str]]:
        """Read owners only where a policy selects by them."""
        if not any(policy.selector.owners for policy in self._configuration.policies):
            return {}
        found = await self.services.directory.owners([each.object_id for each in page.applications])
        return {object_id: [owner.mail or "" for owner in owners] for object_id, owners in found.items()}

    async def _application(
        self, listed: ListedApplication, owners: Sequence[str], books: _Books | None
    ) -> InventoryLine:
        """Decide on one application, and give its line of the inventory."""
        policy = self._chooser.choose(
            listed.object_id, listed.client_id, listed.display_name or "", tags=listed.tags or (), owners=owners
        )
        lines = self._lines.pop(listed.object_id, ())
        secrets = listed.secrets
        ignored = policy is not None and policy.mode is Mode.IGNORE
        if not lines:
            self.counts["ignored" if ignored else "monitored"] += 1
        if policy is not None and policy.enrol is Enrol.AUTO and policy.mode is Mode.ROTATE:
            self._match(listed, policy, lines)
        if lines or _marked(secrets):
            standings = await self._standings(whole(listed), policy, lines)
        else:
            standings = [IGNORED if ignored else MONITORED] * len(secrets)
        if books is not None:
            first, last = self._horizon
            for secret, standing in zip(secrets, standings, strict=True):
                if standing[1] or first <= secret.ends <= last:
                    await books.expiries.want(self._expiry(listed, secret, policy, standing=standing))
        return line_of(listed, policy, standings, enrolled=[line.id.name for line in lines])

    def _match(self, listed: ListedApplication, policy: Policy, lines: Sequence[IndexedLine]) -> None:
        """Note what a policy that enrols by itself selects."""
        self.matches[policy.name] = self.matches.get(policy.name, 0) + 1
        if not lines:
            self.auto.setdefault(policy.name, []).append(listed.object_id)

    def _judge(self, application: Application, lines: Sequence[IndexedLine]) -> None:
        """Find the lines that are due; opening asks again under the lease, with the tenant's own limits."""
        for line in lines:
            if line.display_name != application.display_name:
                self.remarks.append(f"{line.id}: renamed from {line.display_name!r} to {application.display_name!r}")
            policy = self._configuration.policy(line.policy)
            entry = policy.entry(line.id.name, line.id.application) if policy else None
            if entry is None:
                self._add(line, why="its policy is gone")
                continue
            sight = sight_of(
                self.services, self._configuration, entry, application=application, rules=CredentialRules()
            )
            if line.blocked:
                self._add(line, why=line.blocked)
                continue
            match due(line.last_published, sight, self.services.clock.now()):
                case Due(reason=reason) as found:
                    self._add(replace(line, urgent=found.down_now), why=reason)
                case CannotOpen(reason=blocked):
                    self._add(line, why=blocked)

    def _add(self, line: IndexedLine, *, why: str) -> None:
        told = DueLine(line=str(line.id), application=line.display_name, ends_at=line.end_at, why=why)
        self.due.append((line, told))

    async def _standings(
        self, application: Application, policy: Policy | None, lines: Sequence[IndexedLine]
    ) -> list[Standing]:
        """Find the lines that are due, and tell what each secret is; this one is ours, or bears our marker."""
        self._judge(application, lines)
        other = FOREIGN if lines else IGNORED if policy and policy.mode is Mode.IGNORE else MONITORED
        return [await self._standing(application, secret, lines) or other for secret in application.secrets]

    async def _standing(
        self, application: Application, secret: Credential, lines: Sequence[IndexedLine]
    ) -> Standing | None:
        for line in lines:
            if secret.key_id == line.current:
                return "current", line.id.name
            if secret.key_id in line.keys:
                return "predecessor", line.id.name
        return (await self._marked(application, secret), None) if secret.marker is not None else None

    async def _marked(self, application: Application, secret: Credential) -> str:
        """Tell an orphan, whose rotation this ledger holds and which its own step removes, from a stray."""
        assert secret.marker is not None
        rotation_id = RotationId(application.object_id, secret.marker.ulid)
        try:
            rotation = await ledger.rotation(self.services.tables, rotation_id)
        except NewerVersion as error:
            self.remarks.append(f"{rotation_id}: {error.message}")
            return "orphan"
        if rotation is not None and secret.key_id in rotation.adopted:
            return "monitored"  # its line was released: from then on people watch it
        if rotation is None and await self._rebuilt(application, secret):
            return "monitored"  # it waits for somebody to enrol its line again
        if rotation is None:
            self.counts["strays"] = self.counts.get("strays", 0) + 1
            self.remarks.append(
                f"{application.object_id}: key id {secret.key_id} bears a marker we do not know (stray)"
            )
            return "stray"
        self.counts["orphans"] = self.counts.get("orphans", 0) + 1
        if not self.dry_run:
            await self.services.wakes.set(rotation_id, self.services.clock.now())
        return "orphan"

    async def _rebuilt(self, application: Application, secret: Credential) -> bool:
        record = await ledger.read(self.services.tables, application.object_id)
        return record.rebuilt_line_of(secret.key_id) is not None

    def _expiry(
        self, listed: ListedApplication, secret: ListedSecret, policy: Policy | None, *, standing: Standing
    ) -> Expiry:
        status, line = standing
        audience = policy.audience if policy else None
        return Expiry(
            object_id=listed.object_id,
            client_id=listed.client_id,
            key_id=secret.key_id,
            application=listed.display_name or "",
            kind="secret",
            end_at=secret.ends,
            credential_name=secret.display_name or "",
            policy=policy.name if policy else "",
            line=line or "",
            audience=audience or self._configuration.fallback_audience or "",
            status=status,
        )

    def horizon(self) -> timedelta:
        """Give how far ahead end dates matter: the longest rung and the longest lead time."""
        leads = [entry.terms.lead_time for policy in self._configuration.policies for entry in policy.lines]
        return self._configuration.longest_rung + max(leads, default=timedelta(days=60))

    async def _not_met(self) -> None:
        """Ask about lines whose application this pass did not meet: gone only when a read by id says so."""
        for lines in self._lines.values():
            for line in lines:
                self._add(line, why="not met by the scan")
                self.remarks.append(f"{line.id}: the scan did not meet its application")
                if line.open and not self.dry_run:
                    rotation_id = RotationId(line.id.application, line.open)
                    await self.services.wakes.set(rotation_id, self.services.clock.now())

    def told_due(self) -> tuple[DueLine, ...]:
        """Give what is due, earliest end first, as much of it as a row can tell."""
        self.due.sort(key=lambda pair: (pair[1].ends_at is None, pair[1].ends_at, pair[1].line))
        self.counts["due"] = len(self.due)
        return tuple(told for _line, told in self.due[:DUE_TOLD])

    async def note_due(self) -> int:
        """Write on `lines` what this scan found due, onto the entry as it is now, and give how many."""
        return sum([await self._note(line) for line, _told_line in self.due])

    async def _note(self, line: IndexedLine) -> bool:
        return await self.services.lines.change(line.id, lambda now: replace(now, due_in=self.scan, urgent=line.urgent))


def _marked(secrets: Sequence[ListedSecret]) -> bool:
    for secret in secrets:  # noqa: SIM110  # a generator takes twice as long, a hundred thousand times a night
        if secret.display_name and Marker.read(secret.display_name):
            return True
    return False
