import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme

from sandbox.host.connections import Connections
from sandbox.host.failures import IndexFailureError
from sandbox.host.functions import understand
from sandbox.host.host_json import read_host_json
from sandbox.host.process import HostNotStartedError, HostProcess
from sandbox.host.routes import RouteError, RouteTemplate
from sandbox.host.worker import IndexedFunction
from sandbox.storage import Azurite

pytestmark = pytest.mark.sandbox

APP = Path(__file__).parent / "host_app"
ID = "6f0c1a5e-2a83-4a2e-9d3c-0b7a1f1b2c3d"


def settings(storage: Azurite, folder: Path) -> dict[str, str]:
    return {
        "AzureWebJobsStorage": storage.connection_string,
        "DAILY": "0 0 2 * * *",
        "WORK_QUEUE": "work",
        "NOTES": str(folder / "notes"),
    }


@pytest.fixture(scope="module")
def storage() -> Iterator[Azurite]:
    with Azurite() as azurite:
        yield azurite


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def host(storage: Azurite, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    folder = tmp_path_factory.mktemp("http")
    issued = authority.issue_cert("localhost")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    for part in issued.cert_chain_pems:
        part.write_to_path(folder / "cert.pem", append=True)
    certificate = ("--cert", str(folder / "cert.pem"), "--key", str(folder / "key.pem"))
    arguments = (*certificate, "--master-key", "the-master", "--function-key", "the-function")
    with HostProcess(APP, settings(storage, folder), folder=folder, arguments=arguments) as running:
        yield running


@pytest.fixture
def client(host: HostProcess, authority: trustme.CA) -> Iterator[httpx.Client]:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with httpx.Client(base_url=host.url, verify=context) as http:
        yield http


def test_it_serves_https_and_passes_the_whole_request_on(host: HostProcess, client: httpx.Client) -> None:
    answer = client.post(
        f"/api/apps/{ID}/history?size=5&empty=",
        content=b"the body",
        headers={"X-Functions-Key": host.function_key, "X-Test": "Mixed Case"},
    )
    assert host.url.startswith("https://localhost:")
    assert answer.status_code == 201
    assert answer.headers["x-answer"] == "yes"
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "method": "POST",
        "id": ID,
        "view": "history",
        "query": {"size": "5"},
        "body": "the body",
        "header": "Mixed Case",
    }


@pytest.mark.parametrize(
    ("call", "key", "status"),
    [
        (f"GET /api/apps/{ID}", None, 401),
        (f"GET /api/apps/{ID}", "wrong", 401),
        (f"GET /api/apps/{ID}", "the-function", 201),
        (f"GET /API/Apps/{ID}/", "the-master", 201),
        (f"DELETE /api/apps/{ID}", "the-function", 404),
        ("GET /api/apps/not-a-guid", "the-function", 404),
        (f"GET /apps/{ID}", "the-function", 404),
        ("GET /api/secrets", "the-function", 401),
        ("GET /api/secrets", "the-master", 200),
        ("GET /api/numbers/4", None, 500),
        ("GET /api/numbers/four", None, 404),
        ("GET /admin/functions", "the-function", 401),
        ("POST /admin/functions/nobody", "the-master", 404),
    ],
)
def test_routes_methods_and_keys_are_answered_as_in_azure(
    client: httpx.Client, call: str, key: str | None, status: int
) -> None:
    method, path = call.split()
    answer = client.request(method, path, params={"code": key} if key else {})
    assert answer.status_code == status


def test_the_rest_of_a_path_and_plain_text_results_pass(client: httpx.Client) -> None:
    assert client.get("/api/open/a/b%20c").text == "a/b c"
    assert client.get("/api/open").text == "nothing"


def test_an_exception_is_a_bare_500_and_its_cause_is_in_the_log(host: HostProcess, client: httpx.Client) -> None:
    answer = client.get("/api/numbers/77")
    assert (answer.status_code, answer.content) == (500, b"")
    lines = [line for line in host.logs() if "no number 77" in line.get("error", "")]
    assert [(line["function"], line["outcome"]) for line in lines] == [("number", "failed")]
    assert "RuntimeError" in lines[0]["stack"]


def test_functions_are_listed_with_their_bindings(client: httpx.Client) -> None:
    listed = client.get("/admin/functions", headers={"x-functions-key": "the-master"}).json()
    by_name = {function["name"]: function for function in listed}
    assert by_name["application"]["invoke_url_template"] == "/api/apps/{id:guid}/{view?}"
    assert by_name["daily"]["config"]["bindings"][0]["schedule"] == "%DAILY%"


def test_an_unknown_key_of_host_json_is_a_warning(host: HostProcess) -> None:
    warnings = [line["message"] for line in host.logs() if line["level"] == "WARNING"]
    assert warnings == ["host.json: unknown key 'unheardOf' is ignored"]


