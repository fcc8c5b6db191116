"""What the person at the terminal sees: a live line with a number for every wait, plain lines into a pipe."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

WIDTH = 80
STYLES = {
    "healthy": ("·", ""),
    "approaching": ("◷", "blue"),
    "under-way": ("▸", "cyan"),
    "waiting": ("☞", "yellow"),
    "overlapping": ("⧗", "cyan"),
    "blocked": ("■", "red"),
    "expired": ("✕", "bold red"),
    "done": ("✓", "green"),
}
"""Sign and colour of each state, the same as on pages and cards."""


def sign(state: str, text: str = "") -> Text:
    """Give a state's sign in its colour, and *text* after it."""
    mark, style = STYLES[state]
    return Text(f"{mark} {text}" if text else mark, style=style)


class Work:
    """One wait that is shown."""

    def __init__(self, screen: "Screen", progress: Progress | None, total: int) -> None:
        self._screen, self._progress = screen, progress
        self._task = progress.add_task("", total=total) if progress else None

    def tell(self, text: str, *, done: int | None = None, aloud: bool = True) -> None:
        """Say how far it is; into a pipe only what is worth a line of its own (*aloud*)."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=text[: WIDTH - 36], completed=done)
        elif aloud:
            self._screen.show(Text(f"    {text}", style="dim"))


class Screen:
    """Writes to one console; `said` is all that it wrote, for the leak search."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        found = Console(file=out, highlight=False)
        width = min(found.width, WIDTH) if found.is_terminal else WIDTH
        self.console = Console(file=out, highlight=False, width=width, record=True)

    def show(self, *what: RenderableType) -> None:
        for each in what:
            self.console.print(each)

    def title(self, text: str) -> None:
        """Begin a part."""
        self.show(Text(), Text(text, style="bold"))

    @contextmanager
    def working(self, text: str, *, total: int = 0) -> Iterator[Work]:
        """Show a wait while it lasts, with its seconds; afterwards one line stays."""
        began = time.monotonic()
        progress = self._progress(total) if self.console.is_terminal else None
        work = Work(self, progress, total)
        work.tell(text, aloud=total > 0)
        if progress is None:
            yield work
        else:
            with progress:
                yield work
        self.show(_line(text, time.monotonic() - began))

    def _progress(self, total: int) -> Progress:
        counted = [BarColumn(bar_width=14), MofNCompleteColumn()] if total else []
        text = TextColumn("[cyan]▸[/] {task.description}", markup=True)
        return Progress(text, *counted, TimeElapsedColumn(), console=self.console, transient=True)

    @property
    def said(self) -> str:
        return self.console.export_text(clear=False)


def _line(text: str, seconds: float) -> Text:
    line = sign("done", text)
    line.append(f" {seconds:.1f} s".rjust(WIDTH - 1 - line.cell_len), style="dim")
    return line
