import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.storage.queue import QueueServiceClient

from sandbox.host.process import HostProcess
from sandbox.storage import Azurite

pytestmark = pytest.mark.sandbox

APP = Path(__file__).parent / "host_app"


def until[T](find: Callable[[], T], *, seconds: float = 15) -> T:
    """Return the first true answer; the last one when the time is over."""
    end = time.monotonic() + seconds
    while not (found := find()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


class Notes:
    """What the app wrote down."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def of(self, **facts: Any) -> list[dict[str, Any]]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        notes = [json.loads(line) for line in lines]
        return [note for note in notes if note.items() >= facts.items()]


class Queues:
    """Send and count messages as other programs do."""

    def __init__(self, service: QueueServiceClient) -> None:
        self._service = service

    def create(self, name: str) -> None:
        self._service.create_queue(name)

    def send(self, name: str, *texts: str) -> None:
        with self._service.get_queue_client(name) as queue:
            for text in texts:
                queue.send_message(base64.b64encode(text.encode()).decode())

    def send_raw(self, name: str, body: str) -> None:
        with self._service.get_queue_client(name) as queue:
            queue.send_message(body)

    def count(self, name: str) -> int:
        with self._service.get_queue_client(name) as queue:
            return queue.get_queue_properties().approximate_message_count or 0

    def bodies(self, name: str) -> list[str]:
        names = [queue.name for queue in self._service.list_queues()]
        if name not in names:
            return []
        with self._service.get_queue_client(name) as queue:
            return [message.content for message in queue.peek_messages(max_messages=32)]

    def texts(self, name: str) -> list[str]:
        return [base64.b64decode(body).decode() for body in self.bodies(name)]


@dataclass(frozen=True)
class Stage:
    """One host over one queue, and what its app wrote down."""

    queues: Queues
    notes: Notes
    host: HostProcess
    another: Callable[[], HostProcess]

    def ask(self, method: str, path: str, content: object = None) -> Any:
        key = {"x-functions-key": self.host.master_key}
        return httpx.request(method, f"{self.host.url}{path}", headers=key, json=content).raise_for_status()

    def running(self) -> list[str]:
        answer: dict[str, list[str]] = self.ask("GET", "/admin/host/status").json()
        return [name for name in answer["running"] if name == "carry"]

    def ends(self) -> list[dict[str, Any]]:
        """Return the log lines of this app's ended queue invocations."""
        return [line for line in self.host.logs() if line.get("function") == "carry"]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("queues")
    with Azurite() as storage:

        def a_host(name: str) -> HostProcess:
            settings = {
                "AzureWebJobsStorage": storage.connection_string,
                "DAILY": "0 0 2 * * *",
                "WORK_QUEUE": "work",
                "NOTES": str(folder / "notes"),
            }
            # Half of two seconds is less than a slow message takes: its visibility has to be renewed.
            arguments = ("--host-id", "stage", "--poll", "0.05", "--queue-visibility", "2", "--instance", name)
            return HostProcess(APP, settings, folder=folder / name, arguments=arguments)

        with (
            QueueServiceClient.from_connection_string(storage.connection_string) as service,
            a_host("one") as host,
        ):
            queues = Queues(service)
            queues.create("work")
            yield Stage(queues=queues, notes=Notes(folder / "notes"), host=host, another=lambda: a_host("other"))


def test_messages_are_decoded_run_deleted_retried_and_poisoned(stage: Stage) -> None:
    stage.queues.send("work", "plain ünïcode", "echo this", "fail always")
    stage.queues.send_raw("work", "this is not base64!")
    assert until(lambda: len(stage.queues.bodies("work-poison")) == 2)
    assert until(lambda: stage.queues.count("work") == 0)
    assert until(lambda: len(stage.queues.bodies("echoes")) == 2)
    assert len(stage.notes.of(done="plain ünïcode")) == 1
    assert [note["dequeue_count"] for note in stage.notes.of(queue="fail always")] == [1, 2, 3]
    assert "this is not base64!" in stage.queues.bodies("work-poison")
    assert base64.b64encode(b"fail always").decode() in stage.queues.bodies("work-poison")
    assert sorted(stage.queues.texts("echoes")) == ["echo this", "second"]
    assert stage.ask("GET", "/admin/host/status").json()["functions"]["carry"] == {"succeeded": 2, "failed": 3}


def test_each_run_is_one_log_line_and_the_apps_own_lines_carry_its_id(stage: Stage) -> None:
    before = len(stage.ends())
    stage.queues.send("work", "fail again")
    assert until(lambda: len(stage.ends()) == before + 3)
    ends = stage.ends()[before:]
    assert [(line["outcome"], line["reason"]) for line in ends] == [("failed", "queue")] * 3
    assert ends[0]["error"] == "ValueError: cannot do fail again"
    said = [line for line in stage.host.logs() if line["message"] == "working on fail again"]
    assert [line["invocation_id"] for line in said] == [line["invocation_id"] for line in ends]


def test_a_queue_function_runs_by_hand(stage: Stage) -> None:
    assert stage.ask("POST", "/admin/functions/carry", {"input": "by hand"}).status_code == 202
    assert until(lambda: stage.notes.of(done="by hand"))
    assert stage.notes.of(queue="by hand")[0]["dequeue_count"] == 1


def test_a_killed_hosts_message_comes_back_and_the_restarted_host_finishes_it(stage: Stage) -> None:
    stage.queues.send("work", "slow and steady")
    assert until(lambda: stage.notes.of(queue="slow and steady"))
    stage.host.kill()
    assert not stage.notes.of(done="slow and steady")
    stage.host.start()
    assert until(lambda: stage.notes.of(done="slow and steady"))
    assert until(lambda: stage.queues.count("work") == 0)
    assert [note["dequeue_count"] for note in stage.notes.of(queue="slow and steady")] == [1, 2]


def test_two_hosts_share_a_queue_within_their_batches_and_a_stopped_one_finishes(stage: Stage) -> None:
    names = [f"slow {number}" for number in range(14)]

    def done() -> list[dict[str, Any]]:
        return [note for name in names for note in stage.notes.of(done=name)]

    with stage.another() as other:
        stage.queues.send("work", *names)
        assert until(lambda: len(stage.running()) >= 4)
        # batchSize 4 + newBatchThreshold 2
        assert len(stage.running()) <= 6
        assert until(lambda: any(note["pid"] == other.process_id for note in done()))
        assert other.stop() == 0
        assert until(lambda: len(done()) == 14)
    assert {note["pid"] for note in done()} == {stage.host.process_id, other.process_id}
    assert all(len(stage.notes.of(queue=name)) == 1 for name in names)


def test_a_drained_host_leaves_messages_to_others(stage: Stage) -> None:
    assert stage.ask("POST", "/admin/host/drain").status_code == 202
    assert until(lambda: stage.ask("GET", "/admin/host/drain/status").json()["state"] == "Completed")
    stage.queues.send("work", "for somebody else")
    time.sleep(0.5)
    assert stage.ask("GET", "/admin/host/status").json()["state"] == "Draining"
    assert stage.queues.texts("work") == ["for somebody else"]