def test_a_missing_setting_is_named_with_its_function() -> None:
    binding = {"type": "timerTrigger", "direction": "IN", "name": "timer", "schedule": "%DAILY%"}
    daily = IndexedFunction(name="daily", function_id="1", bindings=(binding,), retry=None)
    with pytest.raises(IndexFailureError) as caught:
        understand([daily], {"DAILY": ""})
    assert caught.value.problems == (
        "Error indexing method 'Functions.daily': '%DAILY%' does not resolve to a value: setting 'DAILY' is missing",
    )
    assert understand([daily], {"DAILY": "0 0 2 * * *"})[0].name == "daily"


def test_a_connection_that_no_setting_describes_is_named() -> None:
    connections = Connections({"Other__accountName": "account", "AzureWebJobsPrefixed": "UseDevelopmentStorage=true"})
    assert "connection string 'Missing' does not exist" in str(connections.problem("queue", "Missing"))
    assert connections.problem("queue", "Other") is None
    assert connections.problem("blob", "Prefixed") is None


def test_every_unusable_binding_is_reported_at_once() -> None:
    bindings = (
        {"type": "timerTrigger", "direction": "IN", "name": "timer", "schedule": "0 0 25 * * *"},
        {"type": "queueTrigger", "direction": "IN", "name": "message", "queueName": "No_Queue"},
        {"type": "httpTrigger", "direction": "IN", "name": "req", "route": "admin/mine"},
        {"type": "blobTrigger", "direction": "IN", "name": "blob"},
    )
    functions = [
        IndexedFunction(name=binding["type"], function_id="1", bindings=(binding,), retry=None) for binding in bindings
    ]
    with pytest.raises(IndexFailureError) as caught:
        understand(functions, {})
    assert [problem.split("'")[1] for problem in caught.value.problems] == [
        f"Functions.{binding['type']}" for binding in bindings
    ]


def test_what_the_worker_refuses_is_told_in_its_own_words(storage: Azurite, tmp_path: Path) -> None:
    text = (APP / "function_app.py").read_text().replace("typing.List[str]", "list[str]")
    (tmp_path / "function_app.py").write_text(text)
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    host = HostProcess(tmp_path, settings(storage, tmp_path), folder=tmp_path)
    with pytest.raises(HostNotStartedError, match="FunctionLoadError: cannot load the carry function") as caught, host:
        pass
    assert caught.value.code == 1


def test_host_json_is_held_to_azures_limits(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text(
        '{"version": "1.0", "extensions": {"queues": {"batchSize": 33, "visibilityTimeout": "soon"}}}'
    )
    with pytest.raises(IndexFailureError) as caught:
        read_host_json(tmp_path)
    assert [problem.split(": ")[1] for problem in caught.value.problems] == [
        "version",
        "extensions.queues.batchSize",
        "extensions.queues.visibilityTimeout",
    ]


def test_an_application_setting_stands_before_host_json(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0", "extensions": {"queues": {"batchSize": 4}}}')
    settings = {
        "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:03",
        "AzureFunctionsJobHost__extensions__http__routePrefix": "",
        "extensions__queues__batchSize": "8",
    }
    read, _warnings = read_host_json(tmp_path, settings)
    queues = read.extensions.queues
    assert (queues.batch_size, queues.visibility_timeout.total_seconds()) == (4, 3)
    assert read.extensions.http.route_prefix == ""


def test_host_json_has_azures_defaults(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0", "functionTimeout": "-1"}')
    read, warnings = read_host_json(tmp_path)
    queues = read.extensions.queues
    assert (queues.batch_size, queues.threshold, queues.max_dequeue_count) == (16, 8, 5)
    assert (read.extensions.http.route_prefix, read.function_timeout, warnings) == ("api", None, [])


@pytest.mark.parametrize(
    ("template", "path", "parameters"),
    [
        ("a/{b}", "A/x%2Fy", {"b": "x/y"}),
        ("a/{n:int:range(1,9)}", "a/9", {"n": "9"}),
        ("a/{n:int:range(1,9)}", "a/10", None),
        ("a/{size=5}", "a", {"size": "5"}),
        ("a/{rest:minlength(2)}", "a/b", None),
        ("a/{**rest}", "a/b/c", {"rest": "b/c"}),
        ("a/{b}", "a/b/c", None),
        ("", "", {}),
        ("", "x", None),
    ],
)
def test_route_templates_match_as_in_asp_net(template: str, path: str, parameters: dict[str, str] | None) -> None:
    assert RouteTemplate.parse(template).match(path) == parameters


@pytest.mark.parametrize("template", ["{a", "x{a}y", "{a:nonsense}", "{a?}/b", "{*a}/b"])
def test_an_unreadable_route_template_is_refused(template: str) -> None:
    with pytest.raises(RouteError):
        RouteTemplate.parse(template)
