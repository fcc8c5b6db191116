"""A line of the inventory is JSON, whatever a name holds."""

import json

from hypothesis import given
from hypothesis import strategies as st

from rotation.domain.identifiers import ClientId, KeyId, LineName, ObjectId, PolicyName
from rotation.domain.policy import Mode, Policy, Selector
from rotation.ports.directory import ListedApplication
from rotation.workflows.inventory import line_of

NAMES = st.none() | st.text(st.characters(exclude_categories=["Cs"]))


@given(NAMES, NAMES, st.booleans())
def test_it_says_what_it_was_given(name: str | None, secret: str | None, disabled: bool) -> None:
    application: ListedApplication = {
        "object_id": ObjectId("object"),
        "client_id": ClientId("client"),
        "display_name": name,
        "secrets": [
            {"key_id": KeyId("key"), "ends": "2027-01-31T10:00:00Z", "display_name": secret},
            {"key_id": KeyId("other"), "ends": "2027-01-31T10:00:00Z"},
        ],
        "disabled": disabled,
    }
    policy = Policy(name=PolicyName("sync"), selector=Selector(), mode=Mode.ROTATE)
    standings = [("current", LineName("default")), ("foreign", None)]
    line = line_of(application, policy, standings, enrolled=[LineName("default"), LineName("two")])
    assert "\n" not in line
    assert json.loads(line) == {
        "id": "object",
        "appId": "client",
        "name": name or "",
        "policy": "sync",
        "mode": "rotate",
        "enrolled": ["default", "two"],
        "disabled": disabled,
        "secrets": [
            {"keyId": "key", "name": secret, "end": "2027-01-31T10:00:00Z", "status": "current"},
            {"keyId": "other", "name": None, "end": "2027-01-31T10:00:00Z", "status": "foreign"},
        ],
    }


def test_without_a_policy_it_is_watched() -> None:
    bare: ListedApplication = {"object_id": ObjectId("object"), "client_id": ClientId("client")}
    told = json.loads(line_of(bare, None, []))
    assert (told["policy"], told["mode"], told["secrets"], told["enrolled"]) == (None, "monitor", [], [])
