"""A line of the inventory is JSON, whatever a name holds."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from rotation.domain.credential import Application, Credential
from rotation.domain.identifiers import ClientId, KeyId, LineName, ObjectId, PolicyName
from rotation.domain.policy import Mode, Policy, Selector
from rotation.workflows.inventory import line_of, text_of
from tests.fakes.directory import listed

NAMES = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
END = datetime(2027, 1, 31, 10, tzinfo=UTC)


@given(NAMES, NAMES, st.booleans())
def test_it_says_what_it_was_given(name: str | None, secret: str | None, disabled: bool) -> None:
    secrets = tuple(
        Credential(key_id=KeyId(key), end_at=END, display_name=told) for key, told in (("key", secret), ("other", None))
    )
    application = Application(
        object_id=ObjectId("object"),
        client_id=ClientId("client"),
        display_name=name or "",
        secrets=secrets,
        disabled=disabled,
    )
    policy = Policy(name=PolicyName("sync"), selector=Selector(), mode=Mode.ROTATE)
    standings = [("current", LineName("default")), ("foreign", None)]
    line = line_of(listed(application), policy, standings, enrolled=[LineName("default"), LineName("two")])
    text = text_of([line, line])
    first, second, rest = text.split(b"\n")
    assert (first, rest) == (second, b"")
    assert json.loads(first) == {
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
    bare = Application(object_id=ObjectId("object"), client_id=ClientId("client"), display_name="")
    told = json.loads(text_of([line_of(listed(bare), None, [])]))
    assert (told["policy"], told["mode"], told["secrets"], told["enrolled"]) == (None, "monitor", [], [])
