"""The two encodings of queue messages that host.json knows (platform.md D2)."""

import base64
import binascii


class UndecodableError(ValueError):
    """Say that a message is not in the queue's encoding."""


def encode(text: str, encoding: str) -> str:
    return base64.b64encode(text.encode()).decode() if encoding == "base64" else text


def decode(body: str, encoding: str) -> str:
    """Return the text of a message; UndecodableError when the body is not base64 of UTF-8."""
    if encoding != "base64":
        return body
    try:
        return base64.b64decode(body, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise UndecodableError(f"Message decoding has failed! Check MessageEncoding settings. {error}") from error
