"""The pass chooses policies as the configuration does for one application."""

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
    found = chooser.exactly(application.object_id, application.client_id) or chooser.loosely(
        application.display_name, application.tags, owners
    )
    assert found == configuration.policy_for(application, owners)
