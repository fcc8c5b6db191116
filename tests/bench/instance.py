"""
A measured process: one instance of the app, as far as its messages go, over a wire whose round trips take a while.

`python -m tests.bench.instance CONCURRENCY ROUND_TRIP [APPLICATION ...]`: it takes as many messages at once as it is
told to, as the Functions host does, looks at open work whenever there is none, and ends when nothing has come for a
while. With applications it opens their rotations itself, the first one to warm up; then it makes all calls of the
others again, bare, one after the other, and tells the CPU of both.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from azure.core.exceptions import AzureError
from azure.data.tables import UpdateMode
from azure.storage.queue import QueueMessage, TextBase64DecodePolicy
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from rotation import settings
from rotation.adapters.storage import StorageAccount
from rotation.adapters.table_values import entity
from rotation.adapters.tables import AzureTables, _filter
from rotation.bootstrap import close_shared, composition
from rotation.domain.errors import RotationError
from rotation.ledger import keys
from rotation.ports.tables import Delete, Query
from rotation.triggers import queues as triggers
from rotation.triggers.boundary import Work, message
from rotation.workflows.recovering import recover
from rotation.workflows.services import Services
from tests.bench.measured import Stopwatch, cpu_seconds
from tests.bench.open_rotations import begin
from tests.bench.wired import Call, Wire

WORK: Mapping[str, Work] = {
    keys.QUEUE_ROTATIONS: triggers._rotation,
    keys.QUEUE_DELIVERIES: triggers._delivery,
    keys.QUEUE_NOTICES: triggers._notice,
}
SILENCE, POLL, AGAIN = 7.0, 0.1, 20
"""Seconds: after which it ends, between two looks at empty queues, after which a message that failed comes again."""


@dataclass(slots=True, kw_only=True)
class Instance:
    """Takes messages until there are none; `began` and `ended` are instants of the machine's clock."""

    services: Services
    beside: Services
    """For what the clock asks, which is no message's cost."""
    queues: QueueServiceClient
    heard_at: float = field(default_factory=time.time)
    began: float = 0.0
    ended: float = 0.0
    handling: float = 0.0
    """CPU of messages alone; means something where one at a time is taken."""

    async def work(self, concurrency: int) -> None:
        clients = {
            name: self.queues.get_queue_client(name, message_decode_policy=TextBase64DecodePolicy()) for name in WORK
        }
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look())
            for _worker in range(concurrency):
                group.create_task(self._take(clients))

    async def _look(self) -> None:
        """Look at open work, as the minute's timer does."""
        while time.time() - self.heard_at < SILENCE:
            await asyncio.sleep(1)
            if time.time() - self.heard_at > 1:
                await recover(self.beside)

    async def _take(self, clients: Mapping[str, QueueClient]) -> None:
        while time.time() - self.heard_at < SILENCE:
            taken = [name for name, client in clients.items() if await self._one(name, client)]
            if not taken:
                await asyncio.sleep(POLL)

    async def _one(self, name: str, client: QueueClient) -> bool:
        """Take one message of this queue, if there is any."""
        try:
            found: QueueMessage | None = await client.receive_message(visibility_timeout=AGAIN)
        except AzureError:  # nobody has sent there yet: the queue is not made
            return False
        if found is None:
            return False
        self.heard_at = time.time()
        self.began = self.began or self.heard_at
        before = cpu_seconds()
        await message(lambda: self.services, name, str(found.content), work=WORK[name])
        self.handling += cpu_seconds() - before
        await client.delete_message(found)
        self.heard_at = self.ended = time.time()
        return True


async def run(concurrency: int, round_trip: float, applications: Sequence[str]) -> dict[str, Any]:
    """Work on what waits, or on what it opens itself, and tell what that took."""
    composed = composition(settings.read(hosted=False))
    known, account = composed.services, composed._account()
    if applications:
        await begin(known, applications[:1])
        await _worked(known, account, concurrency, wire=Wire())  # everything is loaded and connected by now
        await begin(known, applications[1:])
    wire = Wire(round_trip=round_trip)
    instance = await _worked(known, account, concurrency, wire=wire)
    told = {"began": instance.began, "ended": instance.ended, "handling": instance.handling}
    calls = Counter(call.label for call in wire.calls)
    if applications:
        told["bare"] = await _bare(wire.calls, account)
    await close_shared()
    return {**told, "calls": calls}


async def _worked(known: Services, account: StorageAccount, concurrency: int, *, wire: Wire) -> Instance:
    async with account.queues() as queues:
        instance = Instance(services=wire.over(known), beside=known, queues=queues)
        await instance.work(concurrency)
    return instance


async def _bare(calls: Sequence[Call], account: StorageAccount) -> float:
    """Make the same calls again, nothing around them, and give their CPU: tables by the SDK itself, others by our adapters."""
    async with account.tables() as tables:
        before = cpu_seconds()
        for call in calls:
            await _allowed(_table_call(tables, call) if isinstance(call.port, AzureTables) else _other_call(call))
        return cpu_seconds() - before


async def _allowed(call: Awaitable[object]) -> None:
    """What cannot be done a second time costs as much as what can."""
    try:
        await call
    except (AzureError, RotationError):
        return


async def _other_call(call: Call) -> object:
    return await getattr(call.port, call.method)(*call.arguments, **call.named)


async def _table_call(tables: Any, call: Call) -> object:
    table = tables.get_table_client(call.arguments[0])
    match call.method, call.arguments[1:]:
        case "get", (partition, key):
            return await table.get_entity(partition, key)
        case "query", (Query() as query,):
            text, parameters = _filter(query)
            return [row async for row in table.query_entities(text, parameters=parameters)]
        case "commit", (partition, [Delete(key=key)]):
            return await table.delete_entity(partition, key)
        case "commit", (partition, [change]) if not isinstance(change, Delete):
            return await table.upsert_entity(entity(partition, change.key, change.values), mode=UpdateMode.REPLACE)
        case "commit", (partition, changes):
            rows = [entity(partition, each.key, {} if isinstance(each, Delete) else each.values) for each in changes]
            return await table.submit_transaction([("upsert", row, {"mode": UpdateMode.REPLACE}) for row in rows])
    raise AssertionError(call.label)


if __name__ == "__main__":
    watch = Stopwatch()
    watch.tell(**asyncio.run(run(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])))
