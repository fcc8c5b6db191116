"""A person's own inventory loads as it is, and what is not one is refused with a reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.tenant.azure_cli import load
from sandbox.tenant.document import from_document, to_document
from sandbox.tenant.refusal import NotATenant

ONE = {
    "@odata.type": "#microsoft.graph.application",
    "id": "5c1a2f9e-94a1-4b9c-8a57-0d9a3f4e1b10",
    "appId": "8d3b6c1f-2f8e-4b1a-9f0e-6a7b8c9d0e1f",
    "displayName": "Übergröße 秘密 \U0001f511",
    "publisherDomain": "fabrikam.example",
    "notes": None,
    "tags": ["kept"],
    "passwordCredentials": [
        {
            "customKeyIdentifier": None,
            "displayName": None,
            "endDateTime": "2299-12-31T00:00:00.1234567Z",
            "hint": "abc",
            "keyId": "0f4b1c52-7d7e-4f0a-a6c3-2f1f6a7b8c90",
            "secretText": None,
            "startDateTime": "2019-09-09T19:50:29+00:00",
        }
    ],
    "keyCredentials": [],
}


def _entry(number: int, **members: Any) -> dict[str, Any]:
    ids = {"id": f"00000000-0000-4000-a000-{number:012d}", "appId": f"00000000-0000-4000-b000-{number:012d}"}
    return {**ids, "displayName": f"app {number}", **members}


def _written(path: Path, found: object, encoding: str = "utf-8") -> Path:
    path.write_bytes(json.dumps(found, ensure_ascii=False, indent=2).encode(encoding))
    return path


def _refused(path: Path) -> NotATenant:
    with pytest.raises(NotATenant) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "az ad app list --all -o json" in str(caught.value)
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_redirection_of_a_shell_is_read(tmp_path: Path, encoding: str) -> None:
    tenant = load(_written(tmp_path / "applications.json", [ONE], encoding))
    (found,) = tenant.applications()
    assert found["displayName"] == ONE["displayName"]


def test_big_endian_with_a_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "applications.json"
    path.write_bytes(b"\xfe\xff" + json.dumps([ONE]).encode("utf-16-be"))
    assert len(list(load(path).applications())) == 1


def test_ids_dates_and_credentials_are_kept(tmp_path: Path) -> None:
    tenant = load(_written(tmp_path / "applications.json", [ONE]))
    (found,) = tenant.applications()
    kept = {name: value for name, value in ONE.items() if not name.startswith("@")}
    assert {name: found[name] for name in kept} == kept
    assert "@odata.type" not in found
    assert tenant.default_domain == "fabrikam.example"


def test_missing_and_null_fields_are_filled_without_inventing_credentials(tmp_path: Path) -> None:
    path = _written(
        tmp_path / "applications.json",
        [_entry(1), _entry(2, displayName=None, passwordCredentials=None, keyCredentials=None, tags=None)],
    )
    tenant = load(path)
    for found in tenant.applications():
        assert found["passwordCredentials"] == found["keyCredentials"] == found["tags"] == []
    assert list(tenant.owners()) == []


def test_each_application_gets_an_assumed_service_principal(tmp_path: Path) -> None:
    path = _written(tmp_path / "applications.json", [_entry(1), _entry(2)])
    one, two = (list(load(path).service_principals()) for _ in range(2))
    assert one == two
    assert [each["appId"] for each in one] == [_entry(1)["appId"], _entry(2)["appId"]]
    assert all(not each["passwordCredentials"] for each in one)


def test_walks_yield_fresh_credentials(tmp_path: Path) -> None:
    tenant = load(_written(tmp_path / "applications.json", [ONE]))
    next(tenant.applications())["passwordCredentials"][0]["hint"] = "changed"
    assert next(tenant.applications())["passwordCredentials"][0]["hint"] == "abc"


def test_an_inventory_travels_as_a_document(tmp_path: Path) -> None:
    tenant = load(_written(tmp_path / "applications.json", [ONE, _entry(1)]))
    document = json.loads(json.dumps(to_document(tenant)))
    assert to_document(from_document(document)) == document


def test_a_list_that_az_cut_is_remarked_upon(tmp_path: Path) -> None:
    cut = load(_written(tmp_path / "cut.json", [_entry(number) for number in range(100)]))
    whole = load(_written(tmp_path / "whole.json", [_entry(number) for number in range(101)]))
    assert any("--all" in remark for remark in cut.remarks)
    assert not any("--all" in remark for remark in whole.remarks)


def test_an_empty_list_is_an_empty_tenant(tmp_path: Path) -> None:
    assert list(load(_written(tmp_path / "applications.json", [])).applications()) == []


def test_truncated_json_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "applications.json"
    text = json.dumps([ONE], indent=2)
    path.write_text(text[: len(text) // 2], encoding="utf-8")
    (problem,) = _refused(path).problems
    assert "cut off" in problem
    assert "line" in problem


def test_broken_json_in_the_middle_names_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "applications.json"
    path.write_text('[\n  {"id": 1,,}\n]\n', encoding="utf-8")
    (problem,) = _refused(path).problems
    assert problem.startswith("line 2, column 12")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("WARNING: something\n[]", "begins with 'WARNING: something'"),
        ("AppId    DisplayName\n-----", "begins with 'AppId"),
        ("42", "one int"),
        ('{"value": [], "@odata.nextLink": "https://x"}', "one page of a Graph answer"),
        ('{"appId": "x"}', "a single application"),
        ('{"policies": []}', "an object with policies"),
    ],
)
def test_what_is_no_list_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "applications.json"
    path.write_text(text, encoding="utf-8")
    (problem,) = _refused(path).problems
    assert says in problem


def test_another_code_page_is_refused_with_line_and_byte(tmp_path: Path) -> None:
    path = _written(tmp_path / "applications.json", [_entry(1, displayName="Größe")], "cp1252")
    refusal = _refused(path)
    assert refusal.problems[0].startswith("line 5: byte")
    assert "chcp 65001" in refusal.remedy


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"userPrincipalName": "ada@contoso.example"}, "az ad user list"),
        ({"servicePrincipalType": "Application"}, "az ad sp list"),
        ({"securityEnabled": True}, "az ad group list"),
        ({"objectId": "x"}, "before 2.37"),
    ],
)
def test_lists_of_other_things_are_named_once(tmp_path: Path, members: dict[str, Any], says: str) -> None:
    path = _written(tmp_path / "other.json", [_entry(number, **members) for number in range(50)])
    (problem,) = _refused(path).problems
    assert says in problem


def test_every_bad_field_is_named_with_index(tmp_path: Path) -> None:
    secret = {"keyId": None, "endDateTime": "31.12.2026"}
    path = _written(
        tmp_path / "applications.json",
        [
            {"displayName": "no ids"},
            "text",
            _entry(2, displayName=7),
            _entry(3, appId="not-a-guid", passwordCredentials=[secret, 5]),
            _entry(4, keyCredentials={}),
            _entry(4, appId=_entry(9)["appId"]),
        ],
    )
    problems = _refused(path).problems
    assert problems == (
        "[0] 'no ids'.id: is missing",
        "[0] 'no ids'.appId: is missing",
        "[1]: an application is needed, found str",
        "[2].displayName: a text is needed, found int",
        "[3] 'app 3'.appId: 'not-a-guid' is not a GUID",
        "[3] 'app 3'.passwordCredentials[0].keyId: is missing",
        "[3] 'app 3'.passwordCredentials[0].endDateTime: '31.12.2026' is not a date with a time and a zone",
        "[3] 'app 3'.passwordCredentials[1]: a credential is needed, found int",
        "[4] 'app 4'.keyCredentials: a list is needed, found dict",
        f"[5].id: {_entry(4)['id']} is already that of [4]",
    )


def test_at_most_twenty_problems_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    path = _written(tmp_path / "applications.json", [{"displayName": "x"} for _ in range(30)])
    refusal = _refused(path)
    assert len(refusal.problems) == 60
    assert str(refusal).count("  - ") == 20
    assert "and 40 more" in str(refusal)
