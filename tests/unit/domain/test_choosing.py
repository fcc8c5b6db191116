"""The pass chooses policies as the configuration does for one application."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotation.domain.choosing import Chooser
from rotation.domain.credential import Application
from rotation.domain.identifiers import ClientId, ObjectId, PolicyName
from rotation.domain.policy import Configuration, Policy, Selector

IDS = st.sampled_from([f"{number:08x}-0000-0000-0000-000000000000" for number in range(3)])
NAMES = st.sampled_from(["Billing", "billing sync", "Straße", "STRASSE [1]", "a\nb", ""])
GLOBS = st.sampled_from(["billing*", "*SYNC", "stra?e", "strasse", "*[[]1]", "a*b", "", "*"])
TAGS = st.sampled_from(["one", "two"])
OWNERS = st.sampled_from(["ada@contoso.example", "Ada@Contoso.example", "bob@contoso.example"])

selectors = st.builds(
    Selector,
    object_ids=st.frozensets(IDS.map(ObjectId), max_size=1),
    client_ids=st.frozensets(IDS.map(ClientId), max_size=1),
    names=st.lists(GLOBS, max_size=2).map(tuple),
    tags=st.frozensets(TAGS, max_size=1),
    owners=st.frozensets(OWNERS.map(str.casefold), max_size=1),
    everything=st.sampled_from([False, False, False, True]),
)
applications = st.builds(
    Application,
    object_id=IDS.map(ObjectId),
    client_id=IDS.map(ClientId),
    display_name=NAMES,
    tags=st.lists(TAGS, max_size=2).map(tuple),
)


@given(st.lists(selectors, max_size=4), applications, st.lists(OWNERS, max_size=2))
def test_it_agrees_with_the_configuration(chosen: list[Selector], application: Application, owners: list[str]) -> None:
    policies = tuple(
        Policy(name=PolicyName(f"policy-{place}"), selector=selector) for place, selector in enumerate(chosen)
    )
    configuration = Configuration(policies=policies)
    chooser = Chooser(configuration)
    found = chooser.choose(
        application.object_id, application.client_id, application.display_name, tags=application.tags, owners=owners
    )
    assert found == configuration.policy_for(application, owners)


NAMED = Selector(names=("billing*",))
TAGGED = Selector(tags=frozenset({"two"}))
OWNED = Selector(owners=frozenset({"ada@contoso.example"}))
REST = Selector(everything=True)


@pytest.mark.parametrize(
    ("selectors", "seen", "place"),
    [
        ((NAMED, REST), ("Billing sync", (), ()), 0),
        ((NAMED, REST), ("sync", (), ()), 1),
        ((NAMED,), ("sync", (), ()), None),
        ((TAGGED, REST), ("sync", ("one", "two"), ()), 0),
        ((TAGGED, REST), ("sync", ("one",), ()), 1),
        ((TAGGED, REST), ("sync", (), ()), 1),
        ((TAGGED,), ("sync", ("one",), ()), None),
        ((OWNED, REST), ("sync", (), ("Ada@Contoso.example",)), 0),
        ((OWNED, REST), ("sync", (), ("bob@contoso.example",)), 1),
        ((OWNED, REST), ("sync", (), ()), 1),
        ((OWNED,), ("sync", (), ("bob@contoso.example",)), None),
        ((TAGGED, OWNED), ("sync", ("two",), ("ada@contoso.example",)), 0),
        ((REST, NAMED), ("billing", (), ()), 0),
        ((TAGGED, NAMED, REST), ("billing", (), ("bob@contoso.example",)), 1),
    ],
)
def test_the_first_policy_that_names_it_by_what_it_shows_has_it(
    selectors: tuple[Selector, ...], seen: tuple[str, tuple[str, ...], tuple[str, ...]], place: int | None
) -> None:
    """What is seen of an application: its name, tags, owners."""
    policies = tuple(
        Policy(name=PolicyName(f"policy-{number}"), selector=selector) for number, selector in enumerate(selectors)
    )
    name, tags, owners = seen
    chooser = Chooser(Configuration(policies=policies))
    found = chooser.choose(ObjectId("object"), ClientId("client"), name, tags=tags, owners=owners)
    assert found == (None if place is None else policies[place])
