"""The generated tenant is the same for equal arguments, and as untidy as real ones."""

import unicodedata
from base64 import b64decode
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.tenant.counts import counts_of
from sandbox.tenant.document import to_document
from sandbox.tenant.generator import generate
from sandbox.tenant.instants import parse_graph_text
from sandbox.tenant.kinds import SPECIMENS
from sandbox.tenant.model import Drawn, Tenant

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
PERSONAL = {"AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"}


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    return generate(applications=2_000, seed=7, now=NOW)


@pytest.fixture(scope="module")
def applications(tenant: Tenant) -> list[dict[str, Any]]:
    return list(tenant.applications())


@pytest.fixture(scope="module")
def principals(tenant: Tenant) -> list[dict[str, Any]]:
    return list(tenant.service_principals())


def _secrets(applications: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [secret for each in applications for secret in each["passwordCredentials"]]


def test_equal_arguments_make_equal_tenants() -> None:
    one, two = (to_document(generate(applications=300, seed=3, now=NOW)) for _ in range(2))
    assert one == two


def test_another_seed_makes_another_tenant() -> None:
    one, two = (to_document(generate(applications=30, seed=seed, now=NOW)) for seed in (3, 4))
    assert one["tenantId"] != two["tenantId"]
    assert {each["id"] for each in one["applications"]}.isdisjoint(each["id"] for each in two["applications"])


def test_an_application_does_not_depend_on_how_many_there_are() -> None:
    few = list(generate(applications=20, seed=3, now=NOW).applications())
    many = list(generate(applications=2_000, seed=3, now=NOW).applications())
    assert many[:20] == few


def test_every_walk_yields_fresh_objects(tenant: Tenant) -> None:
    first = next(tenant.applications())
    first["identifierUris"].append("https://changed.example")
    first["passwordCredentials"].clear()
    again = next(tenant.applications())
    assert "https://changed.example" not in again["identifierUris"]
    assert again["passwordCredentials"]


def test_one_step_of_a_walk_makes_one_thing() -> None:
    drawn: list[int] = []

    def draw(number: int) -> int:
        drawn.append(number)
        return number

    assert next(iter(Drawn(count=100_000, draw=draw))) == 0
    assert drawn == [0]


def test_ids_are_unique(applications: list[dict[str, Any]], principals: list[dict[str, Any]]) -> None:
    ids = [each["id"] for each in applications + principals] + [each["appId"] for each in applications]
    keys = [secret["keyId"] for secret in _secrets(applications)]
    assert max(Counter(ids).values()) == 1
    assert max(Counter(keys).values()) == 1


def test_counts_by_seed_stay_as_they_are(tenant: Tenant) -> None:
    counts = counts_of(tenant, NOW)
    assert counts.applications == 2_000
    assert counts.users == 58
    assert 350 < counts.without_credentials < 650
    assert 1_500 < counts.secrets < 3_000
    assert 500 < counts.expired_secrets < 1_500
    assert 50 < counts.never_ending_secrets < 200
    assert 80 < counts.certificates < 300
    assert 1_100 < counts.owned_applications < 1_500
    assert 1_800 < counts.service_principals < 2_000
    assert 20 < counts.federated_applications < 80


def test_a_small_tenant_has_one_of_each_kind() -> None:
    tenant = generate(applications=len(SPECIMENS), seed=99, now=NOW)
    applications = list(tenant.applications())
    sizes = [len(each["passwordCredentials"]) for each in applications]
    assert 0 in sizes
    assert 60 in sizes
    assert any(each["keyCredentials"] for each in applications)
    assert any(each["signInAudience"] in PERSONAL for each in applications)
    assert list(tenant.federated_credentials())
    assert any(each.get("preferredSingleSignOnMode") == "saml" for each in tenant.service_principals())


def test_dates_have_every_fraction_graph_prints(applications: list[dict[str, Any]]) -> None:
    ends = [secret["endDateTime"] for secret in _secrets(applications)]
    digits = {len(end.removesuffix("Z").partition(".")[2]) for end in ends}
    assert digits == set(range(8))
    assert all(end.endswith("Z") for end in ends)
    assert all(parse_graph_text(end).tzinfo is UTC for end in ends)


def test_some_expired_years_ago_and_some_never_end(applications: list[dict[str, Any]]) -> None:
    ends = [parse_graph_text(secret["endDateTime"]) for secret in _secrets(applications)]
    assert sum(end < NOW - timedelta(days=730) for end in ends) > 100
    assert sum(end.year == 2299 for end in ends) > 50
    assert sum(NOW < end < NOW + timedelta(days=60) for end in ends) > 50


def test_secrets_start_before_they_end_and_have_no_text(applications: list[dict[str, Any]]) -> None:
    for secret in _secrets(applications):
        assert parse_graph_text(secret["startDateTime"]) < parse_graph_text(secret["endDateTime"])
        assert secret["secretText"] is None
        assert secret["hint"] is None or len(secret["hint"]) == 3


def test_credential_names_are_null_odd_or_in_the_old_place(applications: list[dict[str, Any]]) -> None:
    secrets = _secrets(applications)
    names = Counter(secret["displayName"] for secret in secrets)
    assert names[None] > 300
    assert names[""] > 0
    assert names["rbac"] > 50
    old = [secret for secret in secrets if secret["customKeyIdentifier"]]
    assert old
    assert all(b64decode(secret["customKeyIdentifier"]).decode("utf-16-le").isprintable() for secret in old)
    assert all(secret["displayName"] is None for secret in old)


def test_personal_audiences_hold_at_most_two_secrets(applications: list[dict[str, Any]]) -> None:
    personal = [each for each in applications if each["signInAudience"] in PERSONAL]
    assert {len(each["passwordCredentials"]) for each in personal} == {1, 2}


def test_saml_certificates_are_three_linked_records(principals: list[dict[str, Any]]) -> None:
    saml = [each for each in principals if each.get("preferredSingleSignOnMode") == "saml"]
    assert len(saml) > 10
    for each in saml:
        keys = {key["usage"]: key for key in each["keyCredentials"]}
        (companion,) = each["passwordCredentials"]
        assert companion["keyId"] == keys["Sign"]["keyId"] != keys["Verify"]["keyId"]
        identifiers = {found["customKeyIdentifier"] for found in (companion, *keys.values())}
        assert len(identifiers) == 1
        assert each["preferredTokenSigningKeyThumbprint"] == b64decode(identifiers.pop()).hex().upper()


def test_some_client_secrets_sit_on_service_principals(principals: list[dict[str, Any]]) -> None:
    held = [each for each in principals if each["passwordCredentials"] and not each["keyCredentials"]]
    assert len(held) >= 3


def test_some_applications_have_no_service_principal(
    applications: list[dict[str, Any]], principals: list[dict[str, Any]]
) -> None:
    homes = {each["appId"] for each in principals}
    assert 60 < sum(each["appId"] not in homes for each in applications) < 200


def test_owners_are_users_service_principals_or_nobody(
    tenant: Tenant, applications: list[dict[str, Any]], principals: list[dict[str, Any]]
) -> None:
    people = {each["id"]: each for each in tenant.users}
    machines = {each["id"] for each in principals if each["servicePrincipalType"] == "ManagedIdentity"}
    rows = dict(tenant.owners())
    owners = [owner for row in rows.values() for owner in row]
    assert rows.keys() < {each["id"] for each in applications}
    assert set(owners) <= people.keys() | machines
    assert set(owners) & machines
    assert any(not people[owner]["accountEnabled"] for owner in owners if owner in people)
    assert {len(row) for row in rows.values()} >= {1, 2, 3}


def test_names_come_in_every_script(applications: list[dict[str, Any]]) -> None:
    letters = {letter for each in applications for letter in each["displayName"] if letter.isalpha()}
    scripts = {unicodedata.name(letter).split()[0] for letter in letters}
    assert scripts >= {
        "LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "CJK", "KATAKANA", "HANGUL", "THAI", "DEVANAGARI", "GEORGIAN", "ARMENIAN",
    }  # fmt: skip
    assert max(len(each["displayName"]) for each in applications) <= 120


def test_annotations_are_there_and_absent(applications: list[dict[str, Any]]) -> None:
    for name in ("tags", "notes", "serviceManagementReference", "createdByAppId", "isDisabled", "identifierUris"):
        filled = sum(bool(each.get(name)) for each in applications)
        assert 10 < filled < 1_990, name


def test_now_must_be_aware() -> None:
    with pytest.raises(ValueError, match="aware"):
        generate(applications=1, seed=1, now=NOW.replace(tzinfo=None))
