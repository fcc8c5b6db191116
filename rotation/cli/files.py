"""Files that commands write."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

import typer

HINT = "--output"


@contextmanager
def private_file(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """
    Give a file that only its owner may read, which gets its name when the body ends well; else nothing is there.

    Raises:
        typer.BadParameter: Something has that name and nobody said *force*, or it cannot be written.
    """
    _free(path, force=force)
    try:
        # mkstemp's 0600, and in the same folder, because only there a name moves at once
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete_on_close=False) as file:
            yield file.file
            file.flush()
            os.fsync(file.fileno())
            file.close()
            _free(path, force=force)
            Path(file.name).replace(path)
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror or error}", param_hint=HINT) from error


def _free(path: Path, *, force: bool) -> None:
    if not force and path.exists():
        raise typer.BadParameter(f"{path} is there already; --force replaces it", param_hint=HINT)
