"""Whose policy speaks, and who hears of it."""

from rotation.domain.audience import Hearers
from rotation.domain.identifiers import AudienceName, PolicyName
from rotation.domain.policy import Configuration, Policy, Selector
from tests.fakes.directory_state import make_application

OPS, SERVERS, NIGHT = AudienceName("ops"), AudienceName("servers"), AudienceName("night")
ID = "a0000000-0000-0000-0000-000000000001"
OWNED, TEAMS, BARE = PolicyName("owned"), PolicyName("teams"), PolicyName("bare")


def policy(name: PolicyName, **more: object) -> Policy:
    return Policy(name=name, selector=Selector(names=("*",)), **more)  # type: ignore[arg-type]


PEOPLE = Configuration(
    policies=(policy(OWNED, owners=True, audience=SERVERS), policy(TEAMS, audience=SERVERS), policy(BARE)),
    fallback_audience=OPS,
)


def test_the_policys_people_hear_and_the_fallback_where_it_names_none() -> None:
    assert PEOPLE.hearers(OWNED, application=ID) == Hearers(team=SERVERS, owners_of=ID)
    assert PEOPLE.hearers(TEAMS, application=ID) == Hearers(team=SERVERS)
    assert PEOPLE.hearers(BARE, application=ID) == Hearers(team=OPS)
    assert PEOPLE.hearers(None, application=ID) == Hearers(team=OPS)
    assert PEOPLE.hearers(PolicyName("gone"), application=ID) == Hearers(team=OPS)


def test_who_is_said_to_hear_first_hears_alone() -> None:
    assert PEOPLE.hearers(OWNED, application=ID, first=NIGHT) == Hearers(team=NIGHT)


def test_of_two_that_are_as_exact_the_first_in_the_file_speaks() -> None:
    same = Configuration(policies=(policy(TEAMS), policy(BARE)))
    found = same.policy_for(make_application(1))
    assert found is not None
    assert found.name == TEAMS
