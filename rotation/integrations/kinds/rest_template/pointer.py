"""JSON pointers (RFC 6901): where in an answer something stands."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

type Pointer = Annotated[str, Field(pattern=r"^(/([^~/]|~[01])*)+$", max_length=300)]
"""Such as /data/attributes/value."""


def parts_of(pointer: str) -> tuple[str, ...]:
    """Give its member names."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def find(document: Any, pointer: str) -> Any:
    """Give what stands there; None where there is nothing."""
    found = document
    for part in parts_of(pointer):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found
