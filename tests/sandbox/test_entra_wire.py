"""Details of the sandbox's Graph on the wire: headers, envelopes, queries, rights, limits (platform.md A)."""

import base64
import ssl
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sandbox.cloud import Cloud
from sandbox.entra.objects import Entry
from tests.sandbox.conftest import graph_client

pytestmark = pytest.mark.sandbox


def marked(cloud: Cloud, count: int, **properties: Any) -> tuple[str, list[Entry]]:
    """Applications that only this test knows, found by the start of their name."""
    marker = uuid.uuid4().hex
    return marker, [cloud.entra.add_application({"displayName": f"{marker} {n}", **properties}) for n in range(count)]


async def names(graph: httpx.AsyncClient, expression: str, **options: str) -> list[str]:
    advanced = {"ConsistencyLevel": "eventual"} if "$count" in options else {}
    found = await graph.get("/applications", params={"$filter": expression, **options}, headers=advanced)
    assert found.status_code == 200, found.text
    return [application["displayName"] for application in found.json()["value"]]


async def test_every_answer_carries_graphs_headers(graph: httpx.AsyncClient) -> None:
    own = str(uuid.uuid4())
    found = await graph.get("/applications?$top=1", headers={"client-request-id": own})
    assert found.headers["client-request-id"] == own
    assert str(uuid.UUID(found.headers["request-id"])) == found.headers["request-id"]
    assert "DataCenter" in found.headers["x-ms-ags-diagnostic"]
    assert found.headers["x-ms-resource-unit"] == "1"
    assert found.headers["content-type"].startswith("application/json;odata.metadata=minimal")


async def test_the_error_envelope(graph: httpx.AsyncClient) -> None:
    own = str(uuid.uuid4())
    found = await graph.get(f"/applications/{uuid.uuid4()}", headers={"client-request-id": own})
    error = found.json()["error"]
    assert (found.status_code, error["code"]) == (404, "Request_ResourceNotFound")
    assert error["innerError"]["client-request-id"] == own
    assert error["innerError"]["request-id"] == found.headers["request-id"]
    assert datetime.fromisoformat(error["innerError"]["date"]).tzinfo is None


