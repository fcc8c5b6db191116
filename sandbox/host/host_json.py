"""host.json as Azure reads it (platform.md D2): what this host obeys, and warnings for what nobody would."""

import json
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from sandbox.host.failures import IndexFailureError

KNOWN_KEYS = frozenset(
    (
        "version",
        "functionTimeout",
        "retry",
        "functions",
        "http",
        "watchDirectories",
        "watchFiles",
        "queues",
        "serviceBus",
        "eventHub",
        "singleton",
        "logging",
        "aggregator",
        "healthMonitor",
        "extensionBundle",
        "managedDependencies",
        "customHandler",
        "httpWorker",
        "extensions",
        "concurrency",
        "sendCanceledInvocationsToWorker",
        "telemetryMode",
        "$schema",
    )
)
_SPAN = re.compile(r"(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2}):(?P<seconds>\d{1,2})")


def _span(text: Any) -> timedelta:
    """Read a .NET TimeSpan, `[d.]hh:mm:ss`."""
    found = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("is not a time span of the form hh:mm:ss")
    return timedelta(**{unit: int(number or 0) for unit, number in found.groupdict().items()})


def _limit(text: Any) -> timedelta | None:
    return None if text in {"-1", -1} else _span(text)


type Span = Annotated[timedelta, BeforeValidator(_span)]


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, populate_by_name=True)


class Queues(_Part):
    """`extensions.queues`."""

    batch_size: int = Field(default=16, ge=1, le=32)
    new_batch_threshold: int | None = Field(default=None, ge=0)
    max_dequeue_count: int = Field(default=5, ge=1)
    visibility_timeout: Span = timedelta()
    message_encoding: Literal["base64", "none"] = "base64"
    max_polling_interval: Span | None = None

    @property
    def threshold(self) -> int:
        """Fetch the next batch when this many messages or fewer are under way."""
        return self.batch_size // 2 if self.new_batch_threshold is None else self.new_batch_threshold


class Http(_Part):
    """`extensions.http`."""

    route_prefix: str = "api"


class Extensions(_Part):
    queues: Queues = Queues()
    http: Http = Http()


class HostJson(_Part):
    """The file; `function_timeout` None means no limit."""

    version: Literal["2.0"]
    function_timeout: Annotated[timedelta | None, BeforeValidator(_limit)] = timedelta(minutes=30)
    extensions: Extensions = Extensions()


OVERRIDE = "AzureFunctionsJobHost__"
"""Begins the name of a setting that stands before a value of host.json; `__` parts the steps to it."""


def read_host_json(app: Path, settings: Mapping[str, str] = os.environ) -> tuple[HostJson, list[str]]:
    """
    Return the app's host.json and its warnings.

    Raises:
        IndexFailureError: It lists every value that Azure would refuse.
    """
    path = app / "host.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        parsed = HostJson.model_validate(_overridden(content, settings))
    except FileNotFoundError:
        raise IndexFailureError(f"{path.name} is missing in {app}") from None
    except ValidationError as error:
        raise IndexFailureError(*(_problem(detail) for detail in error.errors())) from error
    except ValueError as error:
        raise IndexFailureError(f"{path.name} is not JSON: {error}") from error
    unknown = sorted(set(content) - KNOWN_KEYS)
    return parsed, [f"host.json: unknown key '{key}' is ignored" for key in unknown]


def _overridden(content: Any, settings: Mapping[str, str]) -> Any:
    given = {name.removeprefix(OVERRIDE): value for name, value in settings.items() if name.startswith(OVERRIDE)}
    for name, value in given.items() if isinstance(content, dict) else ():
        *way, last = name.split("__")
        place = content
        for step in way:
            place = place.setdefault(step, {})
        place[last] = value
    return content


def _problem(detail: Any) -> str:
    where = ".".join(str(step) for step in detail["loc"]) or "the file"
    return f"host.json: {where}: {detail['msg']}"
