"""Teams and mail over real HTTPS: what is sent, what each answer means, and what never shows."""

import json
import logging
import ssl
import traceback
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from azure.identity.aio import ClientSecretCredential
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rotation.domain.audience import Audience
from rotation.domain.errors import AccessDenied, Misconfigured, RotationError, Throttled, Unavailable
from rotation.domain.identifiers import AudienceName
from rotation.domain.secret import SecretText
from rotation.notifications.graph_mail import GraphMail
from rotation.notifications.mail import Mail
from rotation.notifications.teams import Teams
from rotation.ports.notices import Channel, Item, Message
from rotation.ports.vault import NewVersion
from sandbox.cloud import Cloud
from sandbox.entra.mails import from_mime
from sandbox.shared import FaultMiddleware, Faults
from tests.contract.harness_https import Https, https
from tests.fakes.vault import MemoryVault

SIGNATURE = "sig-CANARY-workflow"
AUDIENCE = Audience(
    name=AudienceName("payments"), mail=("ada@contoso.example", "grace@contoso.example"), teams_secret="teams-payments"
)
DUE = datetime(2026, 12, 2, tzinfo=UTC)
MESSAGE = Message(
    title="Entra credentials · Payments team",
    summary="1 needs you",
    items=[Item(state="waiting", subject="Arctic Wolf MA", text="paste the new secret", due_at=DUE, uid="k")],
    said_at=DUE - timedelta(days=5),
)


