"""What the field has seen Graph and sign-in do, told to happen here: lag, races, quotas, lost answers."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.cloud import Cloud
from sandbox.entra.tokens import GRAPH
from tests.sandbox.conftest import graph_client

pytestmark = pytest.mark.sandbox


async def sign_ins(cloud: Cloud, http: httpx.AsyncClient, app_id: str, secret: str, *, tries: int = 24) -> set[int]:
    """Which AADSTS numbers (0: signed in) several tries in a row give."""
    url = f"{cloud.urls['authority']}/{cloud.tenant_id}/oauth2/v2.0/token"
    form = {
        "grant_type": "client_credentials",
        "client_id": app_id,
        "client_secret": secret,
        "scope": f"{GRAPH}/.default",
    }
    answers = [(await http.post(url, data=form)).json() for _ in range(tries)]
    return {answer.get("error_codes", [0])[0] for answer in answers}


async def test_a_new_secret_reaches_the_sign_in_replicas_one_by_one(cloud: Cloud, http: httpx.AsyncClient) -> None:
    """One success proves nothing (platform.md A7)."""
    cloud.entra.behaviour.update({"secret_lag_seconds": 600})
    app_id = cloud.entra.add_application().current["appId"]
    secret = cloud.entra.add_secret(app_id)["secretText"]
    assert await sign_ins(cloud, http, app_id, secret) == {0, 7000215}
    cloud.clock.shift(timedelta(seconds=601))
    assert await sign_ins(cloud, http, app_id, secret) == {0}


async def test_a_removed_secret_works_on_for_a_while(cloud: Cloud, http: httpx.AsyncClient) -> None:
    cloud.entra.behaviour.update({"removal_lag_seconds": 600})
    app_id = cloud.entra.add_application().current["appId"]
    made = cloud.entra.add_secret(app_id)
    cloud.entra.remove_secret(app_id, made["keyId"])
    assert await sign_ins(cloud, http, app_id, made["secretText"]) == {0, 7000215}
    cloud.clock.shift(timedelta(seconds=601))
    assert await sign_ins(cloud, http, app_id, made["secretText"]) == {7000215}


async def test_reads_lag_writes_and_not_monotonically(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    cloud.entra.behaviour.update({"read_lag_seconds": 600})
    entry = cloud.entra.add_application()
    await graph.post(f"/applications/{entry.id}/addPassword")
    path = f"/applications/{entry.id}"
    counts = [len((await graph.get(path)).json()["passwordCredentials"]) for _ in range(24)]
    assert set(counts) == {0, 1}
    assert counts != sorted(counts)
    listed = {"$filter": f"id eq '{entry.id}'"}
    seen = [(await graph.get("/applications", params=listed)).json()["value"][0] for _ in range(24)]
    assert {len(s["passwordCredentials"]) for s in seen} == {0, 1}
    cloud.clock.shift(timedelta(seconds=601))
    assert {len((await graph.get(path)).json()["passwordCredentials"]) for _ in range(12)} == {1}


async def test_removing_races_with_adding(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    """The same 400 as for a key that is gone (platform.md A3)."""
    cloud.entra.behaviour.update({"read_lag_seconds": 600})
    entry = cloud.entra.add_application()
    key_id = (await graph.post(f"/applications/{entry.id}/addPassword")).json()["keyId"]
    answers: list[httpx.Response] = []
    while not answers or answers[-1].status_code != 204:
        answers.append(await graph.post(f"/applications/{entry.id}/removePassword", json={"keyId": key_id}))
        assert len(answers) < 40
    again = await graph.post(f"/applications/{entry.id}/removePassword", json={"keyId": key_id})
    assert again.status_code == 400
    assert again.json()["error"]["message"] == f"No password credential found with keyId {key_id}."
    assert {a.json()["error"]["message"] for a in answers[:-1]} <= {again.json()["error"]["message"]}


async def test_a_new_application_is_unknown_to_some_replicas(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    cloud.entra.behaviour.update({"read_lag_seconds": 600})
    made = (await graph.post("/applications", json={"displayName": "new"})).json()
    statuses = {(await graph.get(f"/applications/{made['id']}")).status_code for _ in range(24)}
    assert statuses == {200, 404}


async def test_writes_in_one_window_conflict_in_three_shapes(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    entry = cloud.entra.add_application()
    cloud.entra.behaviour.update({"conflict_window_seconds": 600})
    path = f"/applications/{entry.id}"
    assert (await graph.patch(path, json={"notes": "first"})).status_code == 204
    answers = [await graph.post(f"{path}/addPassword") for _ in range(3)]
    assert {a.status_code for a in answers} == {400, 409, 500}
    codes = {a.status_code: a.json()["error"]["code"] for a in answers}
    assert (codes[400], codes[409]) == ("Request_BadRequest", "Directory_ConcurrencyViolation")
    assert entry.current["passwordCredentials"] == []
    cloud.clock.shift(timedelta(seconds=601))
    assert (await graph.post(f"{path}/addPassword")).status_code == 200


async def test_the_write_quota_throttles_a_caller_with_retry_after(cloud: Cloud) -> None:
    entry = cloud.entra.add_application()
    caller = cloud.entra.add_identity("writes much", ["Application.ReadWrite.All"])
    cloud.entra.behaviour.update({"write_quota": {"limit": 2, "window_seconds": 60}})
    async with graph_client(cloud, caller) as client:
        answers = [await client.patch(f"/applications/{entry.id}", json={"notes": str(n)}) for n in range(3)]
        assert [a.status_code for a in answers] == [204, 204, 429]
        refused = answers[2]
        assert 0 < int(refused.headers["retry-after"]) <= 61
        assert refused.headers["x-ms-throttle-information"] == "WriteLimitExceeded"
        assert refused.headers["x-ms-throttle-scope"].endswith(f"{caller[0]}/{cloud.tenant_id}")
        assert answers[1].headers["x-ms-throttle-limit-percentage"] == "1.0"
        assert (await client.get(f"/applications/{entry.id}")).status_code == 200
        parts = [{"id": "1", "method": "PATCH", "url": f"/applications/{entry.id}", "body": {"notes": "b"}}]
        batch = await client.post("/$batch", json={"requests": parts})
        assert (batch.status_code, batch.json()["responses"][0]["status"]) == (200, 429)


async def test_resource_units_are_counted_by_cost(cloud: Cloud) -> None:
    caller = cloud.entra.add_identity("reads much", ["Application.Read.All"])
    cloud.entra.behaviour.update({"resource_unit_quota": {"limit": 5, "window_seconds": 60, "retry_after": 7}})
    async with graph_client(cloud, caller) as client:
        answers = [await client.get("/applications?$top=20") for _ in range(3)]
        assert [a.headers.get("x-ms-resource-unit") for a in answers[:2]] == ["2", "2"]
        assert (answers[2].status_code, answers[2].headers["retry-after"]) == (429, "7")


async def test_an_answer_can_be_lost_after_the_change(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    """The secret exists and nobody knows its text."""
    entry = cloud.entra.add_application()
    cloud.faults.add({"part": "graph", "action": "drop-after", "match": {"method": "POST", "path": "addPassword$"}})
    with pytest.raises(httpx.RemoteProtocolError):
        await graph.post(f"/applications/{entry.id}/addPassword")
    assert len(entry.current["passwordCredentials"]) == 1
    cloud.faults.add({"part": "graph", "action": "drop-before", "match": {"path": "addPassword$"}})
    with pytest.raises(httpx.RemoteProtocolError):
        await graph.post(f"/applications/{entry.id}/addPassword")
    assert len(entry.current["passwordCredentials"]) == 1


async def test_faults_fail_throttle_conflict_and_end(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    cloud.faults.add({"part": "graph", "action": "status", "status": 503, "code": "serviceNotAvailable", "times": 2})
    assert [(await graph.get("/organization")).status_code for _ in range(3)] == [503, 503, 200]
    cloud.faults.add({"part": "graph", "action": "throttle", "retry_after": 2})
    throttled = await graph.get("/organization")
    assert (throttled.status_code, throttled.headers["retry-after"]) == (429, "2")
    rule = cloud.faults.add({"part": "graph", "action": "conflict", "times": None, "match": {"method": "PATCH"}})
    statuses = [(await graph.patch("/applications/x", json={})).status_code for _ in range(3)]
    assert sorted(statuses) == [400, 409, 500]
    assert cloud.faults.remove(rule)
    with pytest.raises(ValueError, match="unknown fault action"):
        cloud.faults.add({"part": "graph", "action": "explode"})


async def test_faults_of_sign_in_speak_its_language(cloud: Cloud, http: httpx.AsyncClient) -> None:
    cloud.faults.add({"part": "signin", "action": "status", "status": 503, "code": "temporarily_unavailable"})
    answered = await http.post(f"{cloud.urls['authority']}/{cloud.tenant_id}/oauth2/v2.0/token")
    assert (answered.status_code, answered.json()["error"]) == (503, "temporarily_unavailable")


async def test_the_report_tells_last_uses_late_and_never_of_the_unused(cloud: Cloud, http: httpx.AsyncClient) -> None:
    cloud.entra.behaviour.update({"sign_in_report_lag_seconds": 3600})
    app_id = cloud.entra.add_application().current["appId"]
    used, unused = cloud.entra.add_secret(app_id), cloud.entra.add_secret(app_id)
    assert await sign_ins(cloud, http, app_id, used["secretText"], tries=1) == {0}
    async with graph_client(cloud, cloud.app, version="beta") as client:
        assert used["keyId"] not in await report(client)
        cloud.clock.shift(timedelta(seconds=3601))
        found = await report(client)
    row = found[used["keyId"]]
    assert unused["keyId"] not in found
    assert (row["appId"], row["keyType"], row["credentialOrigin"]) == (app_id, "clientSecret", "application")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["signInActivity"]["lastSignInDateTime"])


async def report(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    rows, url = {}, "/reports/appCredentialSignInActivities?$top=2"
    while url:
        page = (await client.get(url)).json()
        rows.update({row["keyId"]: row for row in page["value"]})
        url = page.get("@odata.nextLink")
    return rows


async def test_the_report_needs_its_role_and_beta(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    path = "/reports/appCredentialSignInActivities"
    assert (await graph.get(path)).status_code == 400
    reader = cloud.entra.add_identity("no audit log", ["Application.Read.All"])
    async with graph_client(cloud, reader, version="beta") as client:
        assert (await client.get(path)).status_code == 403


async def test_foreign_hands_are_told_apart_in_the_ground_truth(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    entry = cloud.entra.add_application()
    app_id = entry.current["appId"]
    ours = (await graph.post(f"/applications/{entry.id}/addPassword")).json()
    cloud.entra.add_secret(app_id, display_name="theirs", by="terraform")
    cloud.entra.remove_secret(app_id, ours["keyId"], by="an intruder")
    first, second = cloud.entra.minted(app_id)
    assert (first.minted_by, first.removed_by) == (cloud.admin[0], "an intruder")
    assert (second.minted_by, second.display_name, second.removed_at) == ("terraform", "theirs", None)
    assert {first.text, second.text} <= set(cloud.entra.canaries())
    assert ours["secretText"] not in repr(first)
    assert ours["secretText"] not in str(first.as_json())


async def test_a_clock_moved_back_makes_no_conflicts_and_no_lag(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    cloud.clock.shift(timedelta(days=40))
    entry = cloud.entra.add_application()
    path = f"/applications/{entry.id}"
    assert (await graph.patch(path, json={"notes": "later"})).status_code == 204
    cloud.clock.set_offset(timedelta())
    assert (await graph.patch(path, json={"notes": "earlier"})).status_code == 204
    assert (await graph.get(path)).json()["notes"] == "earlier"
