"""The one error that readers of values raise, and how a value is shown in it."""

from pydantic_core import PydanticCustomError

from rotation.config.problem import Wrong
from rotation.config.source import described

FAULT = "rotation"
"""The type of our own errors in pydantic's reports; their context is a `Wrong`."""

_LINE = 60


def fault(wrong: Wrong) -> PydanticCustomError:
    """Make the error that pydantic carries to the report."""
    return PydanticCustomError(FAULT, "{what}", {"what": wrong.what, "allowed": wrong.allowed, "meant": wrong.meant})


def shown(value: object) -> str:
    """Write a value into a message, cut to a length that fits a line."""
    if not isinstance(value, str | int | float):
        return described(value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}'" if len(text) <= _LINE else f"'{text[: _LINE - 3]}...'"


def spelt(value: object, allowed: str) -> str:
    """Take a text that is not empty."""
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise fault(Wrong(what="is empty" if isinstance(value, str) else f"{shown(value)} is not a text", allowed=allowed))