async def test_a_token_is_asked_for_and_its_audience_checked(cloud: Cloud, http: httpx.AsyncClient) -> None:
    url = f"{cloud.urls['graph']}/v1.0/applications"
    wrong = cloud.entra.tokens.issue(app_id="a", object_id="o", audience="https://vault.azure.net")
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": f"Bearer {wrong}"}):
        found = await http.get(url, headers=headers)
        assert (found.status_code, found.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
        assert found.headers["www-authenticate"].startswith("Bearer")


async def test_pages_are_opaque_absolute_and_complete(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    marker, made = marked(cloud, 5)
    options = {
        "$filter": f"startswith(displayName,'{marker}')",
        "$top": "2",
        "$select": "id,displayName",
        "$count": "true",
    }
    page = (await graph.get("/applications", params=options)).json()
    assert page["@odata.count"] == 5
    assert page["@odata.context"].endswith("$metadata#applications(id,displayName)")
    assert [sorted(item) for item in page["value"]] == [["displayName", "id"]] * 2
    found = page["value"]
    while link := page.get("@odata.nextLink"):
        assert link.startswith(cloud.urls["graph"])
        assert "$skiptoken=" in link
        page = (await graph.get(link)).json()
        assert "@odata.count" not in page
        found += page["value"]
    assert [item["id"] for item in found] == [entry.id for entry in made]


@pytest.mark.parametrize("top", ["0", "1000", "x"])
async def test_a_page_size_out_of_bounds_is_400(graph: httpx.AsyncClient, top: str) -> None:
    found = await graph.get("/applications", params={"$top": top})
    assert found.status_code == 400


async def test_filters(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    marker, made = marked(cloud, 2, createdDateTime="2024-05-01T10:00:00Z", tags=["blue"])
    uri = f"api://{marker}"
    quoted = cloud.entra.add_application(
        {"displayName": f"{marker} O'Brien", "identifierUris": [uri], "createdDateTime": "2025-05-01T10:00:00.1234567Z"}
    )
    everyone, mine = [f"{marker} 0", f"{marker} 1", f"{marker} O'Brien"], f"startswith(displayName,'{marker}')"
    assert await names(graph, mine) == everyone
    assert await names(graph, f"displayName eq '{marker.upper()} O''BRIEN'") == everyone[2:]
    assert await names(graph, f"appId eq '{made[1].current['appId']}'") == everyone[1:2]
    assert await names(graph, f"identifierUris/any(s:s eq '{uri}')") == everyone[2:]
    assert await names(graph, f"{mine} and tags/any(t:t eq 'blue')") == everyone[:2]
    assert await names(graph, f"{mine} and createdDateTime ge 2025-01-01T00:00:00Z") == everyone[2:]
    assert await names(graph, f"{mine} and (createdDateTime le 2024-12-31T00:00:00Z)") == everyone[:2]
    assert await names(graph, f"{mine} and id in ('{quoted.id}','{made[0].id}')") == [everyone[0], everyone[2]]


async def test_advanced_filters_need_the_header_and_count(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    marker, made = marked(cloud, 2)
    made[0].owners.append(cloud.entra.add_user("Otto Owner").id)
    expression = f"startswith(displayName,'{marker}') and owners/$count eq 0"
    refused = await graph.get("/applications", params={"$filter": expression})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "Request_UnsupportedQuery")
    assert await names(graph, expression, **{"$count": "true"}) == [f"{marker} 1"]
    sort = {"$count": "true", "$orderby": "displayName desc"}
    assert await names(graph, f"startswith(displayName,'{marker}')", **sort) == [f"{marker} 1", f"{marker} 0"]


@pytest.mark.parametrize(
    "expression", ["passwordCredentials/any(p:p/keyId eq 'x')", "displayName eq 'open", "displayName like 'x'", "()"]
)
async def test_filters_that_graph_does_not_take_are_400(graph: httpx.AsyncClient, expression: str) -> None:
    assert (await graph.get("/applications", params={"$filter": expression})).status_code == 400


async def test_count_as_text_needs_the_header(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    marker, _ = marked(cloud, 3)
    options = {"$filter": f"startswith(displayName,'{marker}')"}
    assert (await graph.get("/applications/$count", params=options)).status_code == 400
    counted = await graph.get("/applications/$count", params=options, headers={"ConsistencyLevel": "eventual"})
    assert (counted.text, counted.headers["content-type"]) == ("3", "text/plain")


async def test_expanded_owners_stop_at_twenty(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    marker, made = marked(cloud, 1)
    made[0].owners.extend(cloud.entra.add_user(f"{marker} {n}").id for n in range(25))
    options = {"$filter": f"startswith(displayName,'{marker}')", "$expand": "owners($select=id,mail)"}
    [found] = (await graph.get("/applications", params=options)).json()["value"]
    assert len(found["owners"]) == 20
    assert set(found["owners"][0]) == {"@odata.type", "id", "mail"}
    listed = (await graph.get(f"/applications/{made[0].id}/owners")).json()["value"]
    assert len(listed) == 25


async def test_a_certificates_bytes_are_shown_only_on_select_of_one(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    entry = cloud.entra.add_application()
    path = f"/applications/{entry.id}"
    key = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": "QUJD\nREVG", "displayName": "c"}
    times = {"startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2027-01-01T00:00:00Z"}
    assert (await graph.patch(path, json={"keyCredentials": [{**key, **times}]})).status_code == 204
    [hidden] = (await graph.get(path)).json()["keyCredentials"]
    [shown] = (await graph.get(path, params={"$select": "keyCredentials"})).json()["keyCredentials"]
    assert (hidden["key"], shown["key"]) == (None, "QUJDREVG")
    kept = await graph.patch(path, json={"keyCredentials": [hidden, {**key, **times, "displayName": "d"}]})
    assert kept.status_code == 204
    both = (await graph.get(path, params={"$select": "keyCredentials"})).json()["keyCredentials"]
    assert [(c["displayName"], c["key"]) for c in both] == [("c", "QUJDREVG"), ("d", "QUJDREVG")]


async def test_a_patch_merges_nested_objects(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    entry = cloud.entra.add_application()
    path = f"/applications/{entry.id}"
    await graph.patch(path, json={"web": {"homePageUrl": "https://one.example"}})
    await graph.patch(path, json={"web": {"redirectUris": ["https://two.example"]}})
    web = (await graph.get(path)).json()["web"]
    assert (web["homePageUrl"], web["redirectUris"]) == ("https://one.example", ["https://two.example"])
    assert web["implicitGrantSettings"] == {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False}
    refused = await graph.patch(path, json={"passwordCredentials": [{"displayName": "by hand"}]})
    assert refused.status_code == 400


async def test_dates_keep_their_fractions(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    entry = cloud.entra.add_application()
    given = {"startDateTime": "2026-01-01T01:00:00+01:00", "endDateTime": "2027-01-01T00:00:00.1234567Z"}
    made = await graph.post(f"/applications/{entry.id}/addPassword", json={"passwordCredential": given})
    assert made.json()["startDateTime"] == "2026-01-01T00:00:00Z"
    assert made.json()["endDateTime"] == "2027-01-01T00:00:00.1234567Z"
    bad = await graph.post(
        f"/applications/{entry.id}/addPassword", json={"passwordCredential": {"endDateTime": "soon"}}
    )
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "Request_BadRequest")


async def test_personal_accounts_hold_two_secrets(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    entry = cloud.entra.add_application({"signInAudience": "AzureADandPersonalMicrosoftAccount"})
    answers = [await graph.post(f"/applications/{entry.id}/addPassword") for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 400]
    assert "maximum of 2" in answers[2].json()["error"]["message"]


async def test_an_object_can_be_full(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    cloud.entra.behaviour.update({"credential_limit": 1})
    entry = cloud.entra.add_application()
    answers = [await graph.post(f"/applications/{entry.id}/addPassword") for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 403]
    assert answers[1].json()["error"]["code"] == "Directory_ResourceSizeExceeded"


async def test_the_tenants_policy_limits_lifetime_and_forbids(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    old = cloud.entra.directory.policies.default
    entry = cloud.entra.add_application()
    path, default = f"/applications/{entry.id}/addPassword", "/policies/defaultAppManagementPolicy"
    rule = {"restrictionType": "passwordLifetime", "maxLifetime": "P90D", "state": "enabled"}
    end = (datetime.now(UTC) + timedelta(days=80)).isoformat()
    try:
        restrictions = {"applicationRestrictions": {"passwordCredentials": [rule]}}
        assert (await graph.patch(default, json={"isEnabled": True, **restrictions})).status_code == 204
        long = await graph.post(path)
        assert (long.status_code, long.json()["error"]["code"]) == (400, "CredentialInvalidLifetimeAsPerAppPolicy")
        short = await graph.post(path, json={"passwordCredential": {"endDateTime": end}})
        assert short.status_code == 200
        own = {"id": "p", "displayName": "None", "isEnabled": True}
        none = {"restrictions": {"passwordCredentials": [{"restrictionType": "passwordAddition", "state": "enabled"}]}}
        cloud.entra.directory.policies.assigned["p"] = {**own, **none}
        reference = {"@odata.id": f"{cloud.urls['graph']}/v1.0/policies/appManagementPolicies/p"}
        assert (await graph.post(f"/applications/{entry.id}/appManagementPolicies/$ref", json=reference)).is_success
        refused = await graph.post(path, json={"passwordCredential": {"endDateTime": end}})
        assert refused.json()["error"]["code"] == "CredentialTypeNotAllowedAsPerAppPolicy"
    finally:
        cloud.entra.directory.policies.default = old


async def test_roles_decide(cloud: Cloud) -> None:
    entry, other = cloud.entra.add_application(), cloud.entra.add_application()
    owner = cloud.entra.add_identity("owns one", ["Application.ReadWrite.OwnedBy"])
    reader = cloud.entra.add_identity("reads", ["Application.Read.All"])
    nobody = cloud.entra.add_identity("nobody")
    entry.owners.append(cloud.entra.principal_of(owner[0]).id)
    async with graph_client(cloud, owner) as client:
        assert (await client.get("/applications?$top=1")).status_code == 200
        assert (await client.post(f"/applications/{entry.id}/addPassword")).status_code == 200
        denied = await client.post(f"/applications/{other.id}/addPassword")
        assert (denied.status_code, denied.json()["error"]["code"]) == (403, "Authorization_RequestDenied")
        reference = {"@odata.id": f"{cloud.urls['graph']}/v1.0/directoryObjects/{other.id}"}
        assert (await client.post(f"/applications/{entry.id}/owners/$ref", json=reference)).status_code == 403
    async with graph_client(cloud, reader) as client:
        assert (await client.get("/applications?$top=1")).status_code == 200
        assert (await client.post(f"/applications/{entry.id}/addPassword")).status_code == 403
        assert (await client.get("/policies/defaultAppManagementPolicy")).status_code == 403
    async with graph_client(cloud, nobody) as client:
        assert (await client.get("/applications?$top=1")).status_code == 403


async def test_deleted_applications_can_be_found_and_restored(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    entry = cloud.entra.add_application({"displayName": "gone"})
    assert (await graph.delete(f"/applications/{entry.id}")).status_code == 204
    assert (await graph.get(f"/applications/{entry.id}")).status_code == 404
    listed = (await graph.get("/directory/deletedItems/microsoft.graph.application")).json()["value"]
    assert entry.id in [item["id"] for item in listed]
    assert (await graph.get(f"/directory/deletedItems/{entry.id}")).json()["deletedDateTime"]
    assert (await graph.post(f"/directory/deletedItems/{entry.id}/restore")).status_code == 200
    assert (await graph.get(f"/applications/{entry.id}")).json()["displayName"] == "gone"


async def test_a_batch_answers_each_part_alone(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    entry = cloud.entra.add_application()
    parts = [
        {"id": "1", "method": "POST", "url": f"/applications/{entry.id}/addPassword", "body": {}},
        {"id": "2", "method": "GET", "url": f"/applications/{uuid.uuid4()}"},
        {"id": "3", "method": "GET", "url": f"/applications/{entry.id}?$select=id", "dependsOn": ["2"]},
        {
            "id": "4",
            "method": "GET",
            "url": f"/applications?$filter=appId%20eq%20'{entry.current['appId']}'&$select=id",
        },
    ]
    answered = await graph.post("/$batch", json={"requests": parts})
    found = {part["id"]: part for part in answered.json()["responses"]}
    assert {number: part["status"] for number, part in found.items()} == {"1": 200, "2": 404, "3": 424, "4": 200}
    assert len(found["1"]["body"]["secretText"]) == 40
    assert found["4"]["body"]["value"] == [{"id": entry.id}]
    many = [{"id": str(n), "method": "GET", "url": "/organization"} for n in range(21)]
    assert (await graph.post("/$batch", json={"requests": many})).status_code == 400
    assert (await graph.post("/$batch", json={"requests": [many[0], many[0]]})).status_code == 400


async def test_principals_are_made_and_given_roles(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    entry = cloud.entra.add_application({"displayName": "new principal"}, service_principal=False)
    app_id = entry.current["appId"]
    made = await graph.post("/servicePrincipals", json={"appId": app_id, "accountEnabled": True})
    assert made.status_code == 201
    again = await graph.post("/servicePrincipals", json={"appId": app_id})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "Request_MultipleObjectsWithSameKeyValue")
    by_name = {"$filter": f"servicePrincipalNames/any(c:c eq '{app_id}')"}
    [found] = (await graph.get("/servicePrincipals", params=by_name)).json()["value"]
    resource = (await graph.get("/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')")).json()
    role = next(r["id"] for r in resource["appRoles"] if r["value"] == "Mail.Send")
    grant = {"principalId": found["id"], "resourceId": resource["id"], "appRoleId": role}
    granted = await graph.post(f"/servicePrincipals/{found['id']}/appRoleAssignments", json=grant)
    assert granted.status_code == 201
    assert cloud.entra.directory.roles_of(found["id"]) == {"Mail.Send"}
    given = (await graph.get(f"/servicePrincipals/{resource['id']}/appRoleAssignedTo")).json()["value"]
    assert granted.json()["id"] in [a["id"] for a in given]


async def test_mail_is_accepted_and_kept(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    sender = cloud.entra.add_user("Rotation Reminders").current
    message = {
        "subject": "hello",
        "body": {"contentType": "Text", "content": "x"},
        "toRecipients": [{"emailAddress": {}}],
    }
    sent = await graph.post(f"/users/{sender['userPrincipalName']}/sendMail", json={"message": message})
    assert (sent.status_code, sent.content) == (202, b"")
    assert cloud.entra.truth.mails[-1]["message"]["subject"] == "hello"
    assert cloud.entra.truth.mails[-1]["from"] == sender["mail"]
    mime = base64.b64encode(b"Subject: hello\r\nTo: ada@sandbox.example\r\n\r\nbody\r\n").decode()
    plain = {"content-type": "text/plain"}
    address = f"/users/{sender['id']}/sendMail"
    assert (await graph.post(address, content=mime, headers=plain)).status_code == 202
    kept = cloud.entra.truth.mails[-1]["message"]
    assert (kept["subject"], kept["body"]["content"].strip()) == ("hello", "body")
    async with httpx.AsyncClient(
        verify=ssl.create_default_context(cafile=cloud.ca_file), base_url=cloud.urls["control"]
    ) as anybody:
        number = len(cloud.entra.truth.mails) - 1
        assert f'<a href="/inbox/{number}">hello</a>' in (await anybody.get("/inbox")).text
        assert "body" in (await anybody.get(f"/inbox/{number}")).text
        assert (await anybody.get("/inbox/9999")).status_code == 400
    broken = await graph.post(address, content="?", headers=plain)
    assert (broken.status_code, broken.json()["error"]["code"]) == (400, "ErrorMimeContentInvalidBase64String")
    nobody = base64.b64encode(b"Subject: hello\r\n\r\n").decode()
    assert (await graph.post(address, content=nobody, headers=plain)).status_code == 400
    unknown = await graph.post("/users/nobody@sandbox.example/sendMail", json={"message": message})
    assert unknown.status_code == 404
    async with graph_client(cloud, cloud.entra.add_identity("no mail", ["User.Read.All"])) as client:
        assert (await client.post(f"/users/{sender['id']}/sendMail", json={"message": message})).status_code == 403


async def test_groups_are_counted(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    directory, group = cloud.entra.directory, str(uuid.uuid4())
    directory.groups.add({"id": group, "displayName": "team"}, known_everywhere=True)
    directory.members[group] = [cloud.entra.add_user(f"Member {n}").id for n in range(3)]
    assert len((await graph.get(f"/groups/{group}/members")).json()["value"]) == 3
    counted = await graph.get(f"/groups/{group}/members/$count", headers={"ConsistencyLevel": "eventual"})
    assert counted.text == "3"


async def test_federated_credentials_are_listed(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    entry = cloud.entra.add_application()
    path = f"/applications/{entry.id}/federatedIdentityCredentials"
    given = {"name": "gh", "issuer": "https://i.example", "subject": "s", "audiences": ["api://AzureADTokenExchange"]}
    assert (await graph.post(path, json=given)).status_code == 201
    assert [f["name"] for f in (await graph.get(path)).json()["value"]] == ["gh"]
