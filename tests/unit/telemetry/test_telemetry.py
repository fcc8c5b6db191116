"""What leaves the process: what it says of a step, and that no canary gets out by any field."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry import context as contexts
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from docs.make_events import ROOT, described
from rotation.domain.secret import SecretText
from rotation.telemetry import CONNECTION, invocation, start
from rotation.telemetry.metering import MEASURES
from rotation.telemetry.providers import MOST, MOST_WITH_FAILED
from sandbox.entra.documents import secret_text
from tests.unit.telemetry.sent import Sent, listening

ROTATION = "0f8fad5b-d9cb-469f-a165-70867728950e.01JD0000000000000000000001"
CALL = {"service": "graph.microsoft.com", "method": "GET", "seconds": 0.5}
log = logging.getLogger("rotation.test")
measured = logging.getLogger("rotation.measured")


@pytest.fixture
def sent() -> Iterator[Sent]:
    with listening() as sent:
        yield sent


def test_without_an_address_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONNECTION, raising=False)
    assert start() is None
    with invocation("timer", "recover") as told:
        told.outcome = "later"


def test_an_invocation_is_one_span_linked_to_its_rotation(sent: Sent) -> None:
    for _step in range(2):
        with invocation("queue", "rotations", {"rotation": ROTATION}):
            log.info(
                "rotation.moved", extra={"rotation": ROTATION, "before": "planned", "phase": "minting", "seconds": 3}
            )
    sent.providers.flush()
    first, second = sent.spans.get_finished_spans()
    assert first.name == "queue rotations"
    assert dict(first.attributes or {}) == {
        "rotation": ROTATION,
        "trigger": "queue",
        "function": "rotations",
        "outcome": "done",
        "calls": 0,
    }
    assert first.context.trace_id != second.context.trace_id, "one trace a step"
    assert first.links[0].context.trace_id == second.links[0].context.trace_id != 0
    told = sent.logs.get_finished_logs()[0].log_record
    assert (told.body, told.trace_id, told.span_id) == ("rotation.moved", first.context.trace_id, first.context.span_id)
    assert sent.points("rotation.moves")[0].attributes == {"before": "planned", "phase": "minting"}
    assert sent.points("rotation.moves.seconds")[0].sum == 6


def test_a_step_is_part_of_the_trace_that_the_host_began(sent: Sent) -> None:
    """As azure_functions_runtime/otel.py attaches it before it calls a function."""
    carrier = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}
    token = contexts.attach(TraceContextTextMapPropagator().extract(carrier))
    with invocation("queue", "scans", {"scan": "01JD0000000000000000000001"}):
        pass
    contexts.detach(token)
    sent.providers.flush()
    (span,) = sent.spans.get_finished_spans()
    assert f"{span.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert span.parent
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"


def test_what_leaves_an_invocation_is_a_bug(sent: Sent) -> None:
    with pytest.raises(KeyError), invocation("timer", "recover"):
        raise KeyError("a bug")
    sent.providers.flush()
    (span,) = sent.spans.get_finished_spans()
    assert span.attributes
    assert span.attributes["outcome"] == "bug"
    assert not span.status.is_ok
    assert sent.points("rotation.invocations")[0].attributes["outcome"] == "bug"


def test_a_call_is_a_span_of_host_and_answer_and_no_log_line(sent: Sent) -> None:
    with invocation("timer", "recover"):
        measured.debug("wire.answered", extra=CALL | {"status": 429})
    sent.providers.flush()
    call, step = sent.spans.get_finished_spans()
    assert (call.name, call.parent and call.parent.span_id) == ("GET graph.microsoft.com", step.context.span_id)
    assert call.end_time
    assert call.start_time
    assert call.end_time - call.start_time == 500_000_000
    assert sent.points("rotation.calls")[0].attributes["status"] == 429
    assert sent.logs.get_finished_logs() == ()


def test_thousands_of_calls_are_counted_and_have_no_span_each(sent: Sent) -> None:
    """The first scan of a large tenant must not push out the spans of everything else; what failed is still told."""
    with invocation("queue", "scans"):
        for status in (*[200] * (MOST + 50), *[503] * MOST_WITH_FAILED):
            measured.debug("wire.answered", extra=CALL | {"status": status})
    measured.debug("wire.answered", extra=CALL | {"status": 200})
    sent.providers.flush()
    *calls, step = sent.spans.get_finished_spans()
    statuses = [(each.attributes or {})["http.response.status_code"] for each in calls]
    assert statuses == [200] * MOST + [503] * (MOST_WITH_FAILED - MOST)
    assert (step.attributes or {})["calls"] == MOST + 50 + MOST_WITH_FAILED
    assert sum(point.value for point in sent.points("rotation.calls")) == MOST + 51 + MOST_WITH_FAILED


def test_of_others_only_what_went_wrong_is_told(sent: Sent) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST https://example.com/?sig=x")
    logging.getLogger("azure.core.pipeline").error("could not send")
    logging.getLogger("asyncio").error("a task was never looked at")
    sent.providers.flush()
    assert [each.log_record.body for each in sent.logs.get_finished_logs()] == ["a task was never looked at"]


class Hidden(Exception):
    """Keeps a value where people do not look."""


def _raise(text: str) -> None:
    inner = Hidden(text)
    inner.add_note(text)
    try:
        json.loads(text + "{")
    except ValueError:
        raise RuntimeError(f"https://prod-01.logic.azure.com/workflows/x?sp=%2F&sig={text}") from inner


def _invoked(text: str) -> None:
    with invocation("queue", text, {"rotation": ROTATION, "key": text, text: text}) as told:
        told.outcome = text
        for event, measure in MEASURES.items():
            log.info(event, extra={**dict.fromkeys(measure.labels, text), "seconds": 1.0})
        measured.debug("wire.answered", extra={"service": text, "method": text, "status": text, "seconds": 1.0})
        _raise(text)


FORMS = [
    "{}",
    "value {} there",
    "https://prod-01.westeurope.logic.azure.com/workflows/1a2b/triggers/manual/paths/invoke?api-version=1&sig={}",
    "client_secret={}",
    '{{"secretText": "{}"}}',
    "Authorization: Bearer {}",
    "AccountName=x;AccountKey={}==;EndpointSuffix=core.windows.net",
    "sig={}&x=1",
    "x-functions-key: {}",
]


@pytest.mark.parametrize("form", FORMS)
def test_no_canary_leaves_by_any_field(sent: Sent, form: str) -> None:
    canary = secret_text()
    text = form.format(canary)
    try:
        _raise(text)
    except RuntimeError:
        log.exception("http.bug", extra={"path": text})
    log.warning(text)
    log.warning("rotation.blocked %s", text)
    log.warning(
        "rotation.blocked", extra={text: text, "reason": text, "many": [text, text], "deep": {"a": {"b": text}}}
    )
    log.warning("rotation.blocked", extra={"odd": SecretText(canary), "raw": text.encode(), "exc": RuntimeError(text)})
    logging.getLogger("somebody").error("failed: %s", text)
    with pytest.raises(RuntimeError):
        _invoked(text)
    everything = sent.everything()
    assert canary not in everything
    assert json.dumps(text)[1:-1] not in everything
    assert len(sent.spans.get_finished_spans()) >= 2, "all of it was sent, only cleaned"
    assert len(sent.logs.get_finished_logs()) >= 7


def test_every_measure_is_of_an_event_that_is_described() -> None:
    told = described()
    for event, measure in MEASURES.items():
        _level, facts = told[event]
        assert set(measure.labels) <= facts
        assert not measure.timed or "seconds" in facts
        assert not {"rotation", "line", "scan", "key", "subject", "notice"} & set(measure.labels), (
            "an id labels nothing"
        )


def test_metrics_are_described() -> None:
    page = (ROOT / "docs" / "telemetry.md").read_text()
    for measure in MEASURES.values():
        assert f"`{measure.name}`" in page
        assert not measure.timed or f"`{measure.name}.seconds`" in page


def test_indexing_and_a_first_message_load_no_exporter() -> None:
    """An instance that starts pays for none of it, and where nothing is sent nobody ever does."""
    asked = """
import sys
import function_app
function_app.app.get_functions()
index = [name for name in sys.modules if name.startswith("opentelemetry")]
from rotation.telemetry import invocation
with invocation("timer", "recover"):
    pass
unsent = [name for name in sys.modules if name.startswith("opentelemetry")]
import os
os.environ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = "InstrumentationKey=0f8fad5b-d9cb-469f-a165-70867728950e"
from rotation.telemetry import start
start()
sent = [name for name in sys.modules if name.startswith("azure.monitor.opentelemetry")]
print(index, unsent, sent, flush=True)
os._exit(0)
"""
    environment = {name: value for name, value in os.environ.items() if name != CONNECTION}
    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[] [] []", told.stderr
