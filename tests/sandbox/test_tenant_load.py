"""A tenant is in the sandbox's Entra as it was made: known everywhere, able to sign in, or not at all."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from sandbox.entra.refusals import Refusal
from sandbox.entra.service import Addresses, Entra
from sandbox.entra.sign_in import Source
from sandbox.shared import Faults, SandboxClock
from sandbox.tenant.azure_cli import load
from sandbox.tenant.cast import cast, with_cast
from sandbox.tenant.document import from_document, to_document
from sandbox.tenant.generator import generate
from sandbox.tenant.load import Loaded, load_into
from sandbox.tenant.model import Rows
from sandbox.tenant.refusal import NotATenant

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
TENANT = with_cast(generate(applications=200, seed=5, now=NOW), NOW)


@pytest.fixture
def entra() -> Entra:
    addresses = Addresses(authority=lambda: "https://localhost:1", graph=lambda: "https://localhost:2")
    tenant_id = "9f3f7c52-0b5e-4a53-9a52-6f0e6a1a2b3c"
    made = Entra(tenant_id=tenant_id, clock=SandboxClock(), faults=Faults(), addresses=addresses, identity_header="h")
    made.behaviour.update({"read_lag_seconds": 60, "secret_lag_seconds": 60})
    return made


def test_everything_is_there_and_every_replica_knows_it(entra: Entra) -> None:
    loaded = load_into(entra, TENANT)
    texts = sum(len(member.credentials) for member in cast(NOW))
    principals = len(list(TENANT.service_principals()))
    assert loaded == Loaded(
        applications=200 + len(cast(NOW)),
        service_principals=principals,
        users=len(TENANT.users),
        groups=len(TENANT.groups),
        known_secrets=texts,
    )
    for replica in range(3):
        seen = [entry.id for entry, _ in entra.directory.applications.scan(replica, after=0, keep=None)]
        assert seen == [found["id"] for found in TENANT.applications()]


def test_applications_keep_what_they_were_made_with(entra: Entra) -> None:
    load_into(entra, TENANT)
    for made in TENANT.applications():
        held = entra.directory.applications.find(made["id"])
        assert held is not None
        hidden = [{**each, "secretText": None} for each in made["passwordCredentials"]]
        assert {name: held.current[name] for name in made} == made | {"passwordCredentials": hidden}


def test_known_texts_are_in_the_truth_since_long_ago_and_in_no_document(entra: Entra) -> None:
    load_into(entra, TENANT)
    truth = entra.directory.truth
    for member in cast(NOW):
        found = {minted.key_id: minted for minted in truth.of(member.client_id)}
        assert {key: minted.text for key, minted in found.items()} == {
            held.key_id: held.text for held in member.credentials
        }
        assert all(minted.minted_at < NOW - timedelta(days=1) for minted in found.values())
    shown = str([entry.current for entry in entra.directory.applications])
    assert not any(text in shown for text in truth.canaries())


def test_owners_policies_and_federated_credentials_are_connected(entra: Entra) -> None:
    load_into(entra, TENANT)
    directory = entra.directory
    for object_id, owners in TENANT.owners():
        entry = directory.applications.find(object_id)
        assert entry is not None
        assert entry.owners == owners
        assert all(directory.anybody(owner) for owner in owners)
    for object_id, federated in TENANT.federated_credentials():
        entry = directory.applications.find(object_id)
        assert entry is not None
        assert entry.federated == federated
    forbidden = next(member for member in cast(NOW) if member.policy is not None)
    entry = directory.applications.find(forbidden.object_id)
    assert entry is not None
    assert [directory.policies.assigned[each]["isEnabled"] for each in entry.policies] == [True]


def test_service_principals_belong_to_entras_own_tenant(entra: Entra) -> None:
    load_into(entra, TENANT)
    owners = {entry.current.get("appOwnerOrganizationId") for entry in entra.directory.principals}
    assert owners == {entra.directory.tenant_id, None}


def test_whoever_holds_a_secret_of_the_cast_can_sign_in_until_it_ends(entra: Entra) -> None:
    now = datetime.now(UTC)
    load_into(entra, with_cast(generate(applications=0, seed=1, now=now), now))
    for member in cast(now):
        for held in member.credentials:
            signing_in = partial(
                entra.desk.by_secret,
                member.client_id,
                held.text,
                scope="https://graph.microsoft.com/.default",
                source=Source(address="127.0.0.1"),
            )
            if held.ends_at > now:
                assert signing_in()
            else:
                with pytest.raises(Refusal) as caught:
                    signing_in()
                assert caught.value.number == 7000222


def test_a_persons_inventory_loads(entra: Entra, tmp_path: Path) -> None:
    path = tmp_path / "applications.json"
    path.write_text(json.dumps(list(generate(applications=30, seed=2, now=NOW).applications())), encoding="utf-16")
    assert load_into(entra, load(path)).applications == 30
    assert len(entra.directory.principals) == 31


def test_a_document_loads_as_the_tenant_does(entra: Entra) -> None:
    assert load_into(entra, from_document(to_document(TENANT))).applications == 200 + len(cast(NOW))


def test_loading_twice_is_refused_and_changes_nothing(entra: Entra) -> None:
    load_into(entra, TENANT)
    before = (len(entra.directory.applications), len(entra.directory.principals), len(entra.directory.users))
    with pytest.raises(NotATenant, match="is there already"):
        load_into(entra, TENANT)
    assert before == (
        len(entra.directory.applications),
        len(entra.directory.principals),
        len(entra.directory.users),
    )


def test_links_to_nobody_are_refused_before_anything_is_added(entra: Entra) -> None:
    rows = Rows(applications=list(TENANT.applications()), owners=[("nobody", ["x"])])
    with pytest.raises(NotATenant, match="nobody is no application"):
        load_into(entra, replace(TENANT, rows=rows))
    assert len(entra.directory.applications) == 0


def test_two_tenants_with_different_seeds_join(entra: Entra) -> None:
    for seed in (1, 2):
        load_into(entra, replace(generate(applications=20, seed=seed, now=NOW), groups=[]))
    assert len(entra.directory.applications) == 40


def test_ten_thousand_applications_load_whole(entra: Entra) -> None:
    tenant = generate(applications=10_000, seed=11, now=NOW)
    assert load_into(entra, tenant).applications == 10_000
    assert len(entra.directory.applications) == 10_000
