"""What a timer remembers over restarts, and whether it missed its time (platform.md D2)."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob.aio import ContainerClient

from sandbox.host.lease import create_container
from sandbox.host.ncrontab import Schedule

# .NET's default(DateTime): the timer never ran.
NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleStatus:
    """When a timer last ran, when it is due next, and which instant `next` was computed from."""

    last: datetime
    next: datetime
    last_updated: datetime

    @classmethod
    def first(cls, schedule: Schedule, now: datetime) -> "ScheduleStatus":
        return cls(last=NEVER, next=schedule.next_after(now), last_updated=now)

    @classmethod
    def after_run(cls, schedule: Schedule, ran_at: datetime) -> "ScheduleStatus":
        return cls(last=ran_at, next=schedule.next_after(ran_at), last_updated=ran_at)

    def current(self, schedule: Schedule, now: datetime) -> "ScheduleStatus":
        """
        Return itself, or a fresh status when the schedule was changed since it was written.

        A changed schedule whose time has passed is not past due: it starts from now.
        """
        base = self.last if self.last != NEVER else self.last_updated
        expected = schedule.next_after(base)
        if expected == self.next:
            return self
        return ScheduleStatus.first(schedule, now if now > expected else base)

    def to_json(self) -> dict[str, str]:
        return {
            "Last": self.last.isoformat(),
            "Next": self.next.isoformat(),
            "LastUpdated": self.last_updated.isoformat(),
        }

    @classmethod
    def from_json(cls, text: str | bytes) -> "ScheduleStatus":
        fields = json.loads(text)
        last, following, updated = (datetime.fromisoformat(fields[name]) for name in ("Last", "Next", "LastUpdated"))
        return cls(last=last, next=following, last_updated=updated)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusBlob:
    """Keep one timer's status in `timers/{host id}/{timer}/status`."""

    container: ContainerClient
    path: str

    async def read(self) -> ScheduleStatus | None:
        try:
            stream = await self.container.get_blob_client(self.path).download_blob()
            return ScheduleStatus.from_json(await stream.readall())
        except ResourceNotFoundError:
            return None

    async def write(self, status: ScheduleStatus) -> None:
        blob = self.container.get_blob_client(self.path)
        content = json.dumps(status.to_json()).encode()
        try:
            await blob.upload_blob(content, overwrite=True)
        except ResourceNotFoundError:
            await create_container(self.container)
            await blob.upload_blob(content, overwrite=True)
