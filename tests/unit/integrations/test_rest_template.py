"""Templates that are wrong, and the presets' own traps."""

import json
from collections.abc import AsyncIterator, Mapping
from copy import deepcopy
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from rotation.domain.capability import ReadBack, Readiness
from rotation.domain.delivery import Found, Level
from rotation.domain.errors import AccessDenied, DestinationGone, DestinationRefused, Misconfigured, RotationError
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.catalogue import KINDS, Catalogue
from rotation.ports.integration import Integration
from tests.contract.harness_base import CANARY, CANARY_MARK, CLIENT, NEWER, TENANT
from tests.contract.harness_rest_template import VARIABLE, RestTemplateHarness, variable

API = "https://api.contoso.example/v1"
WRITE: Mapping[str, Any] = {"method": "PUT", "url": f"{API}/secrets/a", "body": {"value": "${value}"}}
LOOK: Mapping[str, Any] = {"url": f"{API}/secrets/a"}


@pytest.fixture
async def harness() -> AsyncIterator[RestTemplateHarness]:
    async with RestTemplateHarness() as started:
        yield started


def made(harness: RestTemplateHarness, **settings: Any) -> tuple[Integration, Destination]:
    """Make the kind for other settings than the harness's own."""
    to = Destination(
        name=harness.destination.name,
        kind="rest-template",
        settings={"private_network": True, **settings},
        fingerprint="any",
        connection=harness.destination.connection,
    )
    return Catalogue(harness.services).of(to), to


async def refused_by(harness: RestTemplateHarness, text: SecretText = CANARY, **settings: Any) -> RotationError:
    kind, to = made(harness, **settings)
    with pytest.raises(RotationError) as refused:
        await kind.deliver(to, harness.shipment(), text)
    assert CANARY_MARK not in repr(refused.value)
    return refused.value


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "problem"),
        [
            ({}, "one of them"),
            ({"request": WRITE, "preset": {"name": "auth0-connection"}}, "address"),
            ({"request": {**WRITE, "url": f"{API}/s?v=${{value}}"}}, "addresses are logged everywhere"),
            ({"request": {**WRITE, "url": f"{API}/${{client}}"}}, r"no gap \$\{client\}; there are application_name"),
            ({"request": {**WRITE, "url": "https://${tenant_id}.contoso.example/"}}, "a host has no gaps"),
            ({"request": {**WRITE, "url": "http://api.contoso.example/"}}, "only https"),
            ({"request": {**WRITE, "method": "GET"}}, "method"),
            ({"request": {**WRITE, "body": {"value": "x"}}}, "nothing would be delivered"),
            ({"request": {**WRITE, "form": {"value": "${value}"}}}, "three ways"),
            ({"request": {**WRITE, "headers": {"Authorization": "Bearer x"}}}, "set by the connection"),
            ({"request": {**WRITE, "headers": {"x-note": "a\r\nb"}}}, "headers"),
            ({"request": {**WRITE, "success": [404]}}, "success"),
            ({"request": {**WRITE, "keep": ["masked"]}}, "request.keep: needs `verify`"),
            ({"request": {"method": "PUT", "url": API, "replace": "/a/b"}}, "request.replace: needs `verify`"),
            (
                {"request": {"method": "PUT", "url": API, "replace": "/a/b"}, "verify": {**LOOK, "value": "/a"}},
                "the same pointer",
            ),
            ({"request": {**WRITE, "sends": ["a"]}}, "request.sends"),
            ({"request": WRITE, "verify": {**LOOK, "value": "data.value"}}, "verify.value"),
            ({"request": WRITE, "verify": {**LOOK, "value": "/a", "timestamp": "/b"}}, "choose one"),
            ({"request": WRITE, "verify": {**LOOK, "headers": {"x": "${value}"}}}, "verify.headers"),
            ({"request": WRITE, "rules": [{"pattern": "[", "why": "theirs"}]}, "no regular expression"),
            ({"request": WRITE, "rules": [{"pattern": "a", "given": {"/b": 1}, "why": "x"}]}, "rules.given: needs"),
            ({"preset": {"name": "jenkins"}}, "gitlab-variable"),
            ({"preset": {"name": "gitlab-variable", "project": "a", "key": "A-B"}}, "key"),
            (
                {"preset": {"name": "gitlab-variable", "project": "a", "key": "B"}, "verify": LOOK},
                "its own `verify`",
            ),
            ({"preset": {"name": "terraform-cloud-variable", "workspace": "ws/1", "variable": "x", "key": "k"}}, "ws"),
        ],
    )
    def test_wrong_ones_are_refused_with_the_reason(self, settings: Mapping[str, Any], problem: str) -> None:
        with pytest.raises(ValidationError, match=problem):
            KINDS["rest-template"].settings_model.model_validate(settings)

    def test_every_problem_is_told_at_once(self) -> None:
        request = {**WRITE, "url": "https://${value}.example/${nothing}", "headers": {"Host": "x"}, "keep": ["a"]}
        with pytest.raises(ValidationError) as refused:
            KINDS["rest-template"].settings_model.model_validate({"request": request})
        told = str(refused.value)
        assert all(each in told for each in ("logged everywhere", "no gap ${nothing}", "no gaps", "Host", "verify"))

    def test_what_it_can_do_follows_from_what_it_can_see(self) -> None:
        seen: list[tuple[ReadBack, Level]] = []
        for look in (None, LOOK, {**LOOK, "timestamp": "/at"}, {**LOOK, "value": "/value"}):
            able = KINDS["rest-template"].capabilities({"request": WRITE} | ({"verify": look} if look else {}))
            seen.append((able.reads_back, able.level or Level.ACCEPTED))
        assert seen == [
            (ReadBack.NONE, Level.ACCEPTED),
            (ReadBack.NONE, Level.ACCEPTED),
            (ReadBack.TIMESTAMP, Level.ACCEPTED),
            (ReadBack.VALUE, Level.STORED),
        ]

    def test_whatever_changes_in_a_template_makes_another_destination(self) -> None:
        kind = KINDS["rest-template"]
        one = kind.fingerprint({"request": WRITE})
        assert one != kind.fingerprint({"request": {**WRITE, "url": f"{API}/secrets/b"}})
        assert one != kind.fingerprint({"request": {**WRITE, "body": {"v": "${value}"}}})
        assert one == kind.fingerprint({"request": dict(WRITE), "timeout_seconds": 20})


