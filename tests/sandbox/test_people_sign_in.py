"""People before the app: App Service's sign-in of the sandbox, roles from the directory, and what strangers learn."""

import base64
import json
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox.cloud import Cloud
from sandbox.entra.sign_in_site import add_sign_in_site
from sandbox.host.process import HostProcess
from sandbox.storage import Azurite
from tests.sandbox.people import app_settings, app_with_sign_in, sign_in

pytestmark = pytest.mark.sandbox

BROWSER = {"accept": "text/html", "sec-fetch-site": "same-origin"}

type Browser = Callable[[str], httpx.Client]


@pytest.fixture(scope="module")
def client_id(cloud: Cloud) -> str:
    return add_sign_in_site(cloud.entra)


@pytest.fixture(scope="module")
def host(
    cloud: Cloud, azurite: Azurite, client_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HostProcess]:
    folder = tmp_path_factory.mktemp("host")
    with app_with_sign_in(cloud, app_settings(cloud, azurite), client_id, folder) as running:
        yield running


@pytest.fixture
def browser(host: HostProcess, cloud: Cloud) -> Iterator[Browser]:
    """Give a browser in which somebody of that name has signed in."""
    opened: list[httpx.Client] = []

    def signed_in(name: str) -> httpx.Client:
        client = httpx.Client(base_url=host.url, timeout=30)
        opened.append(client)
        sign_in(client, name, cloud)
        return client

    yield signed_in
    for client in opened:
        client.close()


def forged(role: str) -> dict[str, str]:
    """What somebody would send who wants to be taken for somebody."""
    oid = "http://schemas.microsoft.com/identity/claims/objectidentifier"
    told = (("upn", "root@x"), (oid, "1"), ("roles", role))
    claims = [{"typ": typ, "val": val} for typ, val in told]
    principal = base64.b64encode(json.dumps({"claims": claims}).encode()).decode()
    return {"X-MS-CLIENT-PRINCIPAL": principal, "X-MS-CLIENT-PRINCIPAL-NAME": "root@x", "X-MS-CLIENT-PRINCIPAL-ID": "1"}


def test_a_stranger_learns_nothing_and_forged_headers_do_not_help(host: HostProcess) -> None:
    with httpx.Client(base_url=host.url, timeout=30) as stranger:
        for headers in ({}, forged("Rotation.Administrator")):
            answers = [
                stranger.request(method, path, headers=headers)
                for method in ("GET", "POST")
                for path in ("/", "/nowhere", "/entra/api/lines", "/entra/api/nowhere")
            ]
            assert {(answer.status_code, answer.content) for answer in answers} == {(401, b"")}
            assert stranger.get("/api/lines", headers=headers).status_code == 401
            assert stranger.get("/api/nowhere", headers=headers).status_code == 401
            page = stranger.get("/", headers=headers | BROWSER)
            assert (page.status_code, page.headers["location"].partition("?")[0]) == (302, "/.auth/login/aad")


def test_the_page_of_the_sign_in_lists_the_people(host: HostProcess, client_id: str) -> None:
    with httpx.Client(base_url=host.url, timeout=30) as stranger:
        login = stranger.get("/.auth/login/aad", params={"post_login_redirect_uri": "//evil.example/x"})
        asked = parse_qs(urlsplit(login.headers["location"]).query)
        assert asked["client_id"] == [client_id]
        page = httpx.get(login.headers["location"], timeout=30)
        assert "Rita Reader" in page.text


def test_a_sign_in_that_nobody_began_here_is_refused(host: HostProcess) -> None:
    with httpx.Client(base_url=host.url, timeout=30) as stranger:
        assert stranger.get("/.auth/login/aad/callback", params={"code": "x", "state": "y"}).status_code == 401
        assert stranger.get("/.auth/me").status_code == 401


def test_a_reader_reads_and_an_operator_acts(browser: Browser) -> None:
    reader, operator, nobody = browser("Rita Reader"), browser("Oskar Operator"), browser("Nils Nobody")
    pause = {"reason": "change freeze"}
    assert reader.get("/entra/api/lines").json().keys() == {"lines", "next", "total"}
    assert reader.post("/entra/api/pause", json=pause).status_code == 403
    assert nobody.get("/entra/api/lines").status_code == 403
    assert nobody.get("/entra/api/nowhere").status_code == 403
    said = operator.post("/entra/api/pause", json=pause).json()
    assert said["paused"]["by"].startswith("oskar.operator@")
    assert operator.post("/entra/api/resume", json=pause).status_code == 200


def test_another_site_cannot_use_somebodys_session(browser: Browser) -> None:
    operator = browser("Oskar Operator")
    elsewhere = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    answer = operator.post("/entra/api/pause", content=b'{"reason": "x"}', headers=elsewhere)
    assert (answer.status_code, answer.json()["type"]) == (403, "docs/runbook.md#foreign-form")


def test_a_calendar_program_comes_with_its_secret_address_alone(browser: Browser, host: HostProcess) -> None:
    """The host finds the calendar's own function before the one that asks for a key."""
    given = browser("Oskar Operator").get("/entra/api/calendars").json()["calendars"]
    assert given, "rotation.yaml of the repository names audiences"
    feed = httpx.get(f"{host.url}{given[0]['address']}", timeout=30)
    assert (feed.status_code, feed.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert feed.text.startswith("BEGIN:VCALENDAR")
    stranger = httpx.get(f"{host.url}/api/calendar.ics?audience=people&token=x", timeout=30)
    assert (stranger.status_code, stranger.content) == (401, b"")
    assert stranger.headers["content-security-policy"], "it is ours, not the host's for a missing key"


def test_whoever_signs_out_is_a_stranger_again(browser: Browser) -> None:
    reader = browser("Rita Reader")
    reader.get("/.auth/logout", follow_redirects=False)
    assert reader.get("/entra/api/lines").status_code == 401


def test_an_application_comes_with_a_token_for_us_and_with_no_other(
    cloud: Cloud, host: HostProcess, client_id: str
) -> None:
    app_id, _text = cloud.entra.add_identity("pipeline")
    principal = cloud.entra.principal_of(app_id)
    told = {"app_id": app_id, "object_id": principal.id, "roles": ("Rotation.Reader",)}
    for audience, status in ((f"api://{client_id}", 200), ("https://graph.microsoft.com", 401)):
        token = cloud.entra.tokens.issue(audience=audience, **told)  # type: ignore[arg-type]
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{host.url}/entra/api/lines", headers=headers, timeout=30).status_code == status
