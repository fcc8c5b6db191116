"""`Relay`: a port in front of another that can refuse, stall, or cut an answer after the request went through."""

import asyncio
import threading
from collections.abc import Callable
from enum import StrEnum
from random import Random
from urllib.parse import urlsplit

_CHUNK = 65536
_GREETINGS = 3
"""So many pieces of a connection belong to its TLS handshake: to cut those loses no answer."""


class Passage(StrEnum):
    """What a relay does with its connections."""

    OPEN = "open"
    REFUSING = "refusing"
    STALLED = "stalled"


class Relay:
    """
    Forward bytes to *target*, an address such as `https://localhost:1/account`, as it stands in `url`.

    `cuts` is the probability with which an answer is cut off after its request went through; `lost` counts them.
    """

    def __init__(self, target: str, *, seed: int) -> None:
        self._target = urlsplit(target)
        self._random = Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._open = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0
        self.cuts = 0.0
        self.lost = 0

    @property
    def url(self) -> str:
        return f"{self._target.scheme}://{self._target.hostname}:{self._port}{self._target.path}"

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(timeout=10)

    def become(self, passage: Passage) -> None:
        """Change what is done from now on, with the connections that stand open too."""
        self._on_loop(lambda: self._become(passage))

    def stop(self) -> None:
        """End every connection and the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _on_loop(self, change: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(change)

    def _become(self, passage: Passage) -> None:
        self._refusing = passage is Passage.REFUSING
        (self._open.clear if passage is Passage.STALLED else self._open.set)()
        if self._refusing:
            self._hang_up()

    def _hang_up(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _listen(self) -> None:
        self._become(Passage.OPEN)
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._server.close()
        self._hang_up()
        self._open.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            await self._forward(reader, writer)
        except OSError:
            # Either side hung up: the other one learns it by our hanging up too.
            return
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            return
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target.port)
        try:
            down = asyncio.ensure_future(self._pump(up_reader, writer, may_cut=True))
            up = asyncio.ensure_future(self._pump(reader, up_writer, may_cut=False))
            await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
            for pump in (down, up):
                pump.cancel()
            await asyncio.gather(down, up, return_exceptions=True)
        finally:
            up_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, may_cut: bool) -> None:
        pieces = 0
        while piece := await reader.read(_CHUNK):
            pieces += 1
            await self._open.wait()
            if may_cut and pieces > _GREETINGS and self._random.random() < self.cuts:
                self.lost += 1
                return
            writer.write(piece)
            await writer.drain()