class TestOwnTemplates:
    async def test_gaps_are_filled_and_escaped_for_where_they_stand(self, harness: RestTemplateHarness) -> None:
        request = {
            "method": "POST",
            "url": f"{harness.url}/custom/${{application_name}}/${{rotation}}?t=${{tenant_id}}",
            "headers": {"X-Key": "${key_id}"},
            "body": {"${client_id}": ["${value}", 5, None, {"until": "${end_at}", "of": "${line}@${version}"}]},
        }
        kind, to = made(harness, request=request)
        shipment = harness.shipment()
        nasty = SecretText('CANARY~"\\ $' + "{client_id} é")
        await kind.deliver(to, shipment, nasty)
        told = json.loads(harness.products.bodies[0])
        until, whose = shipment.end_at.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{shipment.line}@{shipment.version}"
        assert told == {CLIENT: [nasty.reveal(), 5, None, {"until": until, "of": whose}]}
        assert harness.products.custom_headers[0]["x-key"] == shipment.key_id
        assert harness.products.raw_paths == [f"/custom/payments%20%3Cb%3E%26/{shipment.rotation}"]
        assert harness.calls[0].endswith(f"?t={TENANT}")

    async def test_a_form_is_encoded(self, harness: RestTemplateHarness) -> None:
        form = {"secret": "${value}", "name": "a b&c"}
        kind, to = made(harness, request={"method": "POST", "url": f"{harness.url}/custom/form", "form": form})
        await kind.deliver(to, harness.shipment(), CANARY)
        assert parse_qs(harness.products.bodies[0]) == {"secret": [CANARY.reveal()], "name": ["a b&c"]}

    async def test_a_header_can_bear_the_value_but_not_every_value(self, harness: RestTemplateHarness) -> None:
        request = {"method": "PUT", "url": f"{harness.url}/custom/h", "headers": {"X-Secret": "v1 ${value}"}}
        kind, to = made(harness, request=request)
        await kind.deliver(to, harness.shipment(), CANARY)
        assert harness.products.custom_headers[0]["x-secret"] == f"v1 {CANARY.reveal()}"
        refused = await refused_by(harness, SecretText("CANARY~\r\nX-Admin: yes"), request=request)
        assert (refused.reason, harness.products.writes) == ("value-does-not-fit", 1)

    async def test_without_a_look_nobody_knows(self, harness: RestTemplateHarness) -> None:
        kind, to = made(harness, request={**WRITE, "url": f"{harness.url}/custom/a"})
        assert (await kind.check(to)).readiness is Readiness.UNKNOWN
        verdict = await kind.verify(to, harness.shipment(), CANARY)
        assert (verdict.found, verdict.level) == (Found.UNKNOWABLE, Level.ACCEPTED)

    async def test_a_look_with_gaps_waits_for_a_rotation(self, harness: RestTemplateHarness) -> None:
        look = {"url": f"{harness.url}/custom/${{client_id}}", "timestamp": "/updated_at"}
        kind, to = made(harness, request={**WRITE, "url": f"{harness.url}/custom/${{client_id}}"}, verify=look)
        assert (await kind.check(to)).readiness is Readiness.UNKNOWN
        assert (await kind.verify(to, harness.shipment(), CANARY)).found is Found.ABSENT
        await kind.deliver(to, harness.shipment(), CANARY)
        verdict = await kind.verify(to, harness.shipment(), CANARY)
        assert (verdict.found, "2026-11-22T10:00:00Z" in verdict.why) == (Found.UNKNOWABLE, True)

    async def test_a_timestamp_that_is_none_is_not_repeated(self, harness: RestTemplateHarness) -> None:
        harness.products.custom["a"] = {"updated_at": f"{CANARY_MARK}something"}
        look = {"url": f"{harness.url}/custom/a", "timestamp": "/updated_at"}
        kind, to = made(harness, request={**WRITE, "url": f"{harness.url}/custom/a"}, verify=look)
        assert CANARY_MARK not in repr(await kind.verify(to, harness.shipment(), CANARY))

    async def test_another_success_than_those_that_were_named_is_none(self, harness: RestTemplateHarness) -> None:
        request = {**WRITE, "url": f"{harness.url}/custom/a", "success": [201]}
        refused = await refused_by(harness, request=request)
        assert (type(refused), "204; success is 201" in refused.message) == (DestinationRefused, True)

    async def test_a_rule_is_checked_before_anything_is_sent(self, harness: RestTemplateHarness) -> None:
        rules = [{"pattern": "[a-z]+", "why": "theirs are lower case"}]
        refused = await refused_by(harness, request={**WRITE, "url": f"{harness.url}/custom/a"}, rules=rules)
        assert (refused.reason, "theirs are lower case" in refused.message) == ("value-does-not-fit", True)
        assert not harness.calls