class FixedToken:
    """A credential that always has a token, or never."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        if self.failure is not None:
            raise self.failure
        return AccessToken(f"token-of-{scopes[0]}", 4_000_000_000)

    async def close(self) -> None:
        return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return


@dataclass(slots=True)
class Service:
    """Teams and Graph at once: keeps what it is sent, misbehaves when told."""

    https: Https
    faults: Faults
    vault: MemoryVault
    requests: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)

    def channel(self, name: str) -> Channel:
        if name == "teams":
            return Teams(self.vault, self.https.open_client)
        mail = GraphMail(FixedToken(), self.https.open_client, graph_url=self.https.url)
        return Mail(mail, sender="rotation@contoso.example")


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    faults, vault = Faults(), MemoryVault()
    kept: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    async def take(request: Request) -> Response:
        body = await request.body()
        as_mime = request.headers["content-type"] == "text/plain"
        read = from_mime(body.decode()) if as_mime else json.loads(body)
        kept.append((request.url.path, dict(request.headers), read))
        return Response(status_code=202)

    app = Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])
    app.add_middleware(FaultMiddleware, faults=faults, part="it")
    async with https(app) as served:
        address = f"{served.url}/workflows/1/triggers/manual/paths/invoke?sig={SIGNATURE}"
        await vault.write("teams-payments", NewVersion(text=SecretText(address), tags={}))
        yield Service(served, faults, vault, kept)


async def test_teams_gets_a_card_at_the_address_from_the_vault(service: Service) -> None:
    await service.channel("teams").send(AUDIENCE, MESSAGE)
    [(path, headers, body)] = service.requests
    assert path == "/workflows/1/triggers/manual/paths/invoke"
    assert headers["content-type"] == "application/json"
    assert body["attachments"][0]["content"]["type"] == "AdaptiveCard"


async def test_a_replaced_address_is_used_at_once_and_a_disabled_one_never(service: Service) -> None:
    bad = await service.vault.write("teams-payments", NewVersion(text=SecretText("https://localhost:1/x"), tags={}))
    with pytest.raises(Unavailable):
        await service.channel("teams").send(AUDIENCE, MESSAGE)
    await service.vault.disable("teams-payments", bad)
    await service.channel("teams").send(AUDIENCE, MESSAGE)
    assert len(service.requests) == 1


async def test_a_mail_goes_to_everybody_as_html_and_text_with_an_entry_for_the_calendar(service: Service) -> None:
    await service.channel("mail").send(AUDIENCE, MESSAGE)
    [(path, headers, body)] = service.requests
    assert path == "/v1.0/users/rotation@contoso.example/sendMail"
    assert headers["authorization"] == f"Bearer token-of-{service.https.url}/.default"
    assert headers["content-type"] == "text/plain"
    assert body["subject"] == "Entra credentials · Payments team"
    assert body["body"]["contentType"] == "HTML"
    assert body["text"].splitlines()[:2] == ["Entra credentials · Payments team", "1 needs you"]
    assert [each["emailAddress"]["address"] for each in body["toRecipients"]] == list(AUDIENCE.mail)
    assert [each["name"] for each in body["attachments"]] == ["arctic-wolf-ma-2026-12-02.ics"]


@pytest.mark.parametrize("name", ["teams", "mail"])
@pytest.mark.parametrize(
    "case",
    [
        ({"action": "throttle", "retry_after": 30}, Throttled),
        ({"action": "status", "status": 401}, AccessDenied),
        ({"action": "status", "status": 403}, AccessDenied),
        ({"action": "status", "status": 404}, Misconfigured),
        ({"action": "status", "status": 413}, Misconfigured),
        ({"action": "status", "status": 307}, Misconfigured),
        ({"action": "status", "status": 408}, Unavailable),
        ({"action": "status", "status": 503}, Unavailable),
        ({"action": "drop-before"}, Unavailable),
        ({"action": "drop-after"}, Unavailable),
    ],
)
async def test_each_refusal_says_what_to_do_next_and_shows_no_address(
    service: Service, name: str, case: tuple[dict[str, Any], type[RotationError]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rule, expected = case
    service.faults.add({"part": "it", **rule})
    with pytest.raises(RotationError) as failed:
        await service.channel(name).send(AUDIENCE, MESSAGE)
    assert type(failed.value) is expected
    if isinstance(failed.value, Throttled):
        assert failed.value.retry_after == timedelta(seconds=30)
    told = "".join(traceback.format_exception(failed.value)) + caplog.text + "".join(map(repr, caplog.records))
    assert told
    assert SIGNATURE not in told
    assert "token-of" not in told


@pytest.mark.parametrize("name", ["teams", "mail"])
async def test_an_answer_that_cannot_be_unpacked_is_no_answer(service: Service, name: str) -> None:
    async def garbled(_: Request) -> Response:
        return Response(b"this is no gzip", headers={"content-encoding": "gzip"})

    async with https(Starlette(routes=[Route("/{path:path}", garbled, methods=["POST"])])) as served:
        address = SecretText(f"{served.url}/workflows/1?sig={SIGNATURE}")
        await service.vault.write("teams-payments", NewVersion(text=address, tags={}))
        channel = Service(served, service.faults, service.vault).channel(name)
        with pytest.raises(Unavailable, match="DecodingError") as failed:
            await channel.send(AUDIENCE, MESSAGE)
    assert (failed.value.__cause__, failed.value.__context__) == (None, None)


async def test_the_log_of_a_success_names_the_host_and_not_the_address(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await service.channel("teams").send(AUDIENCE, MESSAGE)
    lines = [record.getMessage() for record in caplog.records if record.name == "httpx"]
    assert any("localhost" in line for line in lines)
    assert SIGNATURE not in caplog.text + "".join(map(repr, caplog.records))


async def _teams_secret(service: Service, text: str | None) -> None:
    if text is None:
        service.vault.refusing = "vault-refused"
    else:
        await service.vault.write("teams-payments", NewVersion(text=SecretText(text), tags={}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://plain.example/sig", Misconfigured),
        ("not an address", Misconfigured),
        ("https://[half", Misconfigured),
        (None, AccessDenied),
    ],
)
async def test_an_unusable_address_is_said_without_showing_it(
    service: Service, text: str | None, expected: type[RotationError]
) -> None:
    await _teams_secret(service, text)
    with pytest.raises(expected) as failed:
        await service.channel("teams").send(AUDIENCE, MESSAGE)
    assert "payments" in failed.value.message
    if text is not None:
        assert text not in "".join(traceback.format_exception(failed.value))


async def test_audiences_without_an_address_are_not_reached(service: Service) -> None:
    nobody = Audience(name=AudienceName("nobody"))
    for name in ("teams", "mail"):
        channel = service.channel(name)
        assert channel.name == name
        assert channel.reaches(AUDIENCE)
        assert not channel.reaches(nobody)
        with pytest.raises(Misconfigured):
            await channel.send(nobody, MESSAGE)
    assert not Mail(
        GraphMail(FixedToken(), service.https.open_client, graph_url=service.https.url), sender=None
    ).reaches(AUDIENCE)


async def test_a_vault_without_that_secret_is_a_set_up_problem(service: Service) -> None:
    absent = Audience(name=AudienceName("payments"), teams_secret="teams-nowhere")
    with pytest.raises(Misconfigured, match="teams-nowhere"):
        await service.channel("teams").send(absent, MESSAGE)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(ClientAuthenticationError("no"), AccessDenied), (ServiceRequestError("cut"), Unavailable)],
)
async def test_an_identity_that_cannot_sign_in_is_told_apart_from_a_silent_service(
    service: Service, failure: Exception, expected: type[RotationError]
) -> None:
    mail = GraphMail(FixedToken(failure), service.https.open_client, graph_url=service.https.url)
    with pytest.raises(expected):
        await Mail(mail, sender="rotation@contoso.example").send(AUDIENCE, MESSAGE)
    assert service.requests == []


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud() as running:
        yield running


@pytest.mark.sandbox
async def test_the_sandbox_s_graph_takes_our_mail(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real token of azure-identity, a real mailbox, Mail.Send checked."""
    user = cloud.entra.add_user(
        "Rotation", userPrincipalName="rotation@contoso.example", mail="rotation@contoso.example"
    )
    context = ssl.create_default_context(cafile=cloud.ca_file)
    monkeypatch.setenv("SSL_CERT_FILE", cloud.ca_file)
    authority = cloud.urls["authority"]
    async with ClientSecretCredential(
        cloud.tenant_id, *cloud.app, authority=authority, connection_verify=cloud.ca_file
    ) as credential:
        mail = GraphMail(
            credential, lambda: httpx.AsyncClient(verify=context, trust_env=False), graph_url=cloud.urls["graph"]
        )
        await Mail(mail, sender=str(user.id)).send(AUDIENCE, MESSAGE)
    [kept] = cloud.entra.directory.truth.mails
    assert kept["from"] == "rotation@contoso.example"
    assert kept["message"]["subject"] == "Entra credentials · Payments team"
    assert datetime.fromisoformat(kept["at"]).tzinfo == UTC
    assert "Arctic Wolf MA" in json.dumps(kept["message"], ensure_ascii=False)
