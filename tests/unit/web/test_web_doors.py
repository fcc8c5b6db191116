"""Who comes in by which door, and what those learn who do not."""

import json
from collections.abc import Mapping

import pytest

from rotation.domain.errors import Misconfigured
from rotation.web import doors
from rotation.web.exchange import Request, Response
from rotation.web.principal import Role
from rotation.web.routes import Route, Router
from rotation.workflows.services import Services
from tests.fakes.world import World
from tests.unit.web.easy_auth import application, person

BROWSER = {"accept": "text/html,application/xhtml+xml", "sec-fetch-site": "same-origin"}
JSON = {"content-type": "application/json"}


async def open_door(
    method: str,
    path: str,
    headers: Mapping[str, str],
    *,
    body: bytes = b"",
    sign_in_stands: bool = True,
    world: World | None = None,
) -> Response:
    request = Request(method=method, path=path, headers=headers, body=body)
    return await doors.open_door((world or World()).services, request, sign_in_stands=sign_in_stands)


def body_of(response: Response) -> dict[str, object]:
    return json.loads(response.text())  # type: ignore[no-any-return]


async def test_without_a_sign_in_each_address_answers_the_same() -> None:
    answers = [
        await open_door(method, path, JSON)
        for method in ("GET", "POST", "DELETE")
        for path in ("/", "/nowhere", "/entra/api/lines", "/entra/api/nowhere", "/entra/api", "/api/lines")
    ]
    assert {answer.status for answer in answers} == {401}
    assert {answer.content() for answer in answers} == {b""}
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1


async def test_a_browser_is_sent_to_the_sign_in_wherever_it_goes() -> None:
    for path in ("/", "/nowhere", "/applications/7"):
        answer = await open_door("GET", path, BROWSER)
        back = path.replace("/", "%2F")
        assert answer.status == 302
        assert answer.headers["Location"] == f"/.auth/login/aad?post_login_redirect_uri={back}"
        assert answer.content() == b""


@pytest.mark.parametrize(
    "path", ["//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\\/evil.example"]
)
async def test_the_sign_in_leads_back_to_us_and_nowhere_else(path: str) -> None:
    answer = await open_door("GET", path, BROWSER)
    assert answer.headers["Location"] == "/.auth/login/aad?post_login_redirect_uri=%2Fevil.example"


async def test_where_no_sign_in_stands_before_us_its_headers_are_anybodys() -> None:
    forged = person("mallory", Role.ADMINISTRATOR)
    assert (await open_door("GET", "/entra/api/lines", forged, sign_in_stands=False)).status == 401
    assert (await open_door("GET", "/", forged | BROWSER, sign_in_stands=False)).status == 401
    request = Request(method="GET", path="/api/lines", headers=forged)
    assert (await doors.keyed(World().services, request, sign_in_stands=False)).status == 200


async def test_a_broken_environment_is_no_news_for_strangers() -> None:
    def broken() -> Services:
        raise Misconfigured(["ROTATION_TENANT_ID: is not set"])

    stranger = Request(method="GET", path="/entra/api/lines")
    assert (await doors.open_door(broken, stranger, sign_in_stands=True)).status == 401
    reader = Request(method="GET", path="/entra/api/lines", headers=person("rhea", Role.READER))
    assert (await doors.open_door(broken, reader, sign_in_stands=True)).status == 500


async def test_who_has_no_role_learns_only_that() -> None:
    for path in ("/entra/api/lines", "/entra/api/nowhere"):
        answer = await open_door("GET", path, person("nina"))
        assert (answer.status, body_of(answer)["type"]) == (403, "docs/runbook.md#not-allowed")


async def test_a_reader_reads_an_operator_acts() -> None:
    pause = {"method": "POST", "path": "/entra/api/pause", "body": b'{"reason": "freeze"}'}
    assert (await open_door("GET", "/entra/api/lines", person("rhea", Role.READER))).status == 200
    refused = await open_door(**pause, headers=person("rhea", Role.READER) | JSON)  # type: ignore[arg-type]
    assert refused.status == 403
    assert "Rotation.Operator" in str(body_of(refused)["detail"])
    allowed = await open_door(**pause, headers=person("olga", Role.OPERATOR) | JSON)  # type: ignore[arg-type]
    assert body_of(allowed)["paused"]["by"] == "olga@contoso.example"  # type: ignore[index]
    by_token = await open_door(**pause, headers=application("77", Role.OPERATOR))  # type: ignore[arg-type]
    assert body_of(by_token)["paused"]["by"] == "application 77"  # type: ignore[index]


