"""What each Bicep file promises by itself; only a compiler can check its types (docs/deploy.md)."""

import re
from pathlib import Path
from typing import Any

import pytest
from lark.exceptions import UnexpectedInput

from tests.infra import bicep

ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": "Storage Queue Data Message Sender",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "21090545-7ca7-4776-b22c-e363652d74d2": "Key Vault Reader",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "de139f84-1756-47ae-9be6-808fbbe84772": "Website Contributor",
}
"""Every built-in role that infra/ may give; one of these lines is what a reviewer looks at."""

GUID = re.compile(r"'([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})'")
GRAPH = "00000003-0000-0000-c000-000000000000"

each_file = pytest.mark.parametrize("path", bicep.FILES, ids=lambda path: path.name)


def _assignments() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{path.name}:{name}", bicep.body(resource))
        for path in bicep.FILES
        for name, resource in bicep.template(path).get("resources", {}).items()
        if resource["type"] == "Microsoft.Authorization/roleAssignments"
    ]


@each_file
def test_a_file_is_bicep(path: Path) -> None:
    assert bicep.template(path)["globals"]["scope"]["value"] in {"subscription", "resourceGroup"}


def test_what_is_no_bicep_is_refused() -> None:
    with pytest.raises(UnexpectedInput):
        bicep.parse("param name string =\n\nresource app {")


@each_file
def test_every_parameter_and_output_is_described(path: Path) -> None:
    tree = bicep.template(path)
    for kind in ("parameters", "outputs"):
        for name, declared in tree.get(kind, {}).items():
            said = bicep.decorator(declared, "description")
            assert said, f"{kind} {name}"
            assert said.endswith("."), f"{kind} {name}: {said}"


@each_file
def test_every_parameter_and_variable_is_used(path: Path) -> None:
    """Declarations and keys of objects are no uses."""
    tree = bicep.template(path)
    text = re.sub(r"^(?:param|var) \w+|^\s+\w+:", "", bicep.bare(path), flags=re.MULTILINE)
    for kind in ("parameters", "variables"):
        for name in tree.get(kind, {}):
            assert re.search(rf"(?<![\w.'\"]){name}\b", text), f"{name} is declared and never used"


@each_file
def test_each_module_is_called_with_all_its_parameters_and_no_other(path: Path) -> None:
    for name, called in bicep.template(path).get("modules", {}).items():
        wanted = bicep.template(path.parent / called["detail"]["path"]).get("parameters", {})
        assert set(bicep.body(called)["params"]) == set(wanted), name


def test_only_outputs_that_modules_have_are_read() -> None:
    calls = bicep.template(bicep.MAIN)["modules"]
    read = re.findall(r"\b(\w+)!?\.outputs\.(\w+)", bicep.bare(bicep.MAIN))
    assert read
    for name, output in read:
        called = bicep.template(bicep.INFRA / calls[name]["detail"]["path"])
        assert output in called["outputs"], f"{name}.outputs.{output}"


def test_outputs_of_modules_that_may_be_missing_are_read_with_care() -> None:
    """`!` says to the compiler that the condition around it is the module's own."""
    for name, called in bicep.template(bicep.MAIN)["modules"].items():
        for mark in re.findall(rf"\b{name}(!?)\.outputs\.", bicep.bare(bicep.MAIN)):
            assert bool(mark) == ("condition" in called["config"]), name


def test_only_known_roles_are_given() -> None:
    named = {guid for path in bicep.FILES for guid in GUID.findall(bicep.bare(path))} - {GRAPH}
    assert named == set(ROLES)


def test_every_role_is_given_on_one_resource() -> None:
    """Never on a resource group or a subscription, which a missing scope would mean."""
    found = _assignments()
    assert found
    for where, assignment in found:
        assert "scope" in assignment, where
        assert not bicep.literals(assignment["scope"]) & {"resourceGroup", "subscription"}, where


def test_every_role_assignment_has_a_name_that_stays() -> None:
    for where, assignment in _assignments():
        assert assignment["name"]["function"]["type"] == "guid", where


