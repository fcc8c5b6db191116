"""What Queues promises."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from rotation.ports.queues import Queues

type Receive = Callable[[str], Awaitable[list[str]]]
"""Takes what is visible now in one queue, as the Functions host would read it."""


class QueuesPromises:
    @pytest.fixture
    def queue(self) -> str:
        """A queue that was never used."""
        return f"q{uuid4().hex}"

    async def test_what_was_sent_arrives_as_it_was(self, queues: Queues, receive: Receive, queue: str) -> None:
        text = '{"v": 1, "note": "grüße <&> 名前"}'
        await queues.send(queue, text)
        assert await receive(queue) == [text]

    async def test_several_arrive(self, queues: Queues, receive: Receive, queue: str) -> None:
        for text in ("one", "two", "three"):
            await queues.send(queue, text)
        assert sorted(await receive(queue)) == ["one", "three", "two"]

    async def test_a_delayed_one_is_not_seen_yet(self, queues: Queues, receive: Receive, queue: str) -> None:
        await queues.send(queue, "later", delay=timedelta(seconds=60))
        await queues.send(queue, "now")
        assert await receive(queue) == ["now"]

    async def test_queues_are_strangers(self, queues: Queues, receive: Receive, queue: str) -> None:
        await queues.send(queue, "here")
        await queues.send(f"{queue}-poison", "there")
        assert await receive(queue) == ["here"]
