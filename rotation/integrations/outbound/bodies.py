"""JSON bodies of destinations; neither they nor what is wrong with them is ever shown."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic_core import from_json

from rotation.domain.errors import DestinationRefused
from rotation.integrations.outbound.wire import Answer, Call


def object_in(answer: Answer, call: Call) -> Mapping[str, Any]:
    """
    Read the JSON object that was answered.

    Raises:
        DestinationRefused: It is none, or was longer than is read (`unexpected-shape`).
    """
    found: object = None
    # Raised outside: the decoder's own error keeps the whole text.
    with suppress(ValueError):
        found = from_json(answer.body)
    if isinstance(found, Mapping):
        return found
    raise DestinationRefused(
        f"{call.host} answers {answer.status} with something that is no JSON object, or one that is too long",
        reason="unexpected-shape",
        host=call.host,
    )


def body_of(content: Mapping[str, Any]) -> bytes:
    """Give the body that says *content*."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
