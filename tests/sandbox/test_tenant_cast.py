"""The cast has every character that the demo tells about, with secrets whose text is known."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from sandbox.tenant.cast import cast, with_cast
from sandbox.tenant.cast.members import (
    AgentPerson,
    CastMember,
    ForgottenSystem,
    Outcome,
    Placed,
    PortalPerson,
    VaultConsumer,
    WebhookReceiver,
    Wish,
)
from sandbox.tenant.cast.people import PEOPLE
from sandbox.tenant.generator import generate

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
MEMBERS = {member.key: member for member in cast(NOW)}


def _users_of(member: CastMember) -> list[type]:
    return [type(use) for use in member.used_by]


def test_ids_texts_and_names_are_unique() -> None:
    members = MEMBERS.values()
    ids = [found for each in members for found in (each.object_id, each.client_id, each.principal_id)]
    held = [secret for each in members for secret in each.credentials]
    assert max(Counter(ids).values()) == 1
    assert max(Counter(secret.key_id for secret in held).values()) == 1
    assert max(Counter(secret.text for secret in held).values()) == 1
    assert max(Counter(each.key for each in cast(NOW)).values()) == 1


def test_ids_and_texts_stay_the_same_when_time_passes() -> None:
    later = {member.key: member for member in cast(NOW + timedelta(days=40))}
    for key, member in MEMBERS.items():
        assert later[key].object_id == member.object_id
        assert [secret.text for secret in later[key].credentials] == [secret.text for secret in member.credentials]
        moved = [secret.ends_at - timedelta(days=40) for secret in later[key].credentials]
        assert moved == [secret.ends_at for secret in member.credentials]


def test_every_way_of_the_demo_has_its_character() -> None:
    enrolled = [member for member in MEMBERS.values() if member.wish is Wish.ENROL]
    uses = Counter(use for member in enrolled for use in _users_of(member))
    assert uses[VaultConsumer] >= 3
    assert uses[WebhookReceiver] == uses[PortalPerson] == uses[AgentPerson] == 1
    assert uses[ForgottenSystem] >= 1
    assert {member.outcome for member in MEMBERS.values()} == set(Outcome)
    assert [member.key for member in MEMBERS.values() if member.canary] == ["canary"]


def test_enrolled_secrets_are_due_and_one_is_down_now() -> None:
    enrolled = [member for member in MEMBERS.values() if member.wish is Wish.ENROL]
    down = [member.key for member in enrolled if max(each.ends_at for each in member.credentials) < NOW]
    assert down == ["badge-reader"]
    for member in enrolled:
        assert max(each.ends_at for each in member.credentials) < NOW + timedelta(days=60)


def test_whatever_is_used_today_is_a_secret_of_that_application() -> None:
    for member in MEMBERS.values():
        texts = {secret.text for secret in member.credentials}
        stored = {(secret.vault, secret.name): secret.value for secret in member.vault}
        for use in member.used_by:
            match use:
                case VaultConsumer():
                    assert stored[use.vault, use.secret_name] in texts
                case WebhookReceiver() | PortalPerson() | AgentPerson():
                    assert use.starts_with in texts
                case ForgottenSystem():
                    assert use.text in texts
                    assert use.key_id in {secret.key_id for secret in member.credentials}


def test_secret_texts_are_shaped_as_entras() -> None:
    for member in MEMBERS.values():
        for secret in member.credentials:
            assert len(secret.text) == 40
            assert secret.text[3:6] == "8Q~"


def test_a_name_is_taken_only_after_enrolment() -> None:
    taken = MEMBERS["intranet-search"]
    late = [secret for secret in taken.vault if secret.placed is Placed.AFTER_ENROLMENT]
    assert [secret.name for secret in late] == [taken.line_secret_name]
    assert all(secret.value not in {each.text for each in taken.credentials} for secret in late)


def test_a_tenant_with_cast_has_them_in_front_with_owners_and_texts() -> None:
    mass = generate(applications=50, seed=1, now=NOW)
    tenant = with_cast(mass, NOW)
    applications = list(tenant.applications())
    owners = dict(tenant.owners())
    people = {user["id"]: user for user in tenant.users}
    assert len(applications) == 50 + len(MEMBERS)
    for member, found in zip(MEMBERS.values(), applications, strict=False):
        assert (found["id"], found["appId"]) == (member.object_id, member.client_id)
        assert [each["secretText"] for each in found["passwordCredentials"]] == [
            each.text for each in member.credentials
        ]
        assert owners[member.object_id] == [member.owner.object_id]
        assert people[member.owner.object_id]["mail"]
    assert {person.object_id for person in PEOPLE} <= people.keys()
    assert [found.applications for found in tenant.policies.assigned] == [(MEMBERS["laboratory-scanner"].object_id,)]


def test_the_saml_character_has_a_companion_and_no_client_secret() -> None:
    member = MEMBERS["expense-sso"]
    tenant = with_cast(generate(applications=0, seed=1, now=NOW), NOW)
    (found,) = [each for each in tenant.service_principals() if each["id"] == member.principal_id]
    sign = next(key for key in found["keyCredentials"] if key["usage"] == "Sign")
    assert [each["keyId"] for each in found["passwordCredentials"]] == [sign["keyId"]]
    assert member.credentials == ()
