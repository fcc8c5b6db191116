"""Downstream receivers of the sandbox: what they are given they use, and say so."""

import base64
import json
import logging
import ssl
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.downstream.app import make_downstream
from sandbox.downstream.downstream import Downstream
from sandbox.downstream.webhooks import proof
from sandbox.downstream.wire import Identity, Reference, Unreadable
from sandbox.entra.tokens import Tokens
from sandbox.keyvault.alone import served
from sandbox.keyvault.app import make_vault
from sandbox.keyvault.vault import Vault
from sandbox.shared import Faults, SandboxClock

pytestmark = pytest.mark.sandbox
TENANT = str(uuid.uuid4())
KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """A sign-in, a vault and the receivers, each on an address of its own."""

    downstream: Downstream
    url: str
    vault: Vault
    vault_url: str
    secrets: dict[str, str]
    clock: SandboxClock
    faults: Faults
    http: httpx.AsyncClient

    async def deliver(self, data: dict[str, Any], *, identifier: str | None = None, key: str = KEY) -> httpx.Response:
        body = json.dumps({"type": "secret.rotated", "data": {"client_id": "client-1", **data}})
        headers = _sign(body, at=self.clock.now(), key=key, identifier=identifier or uuid.uuid4().hex)
        return await self.http.post("/hooks/erp", content=body, headers=headers)

    def refer(self, text: str, **tags: str) -> dict[str, Any]:
        version = self.vault.seed("line-1", text, tags=tags)
        return {"vault_url": self.vault_url, "name": "line-1", "version": version.id}


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[dict[str, Any]]:
    authority, tokens = trustme.CA(), Tokens(tenant_id=TENANT)
    ca_file = str(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(ca_file)
    clock, faults, secrets = SandboxClock(), Faults(), {"own": "own-text", "client-1": "right"}
    with served(_sign_in_desk(secrets, tokens), authority=authority) as authority_url:
        around: dict[str, Any] = {
            "clock": clock,
            "faults": faults,
            "authority_url": lambda: authority_url,
            "tenant_id": TENANT,
        }
        vault = make_vault(name="main", tokens=tokens, **around)
        receivers = make_downstream(
            ca_file=ca_file, identity=Identity(client_id="own", secret_text="own-text"), **around
        )
        receivers.state.downstream.add_webhook("erp", KEY)
        with served(vault, authority=authority) as vault_url, served(receivers, authority=authority) as url:
            yield {
                "downstream": receivers.state.downstream,
                "url": url,
                "vault": vault.state.vault,
                "vault_url": vault_url,
                "secrets": secrets,
                "clock": clock,
                "faults": faults,
                "ca_file": ca_file,
            }


@pytest.fixture
async def street(parts: dict[str, Any]) -> AsyncIterator[Street]:
    context = ssl.create_default_context(cafile=parts.pop("ca_file"))
    async with httpx.AsyncClient(base_url=parts["url"], verify=context) as http:
        yield Street(http=http, **parts)


async def test_a_reference_is_read_from_the_vault_and_signs_in(street: Street) -> None:
    reference = street.refer("right", **{"key-id": "key-1"})
    answer = (await street.deliver({"secret": reference, "key_id": "key-1"})).json()
    assert (answer["signed_in"], answer["key_id"], answer["version"], answer["duplicate"]) == (
        True,
        "key-1",
        reference["version"],
        False,
    )
    assert street.vault.journal[-1].app_id == "own"


async def test_the_text_itself_is_taken_as_well_and_possession_is_proven(street: Street) -> None:
    place = {"vault_url": street.vault_url, "name": "line-1", "version": "v-7"}
    data = {"secret_text": "right", "secret": place, "key_id": "k", "nonce": "n-1"}
    answer = (await street.deliver(data)).json()
    assert (answer["signed_in"], answer["version"]) == (True, "v-7")
    assert street.vault.journal == []
    assert answer["proof"] == proof("right", "n-1")


async def test_a_wrong_secret_shows_with_the_code_of_the_sign_in(street: Street) -> None:
    answer = (await street.deliver({"secret_text": "wrong"})).json()
    assert (answer["signed_in"], answer["code"]) == (False, 7000215)


async def test_the_same_id_again_changes_nothing(street: Street) -> None:
    first = (await street.deliver({"secret_text": "right", "key_id": "first"}, identifier="once")).json()
    again = (await street.deliver({"secret_text": "wrong", "key_id": "second"}, identifier="once")).json()
    assert again == first | {"duplicate": True}
    assert street.downstream.holders["erp"].key_id == "first"
    assert street.downstream.hooks["erp"].deliveries == 1


async def test_a_delivery_that_failed_may_be_repeated_with_its_id(street: Street) -> None:
    reference = street.refer("right")
    street.vault.behave({"firewall": True})
    refused = await street.deliver({"secret": reference}, identifier="again")
    assert (refused.status_code, "ForbiddenByFirewall" in refused.text) == (502, True)
    street.vault.behave({"firewall": False})
    assert (await street.deliver({"secret": reference}, identifier="again")).json()["signed_in"] is True


async def test_answers_are_signed_with_the_same_key(street: Street) -> None:
    answer = await street.deliver({"secret_text": "right"}, identifier="signed")
    assert Webhook(KEY).verify(answer.text, dict(answer.headers))["signed_in"] is True


async def test_what_is_not_signed_with_the_key_is_refused(street: Street) -> None:
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    assert (await street.deliver({"secret_text": "right"}, key=other)).status_code == 401
    assert (await street.http.post("/hooks/erp", content="{}")).status_code == 401
    assert (await street.http.get("/hooks/erp/state")).status_code == 401
    assert street.downstream.holders["erp"].text == ""


async def test_the_timestamp_is_of_the_moved_clock(street: Street) -> None:
    street.clock.shift(timedelta(days=40))
    assert (await street.deliver({"secret_text": "right"})).status_code == 200
    body = '{"type": "x", "data": {"client_id": "c", "secret_text": "right"}}'
    stale = _sign(body, at=street.clock.now() - timedelta(minutes=6), key=KEY, identifier="stale")
    assert (await street.http.post("/hooks/erp", content=body, headers=stale)).status_code == 401


async def test_a_delivery_without_a_secret_is_refused_and_never_quoted(street: Street) -> None:
    assert (await street.deliver({})).status_code == 422
    odd = await street.deliver({"secret_text": ["canary-in-a-list"]})
    assert odd.status_code == 422
    assert "canary-in-a-list" not in odd.text


async def test_the_state_tells_what_is_held_and_whether_it_signed_in(street: Street) -> None:
    await street.deliver({"secret_text": "right", "key_id": "key-9"})
    state = (await street.http.get("/hooks/erp/state", headers=_sign("", at=street.clock.now(), key=KEY))).json()
    assert (state["key_id"], state["signed_in"], state["sign_ins"]) == ("key-9", True, 1)
    street.secrets["client-1"] = "rotated without telling"
    await street.downstream.use("erp")
    state = (await street.http.get("/hooks/erp/state", headers=_sign("", at=street.clock.now(), key=KEY))).json()
    assert (state["signed_in"], state["code"], state["sign_ins"]) == (False, 7000215, 2)


async def test_a_person_pastes_what_the_reference_gave(street: Street) -> None:
    street.downstream.add_person("ann")
    handed = street.refer("right") | {"client_id": "client-1"}
    assert (await street.http.post("/people/ann", json=handed)).json()["signed_in"] is True
    street.downstream.paste("ann", "the key id instead of the text")
    assert (await street.downstream.use("ann")).code == 7000215
    assert (await street.http.get("/people/ann")).json()["signed_in"] is False
    assert (await street.http.post("/people/erp", json=handed)).status_code == 404


async def test_a_person_who_cannot_read_the_vault_keeps_what_they_had(street: Street) -> None:
    street.downstream.add_person("ann", client_id="client-1")
    street.downstream.paste("ann", "right")
    street.vault.allow("own", set())
    with pytest.raises(Unreadable, match="403 ForbiddenByRbac"):
        await street.downstream.hand_over("ann", Reference(**street.refer("newer")))
    assert (await street.downstream.use("ann")).ok


async def test_a_consumer_reads_the_latest_each_time(street: Street) -> None:
    street.refer("right")
    street.downstream.add_consumer("job", street.vault_url, "line-1", client_id="client-1")
    assert (await street.downstream.use("job")).ok
    street.secrets["client-1"] = "newer"
    assert (await street.downstream.use("job")).code == 7000215
    newer = street.refer("newer")
    assert (await street.downstream.use("job")).ok
    assert street.downstream.holders["job"].version == newer["version"]


async def test_all_sign_in_and_each_tells_how_it_went(street: Street) -> None:
    street.downstream.add_person("ann", client_id="client-1")
    street.downstream.paste("ann", "right")
    street.downstream.add_consumer("job", street.vault_url, "nowhere", client_id="client-1")
    assert await street.downstream.sign_in_all() == [("erp", False, None), ("ann", True, None), ("job", False, None)]
    assert street.downstream.holders["job"].state()["problem"] == "vault: 404 SecretNotFound"


async def test_a_lost_answer_leaves_the_secret_delivered(street: Street) -> None:
    street.faults.add({"part": "downstream", "match": {"path": "^/hooks/"}, "action": "drop-after"})
    with pytest.raises(httpx.TransportError):
        await street.deliver({"secret_text": "right"}, identifier="lost")
    assert (await street.deliver({"secret_text": "right"}, identifier="lost")).json()["duplicate"] is True


async def test_no_text_is_logged_or_shown(street: Street, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await street.deliver({"secret_text": "canary-77", "nonce": "n"})
        await street.downstream.sign_in_all()
    shown = answer.text + repr(street.downstream.holders) + json.dumps(street.downstream.truth())
    assert "canary-77" not in shown + caplog.text
    assert street.downstream.canaries() == ("canary-77",)


def test_a_name_is_used_once(street: Street) -> None:
    with pytest.raises(ValueError, match="already"):
        street.downstream.add_person("erp")


def _sign(body: str, *, at: datetime, key: str, identifier: str = "state") -> dict[str, str]:
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(key).sign(identifier, at, body),
    }


def _sign_in_desk(secrets: dict[str, str], tokens: Tokens) -> Starlette:
    """A token endpoint with one right text a client (platform.md B1), so that this file needs no directory."""

    async def token(request: Request) -> JSONResponse:
        async with request.form() as form:
            client_id, text = str(form["client_id"]), str(form["client_secret"])
            audience = str(form["scope"]).removesuffix("/.default")
        if secrets.get(client_id) != text:
            return JSONResponse({"error": "invalid_client", "error_codes": [7000215]}, 401)
        issued = tokens.issue(app_id=client_id, object_id=client_id, audience=audience)
        return JSONResponse({"token_type": "Bearer", "expires_in": 3599, "access_token": issued})

    return Starlette(routes=[Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"])])