def test_the_app_reads_its_configuration_and_only_the_pipeline_writes_it() -> None:
    storage = bicep.module("storage")
    containers = [
        *bicep.variable(storage, "hostContainers"),
        *(
            bicep.variable(storage, name)
            for name in ("packageContainer", "snapshotContainer", "configurationContainer", "auditContainer")
        ),
    ]
    concatenated = bicep.variable(storage, "containers")["function"]["parameters"]
    assert concatenated == {
        "arg_1": "hostContainers",
        "arg_2": ["packageContainer", "snapshotContainer", "configurationContainer", "auditContainer"],
    }
    place = f"container[{containers.index('configuration')}]"
    text = bicep.bare(bicep.INFRA / "modules" / "storage.bicep")
    blocks = re.findall(r"^resource \w+ 'Microsoft.Authorization/.*?^\}\]?$", text, re.MULTILINE | re.DOTALL)
    given = {
        (match["who"], match["role"])
        for block in blocks
        if f"scope: {place}" in block
        and (match := re.search(r"principalId: (?P<who>\w+).*?roleDefinitions', (?P<role>\w+)\)", block, re.DOTALL))
    }
    assert given == {
        ("identityPrincipalId", "blobDataReader"),
        ("operatorsGroupId", "blobDataReader"),
        ("configurationWriterId", "blobDataContributor"),
    }
    assert not re.search(r"scope: account\n(?:.*\n){1,5}.*blobData", text), (
        "a role on the account reaches every container"
    )


def test_the_audit_trail_grows_and_does_nothing_else() -> None:
    storage = bicep.module("storage")
    policy = bicep.body(storage["resources"]["keepAudit"])
    assert policy["properties"]["allowProtectedAppendWrites"] is True
    text = bicep.bare(bicep.INFRA / "modules" / "storage.bicep")
    assert "immutabilityPeriodSinceCreationInDays: auditYears * 366" in text
    assert re.search(r"immutabilityPolicies@[\d-]+' = \{\n  parent: container\[5\]", text)
    assert bicep.variable(storage, "auditContainer") == "audit"


def test_nothing_is_opened_by_a_key() -> None:
    account = bicep.body(bicep.module("storage")["resources"]["account"])["properties"]
    assert account["allowSharedKeyAccess"] is False
    assert account["allowBlobPublicAccess"] is False
    monitoring = bicep.module("monitoring")["resources"]
    assert bicep.body(monitoring["component"])["properties"]["DisableLocalAuth"] is True
    assert bicep.body(monitoring["workspace"])["properties"]["features"]["disableLocalAuth"] is True
    app = bicep.module("app")["resources"]
    for name in ("noScmPassword", "noFtpPassword"):
        assert bicep.body(app[name])["properties"]["allow"] is False
    for path in bicep.FILES:
        assert not re.search(r"\blistKeys|AccountKey|@secure", bicep.bare(path)), path.name


def test_what_the_vault_holds_cannot_be_lost_at_once() -> None:
    vault = bicep.body(bicep.module("vault")["resources"]["vault"])["properties"]
    assert vault["enableRbacAuthorization"] is True
    assert vault["enableSoftDelete"] is True
    assert vault["enablePurgeProtection"] is True


def test_the_narrow_vault_role_cannot_delete() -> None:
    role = bicep.body(bicep.module("vault-role")["resources"]["role"])["properties"]["permissions"][0]
    assert role["actions"] == []
    assert {action.split("/")[3] for action in role["dataActions"]} == {
        "getSecret",
        "setSecret",
        "update",
        "readMetadata",
    }


def test_every_suppression_of_checkov_says_why() -> None:
    """`// checkov:skip=<check>:<reason>`; what it finds beside these fails test_checkov.py."""
    skips = [
        line.strip() for path in bicep.FILES for line in path.read_text("utf-8").splitlines() if "checkov:skip" in line
    ]
    assert skips
    for skip in skips:
        assert re.fullmatch(r"// checkov:skip=CKV\d?_AZURE_\d+:.{30,}", skip), skip
