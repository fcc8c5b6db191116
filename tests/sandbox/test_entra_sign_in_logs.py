"""The sandbox's Log Analytics: what its sign-in table shows, when, and what it never shows."""

from datetime import timedelta

import httpx
import pytest

from sandbox.cloud import Cloud
from tests.sandbox.conftest import token_of

pytestmark = pytest.mark.sandbox
AUDIENCE = "https://api.loganalytics.io"


async def ask(cloud: Cloud, http: httpx.AsyncClient, query: str, **more: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token_of(cloud, cloud.app, audience=AUDIENCE)}"}
    url = f"{cloud.urls['logs']}/v1/workspaces/{cloud.entra.logs.workspace_id}/query"
    return await http.post(url, json={"query": query, **more}, headers=headers)


def rows(answered: httpx.Response) -> list[dict[str, object]]:
    assert answered.status_code == 200, answered.text
    [table] = answered.json()["tables"]
    names = [column["name"] for column in table["columns"]]
    return [dict(zip(names, row, strict=True)) for row in table["rows"]]


async def test_app_only_uses_are_shown_late_with_address(cloud: Cloud, http: httpx.AsyncClient) -> None:
    cloud.entra.behaviour.update({"sign_in_log_lag_seconds": 600})
    app_id = cloud.entra.add_application().current["appId"]
    key_id = cloud.entra.add_secret(app_id)["keyId"]
    cloud.entra.note_use(app_id, key_id, address="203.0.113.9")
    query = f"""AADServicePrincipalSignInLogs
        | where TimeGenerated > ago(1d) and ResultType == '0'
        | where ServicePrincipalCredentialKeyId in ('{key_id}', 'other')
        | summarize LastUse = max(TimeGenerated), Uses = count() by ServicePrincipalCredentialKeyId, IPAddress"""
    assert rows(await ask(cloud, http, query)) == []
    cloud.clock.shift(timedelta(seconds=601))
    [found] = rows(await ask(cloud, http, query))
    assert (found["ServicePrincipalCredentialKeyId"], found["IPAddress"], found["Uses"]) == (key_id, "203.0.113.9", 1)
    cloud.clock.shift(timedelta(days=2))
    assert rows(await ask(cloud, http, query)) == []


async def test_uses_with_a_user_are_in_the_report_only(cloud: Cloud, http: httpx.AsyncClient) -> None:
    app_id = cloud.entra.add_application().current["appId"]
    key_id = cloud.entra.add_secret(app_id)["keyId"]
    cloud.entra.note_use(app_id, key_id, with_user=True)
    query = f"AADServicePrincipalSignInLogs | where AppId == '{app_id}' | project Key = ServicePrincipalCredentialKeyId"
    assert rows(await ask(cloud, http, query)) == []
    headers = {"Authorization": f"Bearer {token_of(cloud, cloud.app)}"}
    url = f"{cloud.urls['graph']}/beta/reports/appCredentialSignInActivities?$top=999"
    report = (await http.get(url, headers=headers)).json()["value"]
    assert key_id in [row["keyId"] for row in report]


async def test_a_persons_code_redeemed_with_a_secret_is_a_use_with_a_user(
    cloud: Cloud, http: httpx.AsyncClient
) -> None:
    target = "https://localhost:1/callback"
    app_id = cloud.entra.add_application({"web": {"redirectUris": [target]}}).current["appId"]
    made = cloud.entra.add_secret(app_id)
    user = cloud.entra.add_user("Ulla User").current["userPrincipalName"]
    base = f"{cloud.urls['authority']}/{cloud.tenant_id}/oauth2/v2.0"
    asked = {"client_id": app_id, "redirect_uri": target}
    sent = await http.get(f"{base}/authorize", params={**asked, "login_hint": user})
    code = httpx.URL(sent.headers["location"]).params["code"]
    form = {**asked, "grant_type": "authorization_code", "code": code}
    wrong = await http.post(f"{base}/token", data={**form, "client_secret": "wrong"})
    assert wrong.json()["error_codes"] == [7000215]
    assert (await http.post(f"{base}/token", data={**form, "client_secret": made["secretText"]})).status_code == 200
    last = cloud.entra.truth.sign_ins[-1]
    assert (last.key_id, last.with_user, last.error) == (made["keyId"], True, 0)


async def test_the_timespan_and_the_workspace_hold(cloud: Cloud, http: httpx.AsyncClient) -> None:
    app_id = cloud.entra.add_application().current["appId"]
    cloud.entra.note_use(app_id, cloud.entra.add_secret(app_id)["keyId"])
    cloud.clock.shift(timedelta(hours=3))
    query = f"AADServicePrincipalSignInLogs | where AppId =~ '{app_id.upper()}' | sort by TimeGenerated desc | take 5"
    assert len(rows(await ask(cloud, http, query))) == 1
    assert rows(await ask(cloud, http, query, timespan="PT1H")) == []
    assert len(rows(await ask(cloud, http, query, timespan="P1D"))) == 1
    url = f"{cloud.urls['logs']}/v1/workspaces/other/query"
    assert (await http.post(url, json={"query": query})).status_code == 401
    headers = {"Authorization": f"Bearer {token_of(cloud, cloud.app, audience=AUDIENCE)}"}
    assert (await http.post(url, json={"query": query}, headers=headers)).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["Heartbeat | take 1", "AADServicePrincipalSignInLogs | join Heartbeat", "AADServicePrincipalSignInLogs | where §"],
)
async def test_queries_outside_the_subset_are_refused(cloud: Cloud, http: httpx.AsyncClient, query: str) -> None:
    answered = await ask(cloud, http, query)
    assert (answered.status_code, answered.json()["error"]["code"]) == (400, "BadArgumentError")
