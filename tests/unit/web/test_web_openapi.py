"""The description of the API is made from the code, whole, and says who may what."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rotation.web.principal import Role
from rotation.web.table import API
from tests.fakes.world import World
from tests.unit.web.caller import come
from tests.unit.web.easy_auth import person

STATUSES = re.compile(r"^[1-5]\d\d$")


@pytest.fixture
async def described() -> Any:
    answer = await come(World(), "GET", "openapi.json", by=person("rita", Role.READER))
    assert answer.status == 200
    return answer.body


async def test_every_route_is_described_with_what_it_takes_and_gives(described: Any) -> None:
    assert described["openapi"] == "3.1.0"
    told = {(method.upper(), path) for path, operations in described["paths"].items() for method in operations}
    assert told == {(route.method, f"/{route.path}") for route in API}
    operations = [each for path in described["paths"].values() for each in path.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    for each in operations:
        assert each["summary"], each["operationId"]
        assert all(STATUSES.match(status) for status in each["responses"])
        assert {"400", "401", "403", "404", "500", "502", "503"} <= set(each["responses"])


async def test_nothing_is_referred_to_that_is_not_there(described: Any) -> None:
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert named <= set(described["components"]["schemas"])
    assert {"RotationBody", "RotationView", "Problem", "LineList"} <= named


async def test_it_says_what_a_key_may_not(described: Any) -> None:
    approve = described["paths"]["/rotations/{id}/approve"]["post"]
    assert approve["security"] == [{"entra": []}]
    assert approve["description"] == "Takes the role Rotation.Operator, and a person."
    assert "security" not in described["paths"]["/rotations"]["post"]


async def test_it_says_which_days_the_trail_can_be_asked_for(described: Any) -> None:
    (day,) = [each for each in described["paths"]["/audit"]["get"]["parameters"] if each["name"] == "day"]
    assert day["schema"]["description"] == "From 2020-01-01 to 2099-12-31."
    assert {"type": "string", "format": "date"} in day["schema"]["anyOf"]
    assert "400" in described["paths"]["/audit"]["get"]["responses"]


def test_whatever_changes_something_takes_more_than_a_reader_and_no_key_says_a_persons_yes() -> None:
    """Enrolment and compromise stand at addresses that do less too; their handlers ask (test_web_acts.py)."""
    for route in API:
        if route.method != "GET" and route.path != "lines":
            assert route.needs in {Role.OPERATOR, Role.ADMINISTRATOR}, route.path
        if route.needs is Role.ADMINISTRATOR or "approve" in route.path or "acknowledge" in route.path:
            assert route.by_person, route.path


def test_every_route_is_in_the_page_with_its_fields() -> None:
    page = Path(__file__).parents[3].joinpath("docs", "api.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## `(\S+ /api/\S+)`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    missing = []
    for route in API:
        text = sections[f"{route.method} /api/{route.path}"]
        models = [model for model in (route.takes, route.asks) if model is not None]
        fields = [field.alias or name for model in models for name, field in model.model_fields.items()]
        missing += [
            f"{route.path}: {field}" for field in fields if f"`{field}`" not in text and f'"{field}"' not in text
        ]
    assert missing == []
