"""A terminal over a world of fakes."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from rotation.cli.app import app
from rotation.cli.terminal import Terminal
from rotation.workflows.services import Services
from tests.fakes.world import World

WIDTH = 80


@dataclass
class Shell:
    """Type commands; `person` is whom the Azure CLI is signed in as."""

    world: World = field(default_factory=World)
    person: str | None = "ada@contoso.example"

    def type(self, *arguments: str, answers: str | None = None) -> Result:
        """Run one command."""
        here = Terminal(services=self._services, signed_in=self._signed_in)
        env = {"NO_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "dumb"}
        return CliRunner().invoke(app, arguments, obj=here, input=answers, env=env)

    def facts(self, *arguments: str) -> Any:
        """Run one command with `--json` and read what it wrote; it must be JSON and nothing else."""
        done = self.type(*arguments, "--json")
        return json.loads(done.stdout)

    def do[Done](self, act: Awaitable[Done]) -> Done:
        """Do something as the app itself does it."""

        async def go() -> Done:
            return await act

        return asyncio.run(go())

    @asynccontextmanager
    async def _services(self) -> AsyncIterator[Services]:
        yield self.world.services()

    async def _signed_in(self) -> str | None:
        return self.person


@pytest.fixture
def shell() -> Shell:
    return Shell()
