"""What is PostgreSQL's own: names, keys, marks of strangers, rows without a mark, and who may sign in."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

import psycopg
import pytest
from pydantic import ValidationError

from rotation.domain.capability import Readiness
from rotation.domain.delivery import Found
from rotation.domain.errors import (
    AccessDenied,
    DestinationGone,
    DestinationRefused,
    Misconfigured,
    OutcomeUnknown,
    Unavailable,
)
from rotation.domain.secret import SecretText
from rotation.integrations.catalogue import KINDS
from rotation.integrations.kinds.postgresql.refusals import unconnected
from tests.contract.harness_base import CANARY, NEWER
from tests.contract.harness_postgresql import PASSWORD, PostgresqlHarness

BASE: Mapping[str, Any] = {
    "host": "db.contoso.example",
    "database": "erp",
    "table": "app.settings",
    "key": {"name": "payments"},
    "value_column": "secret",
}


@pytest.fixture
async def harness() -> AsyncIterator[PostgresqlHarness]:
    async with PostgresqlHarness() as started:
        yield started


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"host": "/var/run/postgresql"}, "host"),
        ({"host": "one.example,two.example"}, "host"),
        ({"port": 0}, "port"),
        ({"database": "erp user=postgres"}, "database"),
        ({"table": "settings"}, "table"),
        ({"table": "app.settings; DROP TABLE x"}, "table"),
        ({"table": "pg_catalog.pg_authid"}, "nobody's own"),
        ({"key": {}}, "key"),
        ({"key": {'name" = 1 OR "1': "x"}}, "key"),
        ({"value_column": "secret::text"}, "value_column"),
        ({"value_column": "name"}, "each column has one part"),
        ({"rotation_column": "secret"}, "each column has one part"),
        ({"adopt": True}, "without a mark"),
        ({"ca_certificate": "-----BEGIN PRIVATE KEY-----"}, "no certificate in PEM"),
        ({"sslmode": "disable"}, "sslmode"),
    ],
)
def test_wrong_settings_are_refused_with_the_reason(changes: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        KINDS["postgresql"].settings_model.model_validate({**BASE, **changes})


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as refused:
        KINDS["postgresql"].settings_model.model_validate({**BASE, "host": "/x", "table": "y", "value_column": "z z"})
    assert {str(problem["loc"][0]) for problem in refused.value.errors()} == {"host", "table", "value_column"}


async def test_a_strangers_value_is_covered_only_when_it_may_be_adopted(harness: PostgresqlHarness) -> None:
    await harness.administrate("INSERT INTO app.settings VALUES ('payments', 'production', 'theirs', NULL, 'green')")
    check = await harness.integration.check(harness.destination)
    assert (check.readiness, "adopt: true" in check.why) == (Readiness.MISCONFIGURED, True)
    with pytest.raises(DestinationRefused) as refused:
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    assert refused.value.reason == "destination-name-taken"
    await harness.integration.deliver(harness.with_settings(adopt=True), harness.shipment(), CANARY)
    assert await harness.administrate("SELECT secret, colour FROM app.settings") == [(CANARY.reveal(), "green")]


async def test_the_value_is_a_parameter_and_never_part_of_a_statement(harness: PostgresqlHarness) -> None:
    nasty = SecretText("CANARY~'; DROP TABLE app.settings; -- %s %(x)s {} \\ \" é")
    await harness.integration.deliver(harness.destination, harness.shipment(), nasty)
    assert await harness.administrate("SELECT secret FROM app.settings") == [(nasty.reveal(),)]
    assert any("INSERT" in query for query in harness.calls)
    assert not [query for query in harness.calls if "CANARY" in query]


async def test_without_a_mark_what_was_written_last_stands(harness: PostgresqlHarness) -> None:
    to = harness.with_settings(rotation_column=None)
    for place, text in ((1, NEWER), (0, CANARY)):
        await harness.integration.deliver(to, harness.shipment(place), text)
    assert (await harness.integration.verify(to, harness.shipment(1), NEWER)).found is Found.OLDER
    assert (await harness.integration.deliver(to, harness.shipment(), CANARY)).facts == {"written": "was there"}


async def test_a_missing_row_is_made_only_when_asked(harness: PostgresqlHarness) -> None:
    to = harness.with_settings(create=False)
    assert (await harness.integration.check(to)).readiness is Readiness.MISCONFIGURED
    with pytest.raises(DestinationGone):
        await harness.integration.deliver(to, harness.shipment(), CANARY)
    assert await harness.taken() == 0


async def test_a_connection_that_is_cut_before_the_commit_changed_nothing(harness: PostgresqlHarness) -> None:
    harness.front.lost = "query"
    with pytest.raises(Unavailable) as cut:
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    assert not isinstance(cut.value, OutcomeUnknown)
    assert await harness.taken() == 0


async def test_a_wrong_password_is_told_without_it(harness: PostgresqlHarness) -> None:
    harness.front.password = "another"
    with pytest.raises(AccessDenied) as refused:
        await harness.integration.check(harness.destination)
    assert PASSWORD not in repr(refused.value)


async def test_a_certificate_of_somebody_else_is_no_server_of_ours(harness: PostgresqlHarness) -> None:
    with pytest.raises(Unavailable, match="no certificate that is for it"):
        await harness.integration.check(harness.with_settings(ca_certificate=None))


async def test_a_private_address_needs_permission(harness: PostgresqlHarness) -> None:
    with pytest.raises(DestinationRefused) as refused:
        await harness.integration.check(harness.with_settings(private_network=False))
    assert refused.value.reason == "address-not-allowed"


class AsIdentity(PostgresqlHarness):
    connection: ClassVar[Mapping[str, object] | None] = None


async def test_our_identity_signs_in_with_a_token_of_the_databases_own_scope() -> None:
    async with AsIdentity() as harness:
        harness.front.password = "CANARY~token-for-https://ossrdbms-aad.database.windows.net/.default"
        await harness.integration.deliver(harness.with_settings(user="postgres"), harness.shipment(), CANARY)
        with pytest.raises(Misconfigured, match=r"destinations\.there\.user"):
            await harness.integration.check(harness.destination)
        assert await harness.taken() == 1


def test_a_server_that_speaks_another_language_is_unavailable_and_not_believed() -> None:
    error = psycopg.OperationalError("connection failed: FATAL:  Passwort-Authentifizierung fehlgeschlagen")
    assert type(unconnected(error, "db.contoso.example")) is Unavailable
