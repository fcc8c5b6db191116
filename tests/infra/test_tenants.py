"""Each customer's file fits the template and is deployed to that customer alone; a provider reads their figures apart."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from rotation.web.table import API
from tests.infra import bicep

FOLDER = bicep.INFRA / "tenants"
FILES = sorted(FOLDER.glob("*.bicepparam"))
CONTOSO = FOLDER / "contoso.bicepparam"
TENANT = "aaaaaaaa-0000-4000-8000-00000000c001"
SUBSCRIPTION = "bbbbbbbb-0000-4000-8000-00000000c001"


class Terminal:
    """A terminal of a provider, with `az` signed in somewhere."""

    def __init__(self, place: Path, *, cloud: str, subscriptions: dict[str, str]) -> None:
        self._place, self._state = place, place / "state.json"
        wrapper = place / "az"
        wrapper.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -ISB "{Path(__file__).parent / "stand_in_az.py"}" "$@"\n'
        )
        wrapper.chmod(0o755)
        state = {"cloud": cloud, "subscriptions": subscriptions, "applications": [], "calls": []}
        self._state.write_text(json.dumps(state), "utf-8")

    def deploy(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        path = f"{self._place}{os.pathsep}{os.environ['PATH']}"
        command = ["bash", str(bicep.INFRA / "scripts" / "deploy-tenant.sh"), *map(str, words)]
        environment = {**os.environ, "PATH": path, "STAND_IN_STATE": str(self._state)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def deployments(self) -> list[list[str]]:
        calls: list[list[str]] = json.loads(self._state.read_text("utf-8"))["calls"]
        return [call for call in calls if call[0] == "deployment"]


def terminal(place: Path, *, cloud: str = "AzureCloud", tenant: str = TENANT) -> Terminal:
    return Terminal(place, cloud=cloud, subscriptions={SUBSCRIPTION: tenant})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_customers_file_fits_the_template(path: Path) -> None:
    given = bicep.parameter_file(path)
    assert {"environmentName", "location"} <= set(given) <= set(bicep.template(bicep.MAIN)["parameters"])
    assert given["environmentName"] == f"'{path.stem}'"
    assert "manageAllApplications" not in given, "every application is a choice of one's own, not an example's"
    assert "using '../main.bicep'" in path.read_text("utf-8")


def test_no_two_customers_share_anything() -> None:
    heads = [[line for line in path.read_text("utf-8").splitlines() if line.startswith("// ")][1:3] for path in FILES]
    assert len(FILES) > 1
    assert len({line for head in heads for line in head}) == 2 * len(FILES)


@pytest.mark.parametrize(("words", "verb"), [((), "what-if"), (("--apply",), "create")])
def test_a_file_is_deployed_where_its_head_says(tmp_path: Path, words: tuple[str, ...], verb: str) -> None:
    here = terminal(tmp_path)
    told = here.deploy(*words, CONTOSO)
    assert told.returncode == 0, told.stderr
    (call,) = here.deployments()
    assert call[2] == verb
    assert call[call.index("--subscription") + 1] == SUBSCRIPTION
    assert call[call.index("--location") + 1] == "westeurope"
    assert call[-1] == str(CONTOSO)


@pytest.mark.parametrize(
    ("elsewhere", "told"),
    [({"tenant": "of-somebody-else"}, f"az login --tenant {TENANT}"), ({"cloud": "AzureChinaCloud"}, "az cloud set")],
)
def test_nothing_is_deployed_anywhere_else(tmp_path: Path, elsewhere: dict[str, Any], told: str) -> None:
    here = terminal(tmp_path, **elsewhere)
    ended = here.deploy("--apply", CONTOSO)
    assert ended.returncode == 3
    assert told in ended.stderr
    assert here.deployments() == []


def test_a_file_that_does_not_say_whose_it_is_is_refused(tmp_path: Path) -> None:
    bare = tmp_path / "bare.bicepparam"
    bare.write_text("using 'main.bicep'\nparam environmentName = 'x'\n", "utf-8")
    ended = terminal(tmp_path).deploy("--apply", bare)
    assert ended.returncode == 2
    assert "does not say its tenant" in ended.stderr


def test_each_customers_figures_are_fetched_with_a_key_of_its_own() -> None:
    jobs = yaml.safe_load((FOLDER / "prometheus.yaml").read_text("utf-8"))["scrape_configs"]
    customers = [job["static_configs"][0]["labels"]["customer"] for job in jobs]
    keys = [job["http_headers"]["x-functions-key"]["files"][0] for job in jobs]
    assert customers == [path.stem for path in FILES]
    assert len(set(keys)) == len(keys)
    routes = {f"/api/{route.path}" for route in API}
    assert {job["metrics_path"] for job in jobs} <= routes
