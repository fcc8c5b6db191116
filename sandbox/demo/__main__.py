"""`python -m sandbox.demo`: run it, and end with 0 when everything is as it must be."""

import signal
import sys
from types import FrameType
from typing import NoReturn

from rich.console import Console

from sandbox.demo import rehearsal, story
from sandbox.demo.asked import Asked, parse
from sandbox.demo.screen import Screen
from sandbox.demo.stage import NeverQuiet
from sandbox.demo.terminal import CommandFailed
from sandbox.host.process import HostNotStartedError
from sandbox.storage import StorageUnavailable
from sandbox.tenant.refusal import NotATenant

INTERRUPTED = 130
UNUSABLE = 2


def main() -> int:
    """Give the exit code: 0, 1 for a false promise, 2 for a file that is no tenant, 130 when interrupted."""
    asked = parse()
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a job that a script has put behind ignores it
        signal.signal(number, _end)
    try:
        return _run(asked)
    except KeyboardInterrupt:
        return INTERRUPTED
    except NotATenant as error:
        return _complain(str(error), UNUSABLE)
    except (StorageUnavailable, HostNotStartedError, CommandFailed, NeverQuiet) as error:
        return _complain(str(error), 1)
    except OSError as error:
        if error.filename is None:
            raise
        return _complain(f"{error.filename} cannot be used: {error.strerror}.", UNUSABLE)


def _run(asked: Asked) -> int:
    screen = Screen()
    if asked.tenant is None:
        return story.tell(asked, screen).code
    return rehearsal.tell(asked, asked.tenant, screen).code


def _complain(text: str, code: int) -> int:
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, style="red", markup=False)
    return code


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
