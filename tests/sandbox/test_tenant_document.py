"""A tenant travels as one JSON document; another thing is refused with every problem."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.tenant.cast import with_cast
from sandbox.tenant.document import FORMAT, from_document, to_document
from sandbox.tenant.generator import generate
from sandbox.tenant.model import AssignedPolicy, Policies
from sandbox.tenant.refusal import NotATenant

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
POLICIES = Policies(
    default={"id": "00000000-0000-0000-0000-000000000000", "isEnabled": True},
    assigned=(AssignedPolicy(policy={"id": "p"}, applications=("a", "b")),),
)


def test_a_tenant_comes_back_as_it_was() -> None:
    tenant = with_cast(generate(applications=100, seed=5, now=NOW, policies=POLICIES), NOW)
    document = to_document(tenant)
    again = from_document(json.loads(json.dumps(document)))
    assert to_document(again) == document
    assert again.policies == tenant.policies
    assert list(again.owners()) == list(tenant.owners())


def test_a_minimal_document_is_enough() -> None:
    texts = {"format": FORMAT, "tenantId": "t", "displayName": "d", "defaultDomain": "x.example"}
    tenant = from_document({**texts, "applications": [{"id": "1", "appId": "2"}]})
    assert [each["id"] for each in tenant.applications()] == ["1"]
    assert list(tenant.service_principals()) == []


def test_walks_of_a_document_yield_fresh_objects() -> None:
    tenant = from_document(to_document(generate(applications=3, seed=5, now=NOW)))
    next(tenant.applications())["tags"].append("changed")
    assert "changed" not in next(tenant.applications())["tags"]


@pytest.mark.parametrize("document", [None, [], "text", 7])
def test_what_is_no_object_is_refused(document: object) -> None:
    with pytest.raises(NotATenant, match="not an object"):
        from_document(document)


def test_every_problem_is_named_at_once() -> None:
    document: dict[str, Any] = {
        "format": "other",
        "tenantId": 5,
        "displayName": "d",
        "applications": [{"id": 1}, "x", {"id": "1", "appId": "2", "passwordCredentials": [{"endDateTime": "soon"}]}],
        "users": {},
        "owners": {"a": "b"},
        "policies": {"assigned": [{}]},
    }
    with pytest.raises(NotATenant) as caught:
        from_document(document)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "format",
        "tenantId",
        "defaultDomain",
        "users",
        "applications[0]",
        "applications[1]",
        "applications[2].passwordCredentials[0].keyId",
        "applications[2].passwordCredentials[0].endDateTime",
        "owners",
        "policies.assigned[0]",
    ]