async def test_the_keyed_door_knows_the_key_and_tells_who_used_it() -> None:
    world = World()
    request = Request(method="POST", path="/api/pause", body=b'{"reason": "freeze"}')
    said = await doors.keyed(world.services, request, sign_in_stands=True)
    assert body_of(said)["paused"]["by"] == "function key"  # type: ignore[index]
    known = Request(method="POST", path="/api/pause", body=request.body, headers=person("ada", Role.READER))
    said = await doors.keyed(world.services, known, sign_in_stands=True)
    assert body_of(said)["paused"]["by"] == "ada@contoso.example, by function key"  # type: ignore[index]


async def test_unknown_addresses_and_methods_are_told_apart_to_those_who_may_know() -> None:
    missing = await open_door("GET", "/entra/api/nowhere", person("rhea", Role.READER))
    assert missing.status == 404
    wrong = await open_door("DELETE", "/entra/api/lines", person("rhea", Role.READER))
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, POST")
    head = await open_door("HEAD", "/entra/api/lines", person("rhea", Role.READER))
    assert (head.status, head.content()) == (200, b"")


async def test_every_answer_is_held_by_the_same_headers() -> None:
    for answer in (
        await open_door("GET", "/", {}),
        await open_door("GET", "/entra/api/lines", person("rhea", Role.READER)),
        await open_door("GET", "/nowhere", person("rhea", Role.READER) | BROWSER),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


async def test_a_problem_is_a_page_to_a_browser() -> None:
    answer = await open_door("GET", "/<nowhere>", person("rhea", Role.READER) | BROWSER)
    assert (answer.status, answer.media_type) == (404, "text/html; charset=utf-8")
    assert "<nowhere>" not in answer.text()
    assert (await open_door("GET", "/nowhere", person("rhea", Role.READER))).media_type == "application/problem+json"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", **JSON},
        {"sec-fetch-site": "same-site", **JSON},
        {"origin": "https://evil.example", "host": "rotation.example", **JSON},
        {"origin": "null", "host": "rotation.example", **JSON},
        {"content-type": "text/plain"},
    ],
)
async def test_another_site_cannot_make_a_browser_act(headers: dict[str, str]) -> None:
    answer = await open_door(
        "POST", "/entra/api/pause", person("olga", Role.OPERATOR) | headers, body=b'{"reason": "x"}'
    )
    assert (answer.status, body_of(answer)["type"]) == (403, "docs/runbook.md#foreign-form")


@pytest.mark.parametrize("name", ["host", "x-forwarded-host", "disguised-host"])
async def test_our_own_page_may(name: str) -> None:
    headers = {"origin": "https://Rotation.example", name: "rotation.example", "host": "internal", **JSON}
    headers[name] = "rotation.example"
    answer = await open_door(
        "POST", "/entra/api/pause", person("olga", Role.OPERATOR) | headers, body=b'{"reason": "x"}'
    )
    assert answer.status == 200


def test_what_stands_literally_goes_before_a_parameter() -> None:
    async def handler(_services: Services, _request: Request) -> Response:
        """Do nothing."""
        return Response(status=204, body=None)

    router = Router(
        Route(method="GET", path=path, handler=handler) for path in ("{rest*}", "a/{id}", "a/b", "", "{x}/b/{y}")
    )
    found = {path: router.find("GET", path) for path in ("", "a/b", "a/c%2Fd", "q/b/r", "q/r/s")}
    assert [each.route.path for each in found.values()] == ["", "a/b", "a/{id}", "{x}/b/{y}", "{rest*}"]
    assert found["a/c%2Fd"].parameters == {"id": "c/d"}
    assert found["q/r/s"].parameters == {"rest": "q/r/s"}
    assert found[""].route.summary == "Do nothing."


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("6.6.6.6, 203.0.113.7:51234", "203.0.113.7"),
        ("203.0.113.7", "203.0.113.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("<script>", ""),
        ("", ""),
    ],
)
def test_the_last_hop_is_where_it_came_from(forwarded: str, client: str) -> None:
    request = Request(method="GET", path="/api/x", headers={"x-forwarded-for": forwarded})
    assert request.client == client
    assert request.where == (f"http from {client}" if client else "http")