class TestGitLab:
    async def test_flags_stay_and_the_scope_is_the_one_that_was_named(self, harness: RestTemplateHarness) -> None:
        production = variable(environment_scope="production/*", protected=False, variable_type="file", description="d")
        harness.products.variables.append(production)
        preset = {**dict(harness.settings)["preset"], "environment_scope": "production/*"}  # type: ignore[dict-item]
        kind, to = made(harness, preset=preset)
        before = deepcopy(production)
        await kind.deliver(to, harness.shipment(), CANARY)
        assert production == before | {"value": CANARY.reveal()}
        assert harness.products.variables[0]["value"] == "first~value"
        kept = {"variable_type", "protected", "masked", "raw", "description", "value"}
        assert set(harness.products.bodies[0]) == kept
        assert set(harness.products.raw_paths) == {f"/api/v4/projects/contoso%2Ferp/variables/{VARIABLE}"}

    async def test_a_scope_that_is_not_there_is_gone(self, harness: RestTemplateHarness) -> None:
        preset = {**dict(harness.settings)["preset"], "environment_scope": "staging"}  # type: ignore[dict-item]
        assert type(await refused_by(harness, preset=preset)) is DestinationGone
        kind, to = made(harness, preset=preset)
        assert (await kind.check(to)).readiness is Readiness.MISCONFIGURED

    @pytest.mark.parametrize(
        ("flags", "text", "fits"),
        [
            ({"raw": False}, "CANARY~8Q.vx-12_34", True),
            ({"raw": False}, "CANARY~$HOME-1234", False),
            ({"raw": True}, "CANARY~$HOME-1234", True),
            ({"raw": True}, "CANARY~ 12345678", False),
            ({"raw": True}, "CANARY~", False),
            ({"masked": False}, "CANARY~ $ 1", True),
        ],
    )
    async def test_mask_rules_are_checked_first(
        self, harness: RestTemplateHarness, flags: dict[str, Any], text: str, *, fits: bool
    ) -> None:
        harness.products.variables[:] = [variable(**flags)]
        if fits:
            await harness.integration.deliver(harness.destination, harness.shipment(), SecretText(text))
        else:
            refused = await refused_by(harness, SecretText(text), **dict(harness.settings))
            assert refused.reason == "value-does-not-fit"
        assert harness.products.writes == int(fits)

    async def test_a_hidden_one_is_shown_to_nobody(self, harness: RestTemplateHarness) -> None:
        harness.products.variables[:] = [variable(hidden=True)]
        preset = {**dict(harness.settings)["preset"], "hidden": True}  # type: ignore[dict-item]
        kind, to = made(harness, preset=preset)
        await kind.deliver(to, harness.shipment(), CANARY)
        assert harness.products.variables[0]["value"] == CANARY.reveal()
        assert (await kind.verify(to, harness.shipment(), CANARY)).found is Found.UNKNOWABLE
        assert kind.capabilities.level is Level.ACCEPTED


