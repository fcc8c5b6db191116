"""What holds connections closes them: `async with`, or `close()`."""

from types import TracebackType
from typing import Self


class Closing:
    """Makes an asynchronous context manager of whatever has a `close()`."""

    async def close(self) -> None:
        """Close the connections; there may be none."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
