import itertools
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.storage.blob import BlobServiceClient

from sandbox.host.ncrontab import Schedule
from sandbox.host.process import HostProcess
from sandbox.host.timer_state import NEVER, ScheduleStatus
from sandbox.storage import Azurite

pytestmark = pytest.mark.sandbox

APP = Path(__file__).parent / "host_app"
DAY = 86_400
STATUS = "timers/stage/Host.Functions.daily/status"


def until[T](find: Callable[[], T], *, seconds: float = 15) -> T:
    """Return the first true answer; the last one when the time is over."""
    end = time.monotonic() + seconds
    while not (found := find()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


@dataclass(frozen=True)
class Stage:
    """One host over one storage, and what its app wrote down."""

    storage: Azurite
    folder: Path
    schedule: str
    host: HostProcess

    def runs(self, timer: str) -> list[dict[str, Any]]:
        return runs(self.folder, timer)

    def ask(self, method: str, path: str, content: object = None) -> Any:
        key = {"x-functions-key": self.host.master_key}
        return httpx.request(method, f"{self.host.url}{path}", headers=key, json=content).raise_for_status()

    def advance(self, seconds: float) -> datetime:
        """Move the clock on and return its new instant."""
        offset = self.ask("GET", "/admin/clock").json()["offset_seconds"]
        answer = self.ask("POST", "/admin/clock", {"offset_seconds": offset + seconds})
        return datetime.fromisoformat(answer.json()["now"])

    def stored(self) -> ScheduleStatus:
        with BlobServiceClient.from_connection_string(self.storage.connection_string) as service:
            blob = service.get_blob_client("azure-webjobs-hosts", STATUS)
            return ScheduleStatus.from_json(blob.download_blob().readall())


def runs(folder: Path, timer: str) -> list[dict[str, Any]]:
    notes = folder / "notes"
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [note for note in map(json.loads, lines) if note.get("timer") == timer]


def a_host(storage: Azurite, folder: Path, schedule: str, instance: str) -> HostProcess:
    settings = {
        "AzureWebJobsStorage": storage.connection_string,
        "DAILY": schedule,
        "WORK_QUEUE": "work",
        "NOTES": str(folder / "notes"),
    }
    # A killed host's lease must outlive the slowest restart.
    arguments = ("--host-id", "stage", "--instance", instance, "--lock-seconds", "60")
    return HostProcess(APP, settings, folder=folder / instance, arguments=arguments)


def missed(storage: Azurite, schedule: str) -> None:
    """Leave behind what a host wrote that last ran three days ago."""
    status = ScheduleStatus.after_run(Schedule.parse(schedule), datetime.now(UTC) - timedelta(days=3))
    with BlobServiceClient.from_connection_string(storage.connection_string) as service:
        service.create_container("azure-webjobs-hosts")
        service.get_blob_client("azure-webjobs-hosts", STATUS).upload_blob(json.dumps(status.to_json()))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("timers")
    schedule = f"0 0 {(datetime.now(UTC) + timedelta(hours=12)).hour} * * *"
    with Azurite() as storage:
        missed(storage, schedule)
        with a_host(storage, folder, schedule, "one") as host:
            yield Stage(storage=storage, folder=folder, schedule=schedule, host=host)


def test_a_timer_that_missed_its_time_runs_once_at_start_and_says_so(stage: Stage) -> None:
    assert [run["past_due"] for run in until(lambda: stage.runs("daily"))] == [True]
    assert until(lambda: stage.stored().next > datetime.now(UTC))
    assert stage.stored().next == Schedule.parse(stage.schedule).next_after(stage.stored().last)


def test_a_moved_clock_fires_a_daily_timer_once_a_move_and_is_the_apps_clock(stage: Stage) -> None:
    for _ in range(3):
        before = len(stage.runs("daily"))
        now = stage.advance(DAY)
        latest = until(lambda before=before: stage.runs("daily")[before:])  # type: ignore[misc]
        assert [run["past_due"] for run in latest] == [True]
        assert datetime.fromisoformat(latest[0]["at"]) - now < timedelta(minutes=1)
    total = len(stage.runs("daily"))
    stage.advance(60)
    time.sleep(0.3)
    assert len(stage.runs("daily")) == total


def test_what_a_move_makes_due_is_under_way_when_the_move_is_answered(stage: Stage) -> None:
    before = stage.ask("GET", "/admin/host/status").json()["functions"].get("daily", {}).get("succeeded", 0)
    stage.advance(DAY)
    report = stage.ask("GET", "/admin/host/status").json()
    assert report["functions"].get("daily", {}).get("succeeded", 0) + report["running"].count("daily") == before + 1


def test_a_timer_never_overlaps_itself_and_fires_every_second(stage: Stage) -> None:
    begun = len(stage.runs("every_second"))
    assert until(lambda: len(stage.runs("every_second")) >= begun + 3)
    instants = [datetime.fromisoformat(run["at"]) for run in stage.runs("every_second")[begun:]]
    assert all(later - earlier > timedelta(seconds=0.2) for earlier, later in itertools.pairwise(instants))
    assert not any(run["past_due"] for run in stage.runs("every_second"))


def test_a_timer_runs_by_hand(stage: Stage) -> None:
    before = len(stage.runs("daily"))
    assert httpx.post(f"{stage.host.url}/admin/functions/daily", json={}).status_code == 401
    assert stage.ask("POST", "/admin/functions/daily", {}).status_code == 202
    latest = until(lambda: stage.runs("daily")[before:])
    assert [run["past_due"] for run in latest] == [False]


def test_two_hosts_of_one_id_run_a_timer_once_and_the_survivor_takes_over(stage: Stage) -> None:
    def fired_by(pid: int) -> bool:
        return any(run["pid"] == pid for run in stage.runs("every_second"))

    stage.host.kill()
    other = a_host(stage.storage, stage.folder, stage.schedule, "other")
    with ThreadPoolExecutor() as both:
        list(both.map(HostProcess.start, (stage.host, other)))
    try:
        # The killed host's lease is still on: its name gets it back, the other host must not.
        assert until(lambda: fired_by(stage.host.process_id))
        assert not fired_by(other.process_id)
        assert stage.host.stop() == 0
        assert until(lambda: fired_by(other.process_id))
    finally:
        other.stop()


def test_a_changed_schedule_starts_afresh_instead_of_being_past_due() -> None:
    hourly, nightly = Schedule.parse("0 0 * * * *"), Schedule.parse("0 0 2 * * *")
    ran_at = datetime(2026, 11, 20, 2, tzinfo=UTC)
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    kept = ScheduleStatus.after_run(hourly, ran_at)
    assert kept.current(hourly, now) == kept
    assert kept.current(nightly, now) == ScheduleStatus(
        last=NEVER, next=datetime(2026, 11, 23, 2, tzinfo=UTC), last_updated=now
    )
