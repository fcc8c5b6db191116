"""`rotation rehearse` over the sandbox's Graph and vault: it passes, finds each flipped fact, and leaves nothing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rotation.bootstrap import Composition
from rotation.workflows.rehearsing.facts import Holds
from rotation.workflows.rehearsing.rehearse import Rehearsal, rehearse
from rotation.workflows.services import Services
from sandbox.cloud import Cloud
from tests.sandbox.test_doctor import composition

__all__ = ["composition"]
pytestmark = pytest.mark.sandbox


@pytest.fixture
def services(composition: Composition) -> Services:
    timing = replace(composition.services.timing, look_spacing=timedelta(seconds=0.2))
    return replace(composition.services, timing=timing)


def left(cloud: Cloud) -> list[str]:
    """Whatever bears a mark of a rehearsal still, in the directory or the vault."""
    there = [each.current["displayName"] for each in cloud.entra.directory.applications if each.document]
    return [name for name in (*there, *cloud.vaults["vault"].listed()) if "ehearsal" in name]


@pytest.fixture
def others(cloud: Cloud) -> set[str]:
    """What other tests left that only looks like a rehearsal's."""
    return set(left(cloud))


def otherwise(seen: Rehearsal) -> list[str]:
    return [fact.id for fact in seen.facts if fact.holds is Holds.OTHERWISE]


async def test_a_rehearsal_passes_and_leaves_nothing(cloud: Cloud, services: Services, others: set[str]) -> None:
    seen = await rehearse(services, by="ada")
    assert seen.passed, seen
    assert set(left(cloud)) <= others
    assert (await services.control.rehearsed.read()).by == "ada"
    assert not [text for text in cloud.entra.canaries() if text in repr(seen)]


FLIPS: dict[str, dict[str, Any]] = {
    "A1-7": {"part": "graph", "match": {"path": r"/servicePrincipals\?.*top=999"}, "status": 400},
    "A3-4": {"part": "graph", "match": {"method": "POST", "path": "removePassword"}, "status": 400},
    "A4-4": {"part": "graph", "match": {"path": "policies|[pP]olicy"}, "status": 403},
    "C1-2": {"part": "vault", "match": {"method": "PUT", "path": "xxxxx"}, "status": 400},
    "M-1": {"part": "graph", "match": {"path": "appCredentialSignInActivities"}, "status": 403},
}


@pytest.mark.parametrize("fact", sorted(FLIPS))
async def test_a_flipped_fact_is_found_out(cloud: Cloud, services: Services, others: set[str], fact: str) -> None:
    """Some flips stop a rotation already, which names the refusal; the others are told by the fact's id."""
    cloud.faults.add({"action": "status", "times": None, "code": "Request_BadRequest", **FLIPS[fact]})
    seen = await rehearse(services, by="ada")
    cloud.faults.clear()
    assert not seen.passed
    assert fact in otherwise(seen) or seen.acts[-1].name == "stopped", seen
    await rehearse(services, by="ada")
    assert set(left(cloud)) <= others


async def test_secrets_that_sign_in_late_are_waited_for(cloud: Cloud, services: Services) -> None:
    cloud.entra.behaviour.update({"secret_lag_seconds": 1.0, "removal_lag_seconds": 30.0, "read_lag_seconds": 0.1})
    seen = await rehearse(services, by="ada")
    assert seen.passed, seen
    assert "still signs in" in {fact.id: fact.says for fact in seen.facts}["A7-3"]
