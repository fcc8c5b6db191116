"""The sandbox's sign-in, held to platform.md B by azure-identity (both kinds) and on the wire."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential as SyncCredential
from azure.identity import ManagedIdentityCredential as SyncManagedIdentity
from azure.identity.aio import CertificateCredential, ClientSecretCredential, ManagedIdentityCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.cloud import Cloud
from sandbox.entra.objects import Entry
from sandbox.entra.tokens import GRAPH, STORAGE, VAULT

pytestmark = pytest.mark.sandbox
SCOPE = f"{GRAPH}/.default"


def app_with_secret(cloud: Cloud, *, end: datetime | None = None) -> tuple[Entry, str, str]:
    entry = cloud.entra.add_application({"displayName": "signs in"})
    made = cloud.entra.add_secret(entry.current["appId"], end=end)
    return entry, made["keyId"], made["secretText"]


async def refused(cloud: Cloud, app_id: str, secret: str) -> tuple[int | None, int]:
    """The status and AADSTS number that the async SDK reports."""
    async with ClientSecretCredential(cloud.tenant_id, app_id, secret, authority=cloud.urls["authority"]) as credential:
        with pytest.raises(ClientAuthenticationError) as caught:
            await credential.get_token(SCOPE)
    response = caught.value.response
    assert response is not None
    found = re.search(r"AADSTS(\d+)", str(caught.value))
    assert found is not None
    return response.status_code, int(found.group(1))


async def test_a_right_secret_signs_in(cloud: Cloud) -> None:
    entry, key_id, secret = app_with_secret(cloud)
    app_id = entry.current["appId"]
    async with ClientSecretCredential(cloud.tenant_id, app_id, secret, authority=cloud.urls["authority"]) as credential:
        token = await credential.get_token(SCOPE)
    claims = jwt.decode(token.token, options={"verify_signature": False})
    assert (claims["aud"], claims["appid"], claims["tid"]) == (GRAPH, app_id, cloud.tenant_id)
    last = cloud.entra.truth.sign_ins[-1]
    assert (last.app_id, last.key_id, last.error, last.address) == (app_id, key_id, 0, "127.0.0.1")


def test_the_sync_sdk_signs_in_and_discovers(cloud: Cloud) -> None:
    entry, _, secret = app_with_secret(cloud)
    app_id, authority = entry.current["appId"], cloud.urls["authority"]
    with SyncCredential(
        cloud.tenant_id, app_id, secret, authority=authority, disable_instance_discovery=True
    ) as credential:
        assert credential.get_token(f"{VAULT}/.default", enable_cae=True).token


async def test_a_wrong_secret_is_7000215(cloud: Cloud) -> None:
    entry, _, secret = app_with_secret(cloud)
    assert await refused(cloud, entry.current["appId"], secret + "x") == (401, 7000215)


def test_the_sync_sdk_tells_the_code_in_its_message_only(cloud: Cloud) -> None:
    entry, _, _ = app_with_secret(cloud)
    with (
        SyncCredential(
            cloud.tenant_id,
            entry.current["appId"],
            "wrong",
            authority=cloud.urls["authority"],
            disable_instance_discovery=True,
        ) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        credential.get_token(SCOPE)


async def test_an_expired_secret_is_7000222(cloud: Cloud) -> None:
    entry, _, secret = app_with_secret(cloud, end=datetime.now(UTC) + timedelta(days=1))
    cloud.clock.shift(timedelta(days=2))
    assert await refused(cloud, entry.current["appId"], secret) == (401, 7000222)


async def test_an_unknown_application_is_700016(cloud: Cloud) -> None:
    assert await refused(cloud, str(uuid.uuid4()), "x") == (400, 700016)


async def test_without_a_service_principal_it_is_7000229(cloud: Cloud) -> None:
    entry = cloud.entra.add_application({"displayName": "no principal"}, service_principal=False)
    secret = cloud.entra.add_secret(entry.current["appId"])["secretText"]
    assert await refused(cloud, entry.current["appId"], secret) == (401, 7000229)


@pytest.mark.parametrize("number", [53003, 501051])
async def test_refusals_are_told_per_application_and_only_to_right_secrets(cloud: Cloud, number: int) -> None:
    entry, _, secret = app_with_secret(cloud)
    cloud.entra.refuse_sign_in(entry.current["appId"], number)
    assert await refused(cloud, entry.current["appId"], secret) == (400, number)
    assert await refused(cloud, entry.current["appId"], "wrong") == (401, 7000215)


async def test_a_disabled_principal_is_7000112(cloud: Cloud, graph: httpx.AsyncClient) -> None:
    entry, _, secret = app_with_secret(cloud)
    principal = cloud.entra.principal_of(entry.current["appId"])
    answered = await graph.patch(f"/servicePrincipals/{principal.id}", json={"accountEnabled": False})
    assert answered.status_code == 204
    assert await refused(cloud, entry.current["appId"], secret) == (400, 7000112)


async def test_a_certificate_signs_in(cloud: Cloud) -> None:
    entry = cloud.entra.add_application({"displayName": "certificate"})
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "app")])
    start, end = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=9)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(end)
    public = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    app_id, authority = entry.current["appId"], cloud.urls["authority"]
    async with CertificateCredential(
        cloud.tenant_id, app_id, certificate_data=private + public, authority=authority
    ) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS700027"):
            await credential.get_token(SCOPE)
        key_id = cloud.entra.add_certificate(app_id, public, start=start, end=end)
        assert (await credential.get_token(SCOPE)).token
    assert cloud.entra.truth.sign_ins[-1].key_id == key_id


async def test_managed_identity_through_the_sdks(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.setenv(name, cloud.environment()[name])
    async with ManagedIdentityCredential() as credential:
        token = await credential.get_token(SCOPE)
    claims = jwt.decode(token.token, options={"verify_signature": False})
    assert claims["appid"] == cloud.app[0]
    assert "Application.ReadWrite.OwnedBy" in claims["roles"]
    with SyncManagedIdentity(client_id=cloud.app[0]) as sync:
        assert sync.get_token(f"{STORAGE}/.default").token


async def test_managed_identity_lives_in_moved_time_and_asks_for_its_header(
    cloud: Cloud, http: httpx.AsyncClient
) -> None:
    cloud.clock.shift(timedelta(days=40))
    url = cloud.environment()["IDENTITY_ENDPOINT"]
    asked = {"api-version": "2019-08-01", "resource": VAULT}
    good = await http.get(url, params=asked, headers={"X-IDENTITY-HEADER": cloud.identity_header})
    assert abs(int(good.json()["expires_on"]) - cloud.clock.now().timestamp() - 3599) < 60
    claims = jwt.decode(good.json()["access_token"], options={"verify_signature": False})
    assert claims["exp"] < datetime.now(UTC).timestamp() + 4000
    assert (await http.get(url, params=asked)).status_code == 401
    other = await http.get(
        url, params={**asked, "client_id": str(uuid.uuid4())}, headers={"X-IDENTITY-HEADER": cloud.identity_header}
    )
    assert (other.status_code, other.json()["statusCode"]) == (400, 400)


@pytest.mark.parametrize(
    ("scope", "audience"),
    [
        ("https://management.core.windows.net//.default", "https://management.core.windows.net"),
        ("00000003-0000-0000-c000-000000000000/.default", GRAPH),
        ("https://storage.azure.com/.default", STORAGE),
    ],
)
async def test_scopes_become_audiences(cloud: Cloud, http: httpx.AsyncClient, scope: str, audience: str) -> None:
    answered = await ask(cloud, http, client_id=cloud.app[0], client_secret=cloud.app[1], scope=scope)
    claims = jwt.decode(answered.json()["access_token"], options={"verify_signature": False})
    assert claims["aud"] == audience


async def ask(cloud: Cloud, http: httpx.AsyncClient, *, tenant: str | None = None, **form: str) -> httpx.Response:
    url = f"{cloud.urls['authority']}/{tenant or cloud.tenant_id}/oauth2/v2.0/token"
    return await http.post(url, data={"grant_type": "client_credentials", **form})


async def test_graphs_own_address_is_an_audience(cloud: Cloud, http: httpx.AsyncClient) -> None:
    scope = f"{cloud.urls['graph']}/.default"
    answered = await ask(cloud, http, client_id=cloud.app[0], client_secret=cloud.app[1], scope=scope)
    headers = {"Authorization": f"Bearer {answered.json()['access_token']}"}
    assert (await http.get(f"{cloud.urls['graph']}/v1.0/applications?$top=1", headers=headers)).status_code == 200


async def test_basic_authentication_of_the_client(cloud: Cloud, http: httpx.AsyncClient) -> None:
    url = f"{cloud.urls['authority']}/{cloud.tenant_id}/oauth2/v2.0/token"
    form = {"grant_type": "client_credentials", "scope": SCOPE}
    assert (await http.post(url, data=form, auth=cloud.app)).status_code == 200


async def test_the_wire_of_a_refusal(cloud: Cloud, http: httpx.AsyncClient) -> None:
    answered = await ask(cloud, http, client_id=cloud.app[0], client_secret="wrong", scope=SCOPE, client_info="1")
    body = answered.json()
    assert (answered.status_code, body["error"], body["error_codes"]) == (401, "invalid_client", [7000215])
    assert body["error_description"].startswith("AADSTS7000215: Invalid client secret provided.")
    assert f"'{cloud.app[0]}'" in body["error_description"]
    assert {"timestamp", "trace_id", "correlation_id", "error_uri"} <= body.keys()


async def test_other_refusals(cloud: Cloud, http: httpx.AsyncClient) -> None:
    good = {"client_id": cloud.app[0], "client_secret": cloud.app[1], "scope": SCOPE}
    told = {
        90002: await ask(cloud, http, tenant=str(uuid.uuid4()), **good),
        500011: await ask(cloud, http, **{**good, "scope": "https://nobody.example/.default"}),
        1002012: await ask(cloud, http, **{**good, "scope": "https://graph.microsoft.com/User.Read"}),
        7000218: await ask(cloud, http, client_id=cloud.app[0], scope=SCOPE),
        70003: await ask(cloud, http, **{**good, "grant_type": "password"}),
        900144: await ask(cloud, http, client_id=cloud.app[0], client_secret=cloud.app[1]),
    }
    assert {number: answered.json()["error_codes"] for number, answered in told.items()} == {n: [n] for n in told}
    assert {n: a.status_code for n, a in told.items()} == {**dict.fromkeys(told, 400), 7000218: 401}


async def test_discovery_names_tokens_and_keys(cloud: Cloud, http: httpx.AsyncClient) -> None:
    authority = cloud.urls["authority"]
    found = (await http.get(f"{authority}/{cloud.tenant_id}/v2.0/.well-known/openid-configuration")).json()
    assert found["token_endpoint"] == f"{authority}/{cloud.tenant_id}/oauth2/v2.0/token"
    keys = (await http.get(found["jwks_uri"])).json()["keys"]
    token = (await ask(cloud, http, client_id=cloud.app[0], client_secret=cloud.app[1], scope=SCOPE)).json()
    assert jwt.decode(token["access_token"], jwt.PyJWK(keys[0]), audience=GRAPH)["appid"] == cloud.app[0]
    instance = await http.get(f"{authority}/common/discovery/instance", params={"api-version": "1.1"})
    assert "tenant_discovery_endpoint" in instance.json()


async def test_a_person_signs_in_by_clicking_on_a_name(cloud: Cloud, http: httpx.AsyncClient) -> None:
    user = cloud.entra.add_user("Paula Person")
    target = "https://localhost:1/.auth/login/aad/callback"
    roles = [{"id": str(uuid.uuid4()), "value": "Operator"}, {"id": str(uuid.uuid4()), "value": "Reader"}]
    site = cloud.entra.add_application({"displayName": "site", "web": {"redirectUris": [target]}, "appRoles": roles})
    app_id = site.current["appId"]
    cloud.entra.give_role(user.id, app_id, "Operator")
    page = f"{cloud.urls['authority']}/{cloud.tenant_id}/oauth2/v2.0/authorize"
    asked = {"client_id": app_id, "redirect_uri": target, "response_type": "code", "state": "s", "nonce": "n"}
    assert "Paula Person" in (await http.get(page, params=asked)).text
    sent = await http.post(page, params=asked, data={**asked, "user": user.id})
    back = httpx.URL(sent.headers["location"])
    assert (sent.status_code, back.params["state"]) == (302, "s")
    form = {
        "grant_type": "authorization_code",
        "client_id": app_id,
        "redirect_uri": target,
        "code": back.params["code"],
    }
    got = await ask(cloud, http, **form)
    claims = jwt.decode(got.json()["id_token"], options={"verify_signature": False})
    assert (claims["oid"], claims["nonce"], claims["name"]) == (user.id, "n", "Paula Person")
    assert claims["roles"] == ["Operator"]
    assert (await ask(cloud, http, **form)).json()["error_codes"] == [70008]
    elsewhere = {**asked, "redirect_uri": "https://evil.example/"}
    assert (await http.get(page, params=elsewhere)).status_code == 400
