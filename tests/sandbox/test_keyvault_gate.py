"""What a vault of the sandbox refuses before it looks: no token, network, quota, role, policy. And what it remembers."""

import json
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import httpx
import pytest

from sandbox.entra.tokens import GRAPH
from sandbox.keyvault.alone import Alone, vault_alone

pytestmark = pytest.mark.sandbox
V = "api-version=7.4"


@pytest.fixture
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    with vault_alone(tmp_path_factory.mktemp("ca")) as opened:
        yield opened


@pytest.fixture
async def http(alone: Alone) -> AsyncIterator[httpx.AsyncClient]:
    context = ssl.create_default_context(cafile=alone.ca_file)
    headers = {"Authorization": f"Bearer {alone.token()}"}
    async with httpx.AsyncClient(base_url=alone.url, verify=context, headers=headers) as client:
        yield client


async def test_the_challenge_comes_before_anything_is_read(alone: Alone, http: httpx.AsyncClient) -> None:
    """An SDK's first request has neither token nor body, and a name or version is nobody's business yet."""
    answer = await http.put("/secrets/bad_name?api-version=nonsense", headers={"Authorization": ""})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        f'Bearer authorization="https://localhost:1/{alone.tokens.tenant_id}", resource="https://vault.azure.net"'
    )
    assert answer.json()["error"]["code"] == "Unauthorized"


async def test_a_token_for_another_service_is_refused(alone: Alone, http: httpx.AsyncClient) -> None:
    token = alone.token(audience=GRAPH)
    answer = await http.get(f"/secrets?{V}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert "AKV10022" in answer.json()["error"]["message"]
    assert "invalid_token" in answer.headers["www-authenticate"]


@pytest.mark.parametrize("query", ["", "?api-version=7.7", "?api-version=2099-01-01"])
async def test_an_unknown_api_version_is_a_bad_request(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.get(f"/secrets{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadParameter")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"value": 1}',
        '{"value": "x", "tags": {"a": 1}}',
        '{"value": "x", "attributes": {"exp": "1"}}',
    ],
)
async def test_a_body_that_is_none_is_a_bad_request(http: httpx.AsyncClient, body: str) -> None:
    answer = await http.put(f"/secrets/name?{V}", content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadParameter")


async def test_an_opaque_page_token_that_is_forged_is_a_bad_request(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"/secrets?{V}&$skiptoken=forged")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadParameter")


async def test_a_caller_may_do_what_it_was_allowed_and_nothing_else(alone: Alone, http: httpx.AsyncClient) -> None:
    alone.vault.seed("name", "text")
    alone.vault.allow("oid-of-app-1", {"set"})
    assert (await http.put(f"/secrets/name?{V}", json={"value": "x"})).status_code == 200
    refused = await http.get(f"/secrets/name?{V}")
    assert (refused.status_code, refused.json()["error"]["innererror"]["code"]) == (403, "ForbiddenByRbac")
    assert "appid=app-1;oid=oid-of-app-1" in refused.json()["error"]["message"]
    other = {"Authorization": f"Bearer {alone.token('app-2')}"}
    assert (await http.get(f"/secrets/name?{V}", headers=other)).status_code == 200
    alone.vault.behave({"closed": True})
    assert (await http.get(f"/secrets/name?{V}", headers=other)).status_code == 403
    alone.vault.behave({"allow": {"app-2": ["get"]}})
    assert (await http.get(f"/secrets/name?{V}", headers=other)).status_code == 200


async def test_a_closed_firewall_refuses_everybody(alone: Alone, http: httpx.AsyncClient) -> None:
    alone.vault.behave({"firewall": True})
    answer = await http.get(f"/secrets?{V}")
    assert (answer.status_code, answer.json()["error"]["innererror"]["code"]) == (403, "ForbiddenByFirewall")


async def test_a_policy_refuses_sets_only(alone: Alone, http: httpx.AsyncClient) -> None:
    alone.vault.seed("name", "text")
    alone.vault.behave({"refuse_sets": "Secrets must have an expiration date."})
    answer = await http.put(f"/secrets/name?{V}", json={"value": "x"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (403, "Secrets must have an expiration date.")
    assert (await http.get(f"/secrets/name?{V}")).status_code == 200


async def test_the_quota_counts_new_versions_apart_and_opens_again(alone: Alone, http: httpx.AsyncClient) -> None:
    alone.vault.behave({"quota": {"creates": 2, "others": 50, "window_seconds": 60, "retry_after": 7}})
    sets = [await http.put(f"/secrets/name?{V}", json={"value": "x"}) for _ in range(3)]
    assert [answer.status_code for answer in sets] == [200, 200, 429]
    assert sets[-1].headers["retry-after"] == "7"
    assert (await http.get(f"/secrets/name?{V}")).status_code == 200
    alone.clock.shift(timedelta(seconds=61))
    assert (await http.put(f"/secrets/name?{V}", json={"value": "x"})).status_code == 200


async def test_an_answer_can_be_lost_after_the_version_was_made(alone: Alone, http: httpx.AsyncClient) -> None:
    alone.faults.add({"part": "vault", "match": {"method": "PUT"}, "action": "drop-after"})
    with pytest.raises(httpx.TransportError):
        await http.put(f"/secrets/name?{V}", json={"value": "made all the same"})
    assert (await http.get(f"/secrets/name?{V}")).json()["value"] == "made all the same"


async def test_one_vault_can_fail_by_its_name(alone: Alone, http: httpx.AsyncClient) -> None:
    alone.faults.add({"part": "vault:other", "action": "status", "status": 503})
    assert (await http.get(f"/secrets?{V}")).status_code == 200
    alone.faults.add({"part": "vault:alone", "action": "throttle", "retry_after": 3})
    answer = await http.get(f"/secrets?{V}")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")


async def test_the_truth_tells_who_did_what_and_no_text(alone: Alone, http: httpx.AsyncClient) -> None:
    made = (await http.put(f"/secrets/name?{V}", json={"value": "canary-1", "tags": {"key-id": "k"}})).json()
    await http.get(f"/secrets/name?{V}")
    await http.get(f"/secrets/other?{V}")
    await http.delete(f"/secrets/name?{V}")
    await http.delete(f"/deletedsecrets/name?{V}")
    version = made["id"].rpartition("/")[2]
    events = [(e.operation, e.secret, e.version, e.app_id, e.outcome) for e in alone.vault.journal]
    assert events == [
        ("set", "name", version, "app-1", "ok"),
        ("get", "name", version, "app-1", "ok"),
        ("get", "other", "", "app-1", "SecretNotFound"),
        ("delete", "name", "", "app-1", "ok"),
        ("purge", "name", "", "app-1", "ok"),
    ]
    assert alone.vault.canaries() == ("canary-1",)
    assert "canary-1" not in json.dumps(alone.vault.truth()) + repr(alone.vault.journal)


def test_an_unknown_switch_is_told(alone: Alone) -> None:
    for wrong in ({"firewal": True}, {"quota": {"create": 1}}, {"allow": {"app-1": ["read"]}}):
        with pytest.raises(ValueError, match="unknown"):
            alone.vault.behave(wrong)
