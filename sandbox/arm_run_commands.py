"""
Run commands of virtual machines and Arc-enabled servers, as Azure Resource Manager shows them (integrations.md A1).

What clients trip over: a command is created long before it has ended; a VM tells how it ended only where `$expand`
asks for it; the output is cut to its last 4096 bytes; the record, with script and parameters, stays until it is
deleted.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

LONGEST_OUTPUT = 4096
VM = "Microsoft.Compute/virtualMachines"
ARC = "Microsoft.HybridCompute/machines"

type Guard = Callable[[Request], Response | None]
"""Refuses a request that bears no good token."""
type Execute = Callable[[str], Awaitable[str]]
"""Runs a script on the machine, and gives what it writes."""


@dataclass(slots=True)
class Command:
    """One record; it runs as long as `running` has not ended."""

    name: str
    properties: dict[str, Any]
    view: dict[str, Any]
    running: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Machine:
    """One machine, and what runs on it."""

    path: str
    execute: Execute
    location: str = "westeurope"
    status: str = "Connected"
    commands: dict[str, Command] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    """Names of the commands that were started, in order."""
    ends: str = "Succeeded"
    """How the next commands end."""
    held: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, commands wait."""

    def __post_init__(self) -> None:
        self.held.set()

    @property
    def is_arc(self) -> bool:
        return f"/{ARC}/".lower() in self.path.lower()

    def document(self) -> dict[str, Any]:
        told = {"status": self.status, "osType": "windows"} if self.is_arc else {"provisioningState": "Succeeded"}
        return {"id": self.path, "name": self.path.rpartition("/")[2], "location": self.location, "properties": told}

    def shown(self, command: Command, *, expanded: bool) -> dict[str, Any]:
        properties = {**command.properties, "provisioningState": "Succeeded"}
        if expanded or self.is_arc:
            properties["instanceView"] = command.view
        path = f"{self.path}/runCommands/{command.name}"
        return {"id": path, "name": command.name, "location": self.location, "properties": properties}


class RunCommands:
    """All machines by their resource ids, which take any case."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._machines: dict[str, Machine] = {}
        self.seen: list[str] = []
        """Method and address of every request."""
        self.bodies: list[str] = []
        """Every body, for the leak search."""

    def add(self, path: str, execute: Execute) -> Machine:
        """Make a machine."""
        machine = Machine(path, execute)
        self._machines[path.lower()] = machine
        return machine

    def remove(self, path: str) -> None:
        """Take a machine away, with its records."""
        del self._machines[path.lower()]

    def routes(self, guard: Guard) -> list[Route]:
        """Give the routes, for both kinds of machines."""
        root = "/subscriptions/{subscription}/resourceGroups/{group}/providers/"
        found = []
        for provider in (VM, ARC):
            base = f"{root}{provider}/{{machine}}"
            found.append(Route(base, self._door(guard, self._machine), methods=["GET"]))
            command = f"{base}/runCommands/{{name}}"
            found.append(Route(command, self._door(guard, self._get), methods=["GET"]))
            found.append(Route(command, self._door(guard, self._put), methods=["PUT"]))
            found.append(Route(command, self._door(guard, self._delete), methods=["DELETE"]))
        return found

    def _door(
        self, guard: Guard, answer: Callable[[Request, Machine], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def through(request: Request) -> Response:
            self.seen.append(f"{request.method} {request.url.path}")
            self.bodies.append((await request.body()).decode())
            if (refused := guard(request)) is not None:
                return refused
            if "api-version" not in request.query_params:
                return _error(400, "MissingApiVersionParameter")
            machine = self._machines.get(request.url.path.lower().partition("/runcommands")[0])
            return _error(404, "ResourceNotFound") if machine is None else await answer(request, machine)

        return through

    async def _machine(self, _request: Request, machine: Machine) -> Response:
        return JSONResponse(machine.document())

    async def _get(self, request: Request, machine: Machine) -> Response:
        command = machine.commands.get(request.path_params["name"].lower())
        if command is None:
            return _error(404, "ResourceNotFound")
        expanded = request.query_params.get("$expand") == "instanceView"
        return JSONResponse(machine.shown(command, expanded=expanded))

    async def _put(self, request: Request, machine: Machine) -> Response:
        body = await request.json()
        script = body.get("properties", {}).get("source", {}).get("script")
        if not body.get("location") or not isinstance(script, str):
            return _error(400, "InvalidRequestContent")
        name = request.path_params["name"]
        view = {"executionState": "Running", "startTime": self._now().isoformat(), "output": "", "error": ""}
        command = Command(name, body["properties"], view)
        known = machine.commands.get(name.lower())
        if known is not None and known.running is not None:
            known.running.cancel()
        machine.commands[name.lower()] = command
        machine.started.append(name)
        command.running = asyncio.create_task(self._run(machine, command, script))
        return JSONResponse(machine.shown(command, expanded=False), status_code=200 if known else 201)

    async def _delete(self, request: Request, machine: Machine) -> Response:
        command = machine.commands.pop(request.path_params["name"].lower(), None)
        if command is not None and command.running is not None:
            command.running.cancel()
        gone = 202 if machine.is_arc else 200
        return Response(status_code=204 if command is None else gone)

    async def _run(self, machine: Machine, command: Command, script: str) -> None:
        await machine.held.wait()
        output = await machine.execute(script)
        command.view |= {
            "executionState": machine.ends,
            "exitCode": 0 if machine.ends == "Succeeded" else 1,
            "output": output[-LONGEST_OUTPUT:],
            "endTime": self._now().isoformat(),
        }


def _error(status: int, code: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": code}}, status_code=status)
