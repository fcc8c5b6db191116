"""The parameter files give what main.bicep asks for, and nothing else."""

import json
import re
from pathlib import Path

import pytest

from tests.infra import bicep

PARAMETERS = bicep.template(bicep.MAIN)["parameters"]
REQUIRED = {
    name
    for name, declared in PARAMETERS.items()
    if not re.search(rf"^param {name} \w+ =", bicep.MAIN.read_text("utf-8"), re.MULTILINE) and declared
}
AZD = json.loads((bicep.INFRA / "main.parameters.json").read_text("utf-8"))["parameters"]
SUBSTITUTION = re.compile(r"\$\{(?P<name>[A-Z_]+)(?:=(?P<default>[^}]*))?\}")

each_file = pytest.mark.parametrize("path", bicep.PARAMETER_FILES, ids=lambda path: path.name)


def test_there_is_one_for_trying_and_one_for_keeping() -> None:
    assert [path.name for path in bicep.PARAMETER_FILES] == ["main.dev.bicepparam", "main.prod.bicepparam"]
    assert {"environmentName", "location"} == REQUIRED


@each_file
def test_a_file_names_parameters_that_exist(path: Path) -> None:
    given = bicep.parameter_file(path)
    assert set(given) <= set(PARAMETERS)
    assert set(given) >= REQUIRED
    assert "using 'main.bicep'" in path.read_text("utf-8")


@each_file
def test_a_file_gives_values_that_are_allowed(path: Path) -> None:
    for name, text in bicep.parameter_file(path).items():
        assert _fits(name, text), f"{name} = {text}"


def _fits(name: str, text: str) -> bool:
    declared = PARAMETERS[name]
    allowed = bicep.decorator(declared, "allowed")
    if allowed is not None and text.strip("'") not in {str(each) for each in allowed}:
        return False
    match declared["type"]:
        case "bool":
            return text in {"true", "false"}
        case "int":
            low, high = bicep.decorator(declared, "min_value"), bicep.decorator(declared, "max_value")
            return text.isdigit() and (low is None or int(text) >= low) and (high is None or int(text) <= high)
        case "array":
            return text.startswith("[") and text.endswith("]")
        case "object":
            return text.startswith("{") and text.endswith("}")
        case _:
            return bool(re.fullmatch(r"'[^']*'|readEnvironmentVariable\('[A-Z_]+'(, '[^']*')?\)", text))


def test_no_file_gives_the_right_to_every_application() -> None:
    for path in bicep.PARAMETER_FILES:
        assert bicep.parameter_file(path)["manageAllApplications"] == "false"
    assert PARAMETERS["manageAllApplications"]["default"] is False
    assert AZD["manageAllApplications"]["value"].endswith("=false}")


def test_keeping_is_private_and_trying_is_not() -> None:
    dev, prod = (bicep.parameter_file(path) for path in bicep.PARAMETER_FILES)
    assert dev["privateNetwork"] == "false"
    assert prod["privateNetwork"] == "true"
    assert int(prod["monthlyBudget"]) > 0


def test_azd_gives_parameters_that_exist_each_from_its_environment() -> None:
    assert set(AZD) <= set(PARAMETERS)
    assert set(AZD) >= REQUIRED
    for name, given in AZD.items():
        assert SUBSTITUTION.fullmatch(given["value"]), name


def test_azd_has_the_defaults_of_the_template() -> None:
    for name, given in AZD.items():
        found = SUBSTITUTION.fullmatch(given["value"])
        assert found is not None
        if name in REQUIRED or name == "pipelinePrincipalType":  # azd is run by a person, a pipeline says otherwise
            continue
        default = PARAMETERS[name]["default"]
        assert found["default"] == (str(default).lower() if isinstance(default, bool) else default), name


def test_docs_name_every_variable_of_azd() -> None:
    told = (bicep.ROOT / "docs" / "deploy.md").read_text("utf-8")
    for given in AZD.values():
        found = SUBSTITUTION.fullmatch(given["value"])
        assert found is not None
        assert f"`{found['name']}`" in told


@pytest.mark.parametrize("page", ["deploy.md", "security.md"])
def test_docs_name_every_role_and_permission(page: str) -> None:
    told = (bicep.ROOT / "docs" / page).read_text("utf-8")
    tree = bicep.module("graph")
    for part in ("writePermissions", "readPermissions", "ownerPermissions"):
        for permission in bicep.literals(bicep.variable(tree, part)):
            if "." in permission:
                assert f"`{permission}`" in told