class TestTerraform:
    def preset(self, harness: RestTemplateHarness, key: str = "client_secret") -> dict[str, Any]:
        named = {"name": "terraform-cloud-variable", "workspace": "ws-1", "variable": "var-1", "key": key}
        return {**named, "address": harness.url}

    async def test_a_sensitive_variable_is_written_and_shown_to_nobody(self, harness: RestTemplateHarness) -> None:
        kind, to = made(harness, preset=self.preset(harness))
        assert (await kind.check(to)).readiness is Readiness.READY
        await kind.deliver(to, harness.shipment(), CANARY)
        assert harness.products.terraform == {
            "key": "client_secret",
            "value": CANARY.reveal(),
            "sensitive": True,
            "category": "env",
        }
        assert (await kind.verify(to, harness.shipment(), CANARY)).found is Found.UNKNOWABLE

    @pytest.mark.parametrize(
        ("key", "sensitive", "where"), [("other", True, "key"), ("client_secret", False, "sensitive")]
    )
    async def test_another_variable_or_one_that_everybody_sees_is_refused(
        self, harness: RestTemplateHarness, key: str, where: str, *, sensitive: bool
    ) -> None:
        harness.products.terraform["sensitive"] = sensitive
        refused = await refused_by(harness, preset=self.preset(harness, key))
        assert (refused.reason, f"/data/attributes/{where}" in refused.message) == ("not-as-expected", True)
        assert harness.products.writes == 0


class AsClient(RestTemplateHarness):
    """Auth0's own clients sign in at the tenant."""

    @property
    def connection(self) -> Mapping[str, object]:  # type: ignore[override]
        told = {"type": "oauth-client", "token_url": f"{self.url}/oauth/token", "client_id": "rotation"}
        return {**told, "secret": "connection", "audience": f"{self.url}/api/v2/"}

    @property
    def settings(self) -> Mapping[str, object]:
        preset = {"name": "auth0-connection", "address": self.url, "connection_id": "con_1"}
        return {"preset": preset, "private_network": True}


