"""
What the worker indexed, understood: one `Function` with its trigger and outputs, or every reason why not.

`%SETTING%` expressions are resolved from the environment here, because the worker passes them on verbatim
(platform.md D1).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.host.failures import IndexFailureError
from sandbox.host.ncrontab import Schedule, ScheduleError
from sandbox.host.routes import RouteError, RouteTemplate
from sandbox.host.worker import IndexedFunction, Retry

type AuthLevel = Literal["anonymous", "function", "admin"]

_EXPRESSION = re.compile(r"%([^%]+)%")
_QUEUE_NAME = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_RESERVED_ROUTES = ("admin", "runtime")
_TRUE = frozenset({"1", "true"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerTrigger:
    schedule: Schedule
    run_on_startup: bool
    use_monitor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTrigger:
    queue: str
    connection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTrigger:
    """Answer requests on `route`; no `methods` means all of them (upper case)."""

    route: RouteTemplate
    methods: frozenset[str]
    auth_level: AuthLevel


type Trigger = TimerTrigger | QueueTrigger | HttpTrigger


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOutput:
    """Send what the function leaves under `name` (`$return` for its result) to `queue`."""

    name: str
    queue: str
    connection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function that this host can run; `argument` is the trigger's parameter name."""

    name: str
    function_id: str
    argument: str
    trigger: Trigger
    outputs: tuple[QueueOutput, ...]
    retry: Retry | None
    bindings: tuple[dict[str, Any], ...]
    disabled: bool


def understand(indexed: Iterable[IndexedFunction], environment: Mapping[str, str]) -> list[Function]:
    """Return the functions in order; IndexFailureError lists what is wrong with any of them."""
    functions, problems = [], []
    for function in indexed:
        try:
            functions.append(_function(function, environment))
        except (ValueError, RouteError, ScheduleError) as error:
            problems.append(f"Error indexing method 'Functions.{function.name}': {error}")
    if problems:
        raise IndexFailureError(*problems)
    return functions


def resolve(text: str, environment: Mapping[str, str]) -> str:
    """Replace every `%SETTING%`; ValueError names the setting that is missing."""

    def setting(found: re.Match[str]) -> str:
        value = environment.get(found[1], "")
        if not value:
            raise ValueError(f"'%{found[1]}%' does not resolve to a value: setting '{found[1]}' is missing")
        return value

    return _EXPRESSION.sub(setting, text)


def _function(indexed: IndexedFunction, environment: Mapping[str, str]) -> Function:
    triggers = [binding for binding in indexed.bindings if binding["type"].lower().endswith("trigger")]
    if len(triggers) != 1:
        raise ValueError(f"it has {len(triggers)} triggers instead of one")
    return Function(
        name=indexed.name,
        function_id=indexed.function_id,
        argument=triggers[0]["name"],
        trigger=_trigger(triggers[0], indexed.name, environment),
        outputs=tuple(_outputs(indexed.bindings, environment)),
        retry=indexed.retry,
        bindings=indexed.bindings,
        disabled=_is_disabled(indexed.name, environment),
    )


def _is_disabled(name: str, environment: Mapping[str, str]) -> bool:
    spellings = (f"AzureWebJobs.{name}.Disabled", f"AzureWebJobs_{name}_Disabled")
    return any(environment.get(spelling, "").lower() in _TRUE for spelling in spellings)


def _trigger(binding: dict[str, Any], name: str, environment: Mapping[str, str]) -> Trigger:
    match binding["type"]:
        case "timerTrigger":
            return _timer(binding, environment)
        case "queueTrigger":
            queue, connection = _queue(binding, environment)
            return QueueTrigger(queue=queue, connection=connection)
        case "httpTrigger":
            return _http(binding, name)
        case other:
            raise ValueError(f"the trigger type '{other}' is not known to this host")


def _timer(binding: dict[str, Any], environment: Mapping[str, str]) -> TimerTrigger:
    text = resolve(binding["schedule"], environment)
    try:
        schedule = Schedule.parse(text)
    except ScheduleError as error:
        raise ValueError(f"The schedule expression '{text}' was not recognized: {error}") from error
    return TimerTrigger(
        schedule=schedule,
        run_on_startup=bool(binding.get("runOnStartup", False)),
        use_monitor=bool(binding.get("useMonitor", True)) and not schedule.fires_more_than_once_a_minute(),
    )


def _queue(binding: dict[str, Any], environment: Mapping[str, str]) -> tuple[str, str]:
    queue = resolve(binding["queueName"], environment).lower()
    if not _QUEUE_NAME.fullmatch(queue):
        raise ValueError(f"'{queue}' is not a valid queue name")
    return queue, resolve(binding.get("connection") or "AzureWebJobsStorage", environment)


def _http(binding: dict[str, Any], name: str) -> HttpTrigger:
    route = binding.get("route")
    template = RouteTemplate.parse(name if route is None else route)
    if template.first_literal in _RESERVED_ROUTES:
        raise ValueError("The specified route conflicts with one or more built in routes.")
    return HttpTrigger(
        route=template,
        methods=frozenset(str(method).upper() for method in binding.get("methods") or ()),
        auth_level=binding.get("authLevel", "function").lower(),
    )


def _outputs(bindings: Iterable[dict[str, Any]], environment: Mapping[str, str]) -> Iterator[QueueOutput]:
    for binding in bindings:
        if binding["type"].lower().endswith("trigger") or binding["type"] == "http":
            continue
        if binding["type"] != "queue" or str(binding["direction"]).upper() != "OUT":
            raise ValueError(f"the binding type '{binding['type']}' is not known to this host")
        queue, connection = _queue(binding, environment)
        yield QueueOutput(name=binding["name"], queue=queue, connection=connection)
