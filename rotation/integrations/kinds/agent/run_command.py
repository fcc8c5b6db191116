"""
Run the companion script by a run command of Azure Resource Manager: begun by one call, asked after by the next.

`PUT .../runCommands/{name}` with `asyncExecution` begins it, its `instanceView` tells how it ended, and DELETE
removes the record (integrations.md A1). The record holds names only: no parameters, no value.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Literal

from rotation.domain.errors import DestinationRefused, NotYetVisible, Unavailable
from rotation.integrations.kinds.agent import companion
from rotation.integrations.kinds.agent.companion import Asked
from rotation.integrations.kinds.agent.credential_settings import CredentialSettings
from rotation.integrations.outbound import arm
from rotation.integrations.outbound.wire import Answer, Call
from rotation.integrations.services import IntegrationServices

ASK_AGAIN = timedelta(seconds=15)
FRESH = timedelta(minutes=10)
"""What ended longer ago says nothing of now."""
AWAY = frozenset({"Disconnected", "Expired", "Error"})
AWAY_FOR = timedelta(minutes=10)
SCRIPT_LIMIT = timedelta(minutes=5)
WAITS = (0.05, 0.2, 0.5, 1.0, 2.0)
"""Seconds between looks; the last one repeats."""
_VERSIONS = {"vm-run-command": "2024-07-01", "arc-run-command": "2026-07-15"}
_ROLES = {
    "vm-run-command": "Virtual Machine Contributor",
    "arc-run-command": "Azure Connected Machine Resource Administrator",
}
_GOING = frozenset({"Pending", "Running", "Unknown", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What was run, and what it said."""

    asked: Asked
    output: str


class RunCommands:
    """Run commands of one machine."""

    def __init__(self, services: IntegrationServices, settings: CredentialSettings) -> None:
        self._services = services
        self._settings = settings
        self._way = settings.transport

    async def run(self, name: str, asked: Asked) -> Ran:
        """
        Run it, or go on with what another call began under this name.

        Raises:
            NotYetVisible: It has not ended yet; ask again.
        """
        seen = await self._look(name)
        if seen is None:
            await self._begin(name, asked)
        deadline = asyncio.get_running_loop().time() + self._settings.timeout_seconds
        waits = iter(WAITS)
        while seen is None or _state(seen) in _GOING:
            if asyncio.get_running_loop().time() > deadline:
                raise NotYetVisible(f"run command {name} has not ended yet", retry_after=ASK_AGAIN)
            await asyncio.sleep(next(waits, WAITS[-1]))
            seen = await self._look(name)
        await self.remove(name)
        return self._ran(name, seen)

    async def remove(self, name: str) -> None:
        """Delete its record; one that is not there is as good."""
        await self._ask("DELETE", f"/runCommands/{name}", answers=frozenset({HTTPStatus.NOT_FOUND}))

    async def _machine(self) -> dict[str, Any]:
        """
        Read the machine.

        Raises:
            DestinationGone: There is none.
        """
        found: dict[str, Any] = json.loads((await self._ask("GET", "")).body)
        return found

    async def _look(self, name: str) -> dict[str, Any] | None:
        path = f"/runCommands/{name}"
        answer = await self._ask("GET", path, query="&$expand=instanceView", answers=frozenset({HTTPStatus.NOT_FOUND}))
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        found: dict[str, Any] = json.loads(answer.body)
        return found

    async def _begin(self, name: str, asked: Asked) -> None:
        machine = await self._machine()
        away = machine.get("properties", {}).get("status")
        if away in AWAY:
            raise Unavailable(f"the machine's Arc agent is {away}", retry_after=AWAY_FOR)
        body = {
            "location": machine["location"],
            "properties": {
                "source": {"script": companion.script(asked)},
                "asyncExecution": True,
                "timeoutInSeconds": int(SCRIPT_LIMIT.total_seconds()),
            },
        }
        answer = await self._ask("PUT", f"/runCommands/{name}", body=body, answers=arm.LOST_RACE)
        if answer.status in arm.LOST_RACE:
            raise NotYetVisible(f"run command {name} is being removed or made", retry_after=ASK_AGAIN)

    def _ran(self, name: str, seen: dict[str, Any]) -> Ran:
        """Judge what has ended; what is old, or not ours, is removed by now, and asked anew by the next call."""
        properties, view = seen["properties"], seen["properties"]["instanceView"]
        asked = companion.asked_by(str((properties.get("source") or {}).get("script") or ""))
        started = _instant(view.get("startTime"))
        if asked is None or started is None or self._services.clock.now() - started > FRESH:
            raise NotYetVisible(f"run command {name} is of another day", retry_after=ASK_AGAIN)
        if _state(seen) != "Succeeded":
            raise DestinationRefused(
                f"run command {name} ended as {_state(seen)}: {str(view.get('executionMessage') or '')[:200]}"
                f"{companion.instead(self._settings.by_hand)}",
                reason="companion-failed",
            )
        return Ran(asked=asked, output=str(view.get("output") or ""))

    async def _ask(
        self,
        method: Literal["GET", "PUT", "DELETE"],
        path: str,
        *,
        query: str = "",
        body: dict[str, Any] | None = None,
        answers: frozenset[int] = frozenset(),
    ) -> Answer:
        way = self._way
        call = Call(
            method=method,
            url=f"{self._services.arm_url}{self._settings.machine}{path}?api-version={_VERSIONS[way]}{query}",
            headers={},
            body=json.dumps(body).encode() if body else b"",
            private_network=True,
            answers=answers,
            denied=f"does our identity have the role {_ROLES[way]} on the machine?",
            gone="is the machine's resource id right?",
            largest=arm.LARGEST_RESOURCE,
        )
        return await arm.ask(self._services, call)


def _state(seen: dict[str, Any]) -> str:
    """Tell how it stands; a record whose command was refused before it ran has failed."""
    properties = seen["properties"]
    view = properties.get("instanceView") or {}
    failed = properties.get("provisioningState") == "Failed"
    properties["instanceView"] = view
    return str(view.get("executionState") or ("Failed" if failed else ""))


def _instant(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
