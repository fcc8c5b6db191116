"""
Serve a tenant of any size in a process of its own, so that its CPU is not taken for ours.

`python -m tests.bench.directory_server APPLICATIONS` writes its environment as one line of JSON, then answers each
line that it reads: `{"delay_seconds": 0.15}` delays every answer of Graph from then on, `{}` only asks; the answer
counts what Graph was asked so far, and gives the seconds between the requests for pages since the line before. It ends
with its standard input.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.cloud import Cloud
from sandbox.tenant.generator import generate

SEED = 7


class Counting:
    """Count what Graph is asked and answers, by method, path and status, and add a round trip to each answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.delay_seconds = 0.0
        self.answers: Counter[str] = Counter()
        self.pages_asked: list[float] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.answers[f"{scope['method']} {scope['path']} {message['status']}"] += 1
            await send(message)

        if b"top=" in scope["query_string"]:
            self.pages_asked.append(time.monotonic())
        await asyncio.sleep(self.delay_seconds)
        await self._app(scope, receive, counted)


class CountedCloud(Cloud):
    """A sandbox whose Graph is counted."""

    graph: Counting

    def _make_applications(self, vault_names: Sequence[str]) -> dict[str, ASGIApp]:
        made = super()._make_applications(vault_names)
        self.graph = Counting(made["graph"])
        return {**made, "graph": self.graph}


def serve(applications: int) -> None:
    """Serve until standard input ends."""
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with CountedCloud(tenant=generate(applications=applications, seed=SEED, now=now)) as cloud:
        _say({**cloud.environment(), "CERT_FILE": cloud.cert_file, "KEY_FILE": cloud.key_file})
        for line in sys.stdin:
            cloud.graph.delay_seconds = json.loads(line).get("delay_seconds", cloud.graph.delay_seconds)
            asked, cloud.graph.pages_asked = cloud.graph.pages_asked, []
            between = [later - sooner for sooner, later in pairwise(asked)]
            _say({"answers": cloud.graph.answers, "between_pages": between})


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