class TestAuth0:
    @pytest.fixture
    async def auth0(self) -> AsyncIterator[AsClient]:
        async with AsClient() as started:
            started.products.token = "nobody's"
            yield started

    async def test_options_are_written_whole(self, auth0: AsClient) -> None:
        before = deepcopy(auth0.products.auth0)
        for _twice in range(2):
            await auth0.integration.deliver(auth0.destination, auth0.shipment(), NEWER)
        options = {**before["options"], "client_secret": NEWER.reveal()}
        assert auth0.products.auth0 == before | {"options": options}
        assert auth0.products.writes == 1
        verdict = await auth0.integration.verify(auth0.destination, auth0.shipment(), NEWER)
        assert (verdict.found, verdict.level) == (Found.CURRENT, Level.STORED)
        assert KINDS["rest-template"].resource(auth0.settings) == f"{auth0.url}/api/v2/connections/con_1"

    async def test_it_signs_in_by_client_credentials(self, auth0: AsClient) -> None:
        assert (await auth0.integration.check(auth0.destination)).readiness is Readiness.READY
        asked = auth0.products.bodies[0]
        assert asked == {
            "grant_type": "client_credentials",
            "client_id": "rotation",
            "client_secret": auth0.connection_text,
            "audience": f"{auth0.url}/api/v2/",
        }

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"strategy": "google-apps"}, "not-as-expected"),
            ({"options": {"client_id": "another", "client_secret": "x"}}, "not-as-expected"),
            ({"options": None}, "not-as-expected"),
        ],
    )
    async def test_a_connection_of_another_application_is_left_alone(
        self, auth0: AsClient, changes: dict[str, Any], reason: str
    ) -> None:
        auth0.products.auth0.update(changes)
        with pytest.raises(DestinationRefused) as refused:
            await auth0.integration.deliver(auth0.destination, auth0.shipment(), CANARY)
        assert (refused.value.reason, auth0.products.writes) == (reason, 0)


class AsEntra(RestTemplateHarness):
    connection: ClassVar[Mapping[str, object] | None] = {
        "type": "client-secret",
        "tenant_id": TENANT,
        "client_id": CLIENT,
        "secret": "connection",
    }


async def test_a_client_secret_needs_to_know_what_for() -> None:
    async with AsEntra() as harness:
        with pytest.raises(Misconfigured, match=r"destinations\.there\.scope"):
            await harness.integration.check(harness.destination)


class WithKey(RestTemplateHarness):
    connection: ClassVar[Mapping[str, object] | None] = {
        "type": "api-key",
        "header": "PRIVATE-TOKEN",
        "secret": "connection",
    }


class WithPassword(RestTemplateHarness):
    connection: ClassVar[Mapping[str, object] | None] = {"type": "basic", "user": "me", "secret": "connection"}


@pytest.mark.parametrize(
    ("harness_type", "header", "told"),
    [
        (WithKey, "private-token", "CANARY~connection"),
        (WithPassword, "authorization", "Basic bWU6Q0FOQVJZfmNvbm5lY3Rpb24="),
    ],
)
async def test_each_connection_is_a_header(harness_type: type[RestTemplateHarness], header: str, told: str) -> None:
    async with harness_type() as harness:
        kind, to = made(harness, request={**WRITE, "url": f"{harness.url}/custom/a"})
        await kind.deliver(to, harness.shipment(), CANARY)
        assert harness.products.custom_headers[0][header] == told


async def test_a_client_that_is_refused_is_told_without_its_secret() -> None:
    class Wrong(AsClient):
        connection_text = f"{CANARY_MARK}wrong"

    async with Wrong() as harness:
        with pytest.raises(AccessDenied) as refused:
            await harness.integration.check(harness.destination)
    assert CANARY_MARK not in repr(refused.value)


def test_it_says_where_it_leads_without_a_query() -> None:
    preset = {"name": "gitlab-variable", "project": "contoso/erp", "key": VARIABLE}
    told = KINDS["rest-template"].read({"preset": preset}).describe()
    assert told.where == f"PUT /api/v4/projects/contoso%2Ferp/variables/{VARIABLE} at gitlab.com"
