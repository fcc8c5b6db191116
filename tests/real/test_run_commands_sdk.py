"""Microsoft's own clients against the simulator of run commands, which our program's tests stand on."""

import asyncio
import importlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import AioHttpTransport
from starlette.applications import Starlette

from sandbox.arm_run_commands import ARC, VM, RunCommands
from tests.contract.harness_https import https

pytestmark = pytest.mark.real
SUBSCRIPTION, GROUP, MACHINE = "0f8fad5b-d9cb-469f-a165-70867728950e", "servers", "SRV-1"
RESOURCES = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers"
BODY: dict[str, Any] = {
    "location": "westeurope",
    "properties": {"source": {"script": "Get-Date"}, "asyncExecution": True, "timeoutInSeconds": 300},
}


class Credential:
    """A token of nobody: the simulator's guard is not what is tested here."""

    async def get_token(self, *_scopes: str, **_: Any) -> AccessToken:
        return AccessToken("any", int((datetime.now(UTC) + timedelta(hours=1)).timestamp()))

    async def close(self) -> None:
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    commands: RunCommands
    url: str
    context: ssl.SSLContext

    def options(self) -> dict[str, Any]:
        """What both clients take; they poll without waiting."""
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self.context))
        transport = AioHttpTransport(session=session, session_owner=True)
        return {"base_url": self.url, "transport": transport, "polling_interval": 0, "credential_scopes": ["any"]}


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async def execute(script: str) -> str:
        return f"ran {script}"

    commands = RunCommands()
    for provider in (VM, ARC):
        commands.add(f"{RESOURCES}/{provider}/{MACHINE}", execute)
    async with https(Starlette(routes=commands.routes(lambda _: None))) as server:
        yield Simulator(commands=commands, url=server.url, context=server.context)


async def test_the_clients_of_virtual_machines(simulator: Simulator) -> None:
    make = importlib.import_module("azure.mgmt.compute.aio").ComputeManagementClient
    async with make(Credential(), SUBSCRIPTION, **simulator.options()) as client:
        runs = client.virtual_machine_run_commands
        made = await (await runs.begin_create_or_update(GROUP, MACHINE, "x", BODY)).result()
        assert (made.name, made.async_execution, made.provisioning_state) == ("x", True, "Succeeded")
        await asyncio.sleep(0.1)
        plain = await runs.get_by_virtual_machine(GROUP, MACHINE, "x")
        assert plain.instance_view is None, "it is told only where it is asked for"
        seen = await runs.get_by_virtual_machine(GROUP, MACHINE, "x", expand="instanceView")
        assert (seen.instance_view.execution_state, seen.instance_view.output) == ("Succeeded", "ran Get-Date")
        assert seen.instance_view.start_time.tzinfo is not None
        assert seen.source.script == "Get-Date"
        await (await runs.begin_delete(GROUP, MACHINE, "x")).result()
        with pytest.raises(ResourceNotFoundError):
            await runs.get_by_virtual_machine(GROUP, MACHINE, "x")


async def test_the_clients_of_arc(simulator: Simulator) -> None:
    make = importlib.import_module("azure.mgmt.hybridcompute.aio").HybridComputeManagementClient
    async with make(Credential(), SUBSCRIPTION, **simulator.options()) as client:
        machine = await client.machines.get(GROUP, MACHINE)
        assert (machine.location, machine.properties.status, machine.properties.os_type) == (
            "westeurope",
            "Connected",
            "windows",
        )
        runs = client.machine_run_commands
        made = await (await runs.begin_create_or_update(GROUP, MACHINE, "x", BODY)).result()
        assert (made.name, made.properties.async_execution) == ("x", True)
        await asyncio.sleep(0.1)
        seen = await runs.get(GROUP, MACHINE, "x")
        assert (seen.properties.instance_view.execution_state, seen.properties.instance_view.output) == (
            "Succeeded",
            "ran Get-Date",
        )
        assert seen.properties.source.script == "Get-Date"
        await (await runs.begin_delete(GROUP, MACHINE, "x")).result()
        with pytest.raises(ResourceNotFoundError):
            await runs.get(GROUP, MACHINE, "x")
