"""Who asks, as App Service's sign-in tells it."""

import base64

import pytest

from rotation.web.principal import ANONYMOUS, KEY, Principal, Role, signed_in
from tests.unit.web.easy_auth import OBJECT_ID, application, person, principal_header


def test_a_person_has_a_name_an_id_and_the_roles_that_are_ours() -> None:
    found = signed_in(principal_header((OBJECT_ID, "1"), ("preferred_username", "ada@x"), ("roles", "Rotation.Reader")))
    assert found == Principal(name="ada@x", kind="person", object_id="1", roles=frozenset({Role.READER}))
    assert signed_in(principal_header((OBJECT_ID, "1"), ("upn", "ada@x"), ("roles", "Owner"))).roles == frozenset()


@pytest.mark.parametrize("typ", ["roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role", "theirs"])
def test_roles_are_read_under_each_name_that_the_platform_gives_them(typ: str) -> None:
    header = principal_header((OBJECT_ID, "1"), ("upn", "a"), (typ, "Rotation.Operator"), role_typ="theirs")
    assert signed_in(header).roles == {Role.OPERATOR}


def test_a_higher_role_may_what_a_lower_one_may() -> None:
    operator = signed_in(person("olga", Role.OPERATOR))
    assert [operator.may(role) for role in Role] == [True, True, False]
    assert not signed_in(person("nina")).may(Role.READER)


def test_an_application_is_none_of_the_people() -> None:
    found = signed_in(application("11111111-2222", Role.OPERATOR))
    assert (found.kind, found.name, found.may(Role.OPERATOR)) == ("application", "application 11111111-2222", True)
    assert signed_in(principal_header((OBJECT_ID, "7"), ("appid", "8"))).name == "application 8"
    assert signed_in(principal_header((OBJECT_ID, "7"))).name == "application 7"


def test_a_person_without_a_user_name_is_called_as_the_platform_calls_them() -> None:
    header = principal_header((OBJECT_ID, "1")) | {"x-ms-client-principal-name": "ada@x"}
    assert (signed_in(header).name, signed_in(header).kind) == ("ada@x", "person")


CLIENT = "33333333-0000-4000-8000-000000000000"
APP_ONLY = ((OBJECT_ID, "7"), ("azpacr", "2"), ("roles", "Rotation.Administrator"))


@pytest.mark.parametrize("said", ["", CLIENT, "Deployment robot", f"{CLIENT}@contoso.example"])
@pytest.mark.parametrize("client", ["azp", "appid"])
def test_a_token_of_an_application_alone_is_no_person_whatever_the_platform_calls_it(client: str, said: str) -> None:
    """Not every token of one says `idtyp`: it is an optional claim."""
    found = signed_in(principal_header(*APP_ONLY, (client, CLIENT)) | {"x-ms-client-principal-name": said})
    assert (found.kind, found.name) == ("application", f"application {CLIENT}")


@pytest.mark.parametrize(
    "claim",
    [
        ("scp", "user_impersonation"),
        ("http://schemas.microsoft.com/identity/claims/scope", "user_impersonation"),
        ("idtyp", "user"),
        ("preferred_username", "ada@x"),
        ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", "ada@x"),
    ],
)
def test_a_token_that_a_person_gave_to_an_application_is_that_persons(claim: tuple[str, str]) -> None:
    header = principal_header((OBJECT_ID, "1"), ("azp", CLIENT), claim) | {"x-ms-client-principal-name": "ada@x"}
    assert (signed_in(header).name, signed_in(header).kind) == ("ada@x", "person")


def test_a_person_whom_nothing_names_is_called_by_their_object_id() -> None:
    found = signed_in(principal_header((OBJECT_ID, "1"), ("azp", CLIENT), ("scp", "user_impersonation")))
    assert (found.name, found.kind) == ("1", "person")


def test_an_application_stays_one_whatever_else_its_token_says() -> None:
    told = principal_header(*APP_ONLY, ("idtyp", "app"), ("scp", "x"), ("preferred_username", "ada@x"))
    assert signed_in(told | {"x-ms-client-principal-name": "ada@x"}).kind == "application"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no base64",
        base64.b64encode(b"no JSON").decode(),
        base64.b64encode(b'{"claims": "x"}').decode(),
        base64.b64encode(b"\xff").decode(),
        base64.b64encode(b'{"claims": []}').decode(),
    ],
)
def test_what_cannot_be_read_is_nobody(text: str) -> None:
    assert signed_in({"x-ms-client-principal": text, "x-ms-client-principal-name": "root"}) == ANONYMOUS


def test_whoever_holds_a_key_may_what_an_operator_may_and_is_nobody_in_particular() -> None:
    assert KEY.may(Role.OPERATOR)
    assert not KEY.may(Role.ADMINISTRATOR)
    assert (KEY.subject, ANONYMOUS.is_known) == ("key:function key", False)
