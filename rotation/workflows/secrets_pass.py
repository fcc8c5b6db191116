"""The secrets pass: every application, page by page, to the snapshot, to `expiries`, and to what is due."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from rotation.domain.credential import Application, Credential
from rotation.domain.identifiers import KeyId, LineId, ObjectId, PolicyName, RotationId
from rotation.domain.line import CannotOpen, Due, due
from rotation.domain.policy import Configuration, Enrol, Mode, Policy
from rotation.ledger import application as ledger
from rotation.ledger.expiries import Expiry, ExpiryChanges, counts, in_horizon
from rotation.ledger.lines import IndexedLine
from rotation.ledger.scans import DUE_TOLD, DueLine
from rotation.ports.directory import CredentialRules, Page
from rotation.ports.snapshots import SnapshotWriter
from rotation.workflows.admission import sight_of
from rotation.workflows.services import Services

SNAPSHOT = "secrets"


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

    async def read(self) -> None:
        """
        Read the whole directory.

        Raises:
            Retryable, AccessDenied: A page could not be read: nothing of this pass is put in place.
        """
        self._configuration = await self.services.configurations.current()
        self.counts.update(applications=0, credentials=0, pages=0, malformed=0, monitored=0, ignored=0)
        async for line in self.services.lines.all():
            self._lines.setdefault(line.id.application, []).append(line)
        self.counts["enrolled"] = sum(len(lines) for lines in self._lines.values())
        if self.dry_run:
            async for page in self.services.directory.applications():
                await self._page(page, None, None)
        else:
            await self._write()
        await self._not_met()

    async def _write(self) -> None:
        expiries = await ExpiryChanges.begin(self.services.tables, frozenset({"secret"}))
        async with self.services.snapshots.write(SNAPSHOT) as snapshot:
            async for page in self.services.directory.applications():
                await self._page(page, snapshot, expiries)
            self.counts["snapshot_bytes"] = await snapshot.complete()
        await expiries.finish(complete=True)
        self.counts.update(counts(expiries))

    async def _page(self, page: Page, snapshot: SnapshotWriter | None, expiries: ExpiryChanges | None) -> None:
        self.counts["pages"] += 1
        for where, why in page.malformed:
            self.counts["malformed"] += 1
            self.remarks.append(f"application {where} could not be read: {why}")
        owners = await self._owners(page)
        for application in page.applications:
            await self._application(application, owners.get(application.object_id, ()), snapshot, expiries=expiries)

    async def _owners(self, page: Page) -> Mapping[ObjectId, Sequence[str]]:
        """Read owners only where a policy selects by them."""
        if not any(policy.selector.owners for policy in self._configuration.policies):
            return {}
        found = await self.services.directory.owners([application.object_id for application in page.applications])
        return {object_id: [owner.mail or "" for owner in owners] for object_id, owners in found.items()}

    async def _application(
        self,
        application: Application,
        owners: Sequence[str],
        snapshot: SnapshotWriter | None,
        *,
        expiries: ExpiryChanges | None,
    ) -> None:
        self.counts["applications"] += 1
        self.counts["credentials"] += len(application.secrets)
        policy = self._configuration.policy_for(application, owners)
        mode = policy.mode if policy else Mode.MONITOR
        lines = self._lines.pop(application.object_id, [])
        self.counts["ignored" if mode is Mode.IGNORE and not lines else "monitored"] += not lines
        automatic = policy is not None and policy.enrol is Enrol.AUTO and policy.mode is Mode.ROTATE
        if policy and automatic:
            self.matches[policy.name] = self.matches.get(policy.name, 0) + 1
        if lines:
            self._judge(application, lines)
        elif policy and automatic:
            self.auto.setdefault(policy.name, []).append(application.object_id)
        statuses = {s.key_id: await self._status(application, s, lines, mode=mode) for s in application.secrets}
        if snapshot is not None:
            await snapshot.add(_told(application, policy, lines, statuses=statuses))
        if expiries is not None:
            await self._expiries(application, policy, statuses=statuses, expiries=expiries)

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

    async def _status(
        self, application: Application, secret: Credential, lines: Sequence[IndexedLine], *, mode: Mode
    ) -> tuple[str, str]:
        for line in lines:
            if secret.key_id == line.current:
                return "current", line.id.name
            if secret.key_id in line.keys:
                return "predecessor", line.id.name
        if secret.marker is not None:
            return await self._marked(application, secret), ""
        return ("foreign" if lines else "ignored" if mode is Mode.IGNORE else "monitored"), ""

    async def _marked(self, application: Application, secret: Credential) -> str:
        """Tell an orphan, whose rotation this ledger holds and which its own step removes, from a stray."""
        assert secret.marker is not None
        rotation_id = RotationId(application.object_id, secret.marker.ulid)
        rotation = await ledger.rotation(self.services.tables, rotation_id)
        if rotation is not None and secret.key_id in rotation.adopted:
            return "monitored"  # its line was released: from then on people watch it
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

    async def _expiries(
        self,
        application: Application,
        policy: Policy | None,
        *,
        statuses: Mapping[KeyId, tuple[str, str]],
        expiries: ExpiryChanges,
    ) -> None:
        now, horizon = self.services.clock.now(), self.horizon()
        for secret in application.secrets:
            status, line = statuses[secret.key_id]
            if not line and not in_horizon(secret.end_at, now, horizon):
                continue
            audience = policy.audience if policy else None
            await expiries.want(
                Expiry(
                    object_id=application.object_id,
                    client_id=application.client_id,
                    key_id=secret.key_id,
                    application=application.display_name,
                    kind="secret",
                    end_at=secret.end_at,
                    credential_name=secret.display_name or "",
                    policy=policy.name if policy else "",
                    line=line,
                    audience=audience or self._configuration.fallback_audience or "",
                    status=status,
                )
            )

    def horizon(self) -> timedelta:
        """Give how far ahead end dates matter: the longest rung and the longest lead time."""
        leads = [entry.terms.lead_time for policy in self._configuration.policies for entry in policy.lines]
        rungs = timedelta(days=max(self._configuration.rungs, default=0))
        return rungs + max(leads, default=timedelta(days=60))

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
        noted = 0
        for line, _told_line in self.due:
            now = await self.services.lines.get(line.id)
            if now is not None:
                await self.services.lines.put(replace(now, due_in=self.scan, urgent=line.urgent))
                noted += 1
        return noted


def _told(
    application: Application,
    policy: Policy | None,
    lines: Sequence[IndexedLine],
    *,
    statuses: Mapping[KeyId, tuple[str, str]],
) -> bytes:
    """Write one application as a line of the snapshot."""
    line_ids: list[LineId] = [line.id for line in lines]
    told: dict[str, Any] = {
        "id": application.object_id,
        "appId": application.client_id,
        "name": application.display_name,
        "policy": policy.name if policy else None,
        "mode": policy.mode if policy else Mode.MONITOR,
        "enrolled": [line_id.name for line_id in line_ids],
        "disabled": application.disabled,
        "secrets": [
            {
                "keyId": secret.key_id,
                "name": secret.display_name,
                "end": secret.end_at.isoformat(),
                "status": statuses[secret.key_id][0],
            }
            for secret in application.secrets
        ],
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
