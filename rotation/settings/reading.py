"""Read the environment, and tell every problem of it at once."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from rotation.domain.errors import Misconfigured
from rotation.settings.model import Settings
from rotation.settings.storage import StorageConnection

SCHEDULES = ("scan_schedule", "recover_schedule", "weekly_schedule", "digest_schedule")


def read(environment: Mapping[str, str] | None = None, *, hosted: bool = True) -> Settings:
    """
    Read the settings from *environment*, by default this process's; an empty value counts as not set.

    *hosted* is what the Functions host runs, which also needs the schedules; a terminal does not.

    Raises:
        Misconfigured: With every problem at once. Values are not shown: one of them may be a secret.
    """
    source = os.environ if environment is None else environment
    given = {name: value for name, value in source.items() if value.strip()}
    problems: list[str] = []
    storage = _part(StorageConnection, given, problems)
    settings = _part(Settings, given | {"storage": storage or StorageConnection.model_construct()}, problems)
    if hosted:
        problems += _missing_schedules(given)
    if problems or settings is None:
        raise Misconfigured(problems)
    return settings


def _part[Part: BaseModel](model: type[Part], given: Mapping[str, Any], problems: list[str]) -> Part | None:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        for finding in error.errors(include_url=False, include_input=False):
            message = "is not set" if finding["type"] == "missing" else finding["msg"].removeprefix("Value error, ")
            problems.append(": ".join([*(str(step) for step in finding["loc"][:1]), _plain(message)]))
        return None


def _plain(message: str) -> str:
    return message.replace("Input should be", "is not") if message.startswith("Input should be") else message


def _missing_schedules(given: Mapping[str, str]) -> Iterable[str]:
    for field in SCHEDULES:
        name = str(Settings.model_fields[field].validation_alias)
        if name not in given:
            yield f"{name}: is not set; the host cannot start its timer without it"
