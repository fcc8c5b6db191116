"""Mails as Graph's sendMail takes them: JSON, or MIME in base64 (platform.md F); kept in one shape for people."""

import base64
import binascii
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from typing import Any

from sandbox.entra.answers import GraphError
from sandbox.entra.objects import Document


def from_json(given: Document) -> Document:
    """Give the message of a JSON body, or raise what Graph does."""
    message = given.get("message", given.get("Message"))
    if not isinstance(message, dict) or not message.get("toRecipients"):
        raise GraphError(400, "ErrorInvalidRecipients", "At least one recipient is not valid.")
    for header in message.get("internetMessageHeaders") or ():
        if not str(header.get("name", "")).lower().startswith("x-"):
            raise GraphError(400, "InvalidInternetMessageHeader", "The header's name must start with 'x-'.")
    return message


def from_mime(encoded: str) -> Document:
    """Give the message of a MIME body: as JSON would have it, and the text beside the HTML."""
    try:
        content = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise GraphError(
            400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content."
        ) from error
    return read_mime(content)


def read_mime(content: bytes) -> Document:
    """Read one mail."""
    mail = message_from_bytes(content, policy=default)
    assert isinstance(mail, EmailMessage)
    addresses = [address for _name, address in getaddresses(mail.get_all("to", []))]
    if not addresses:
        raise GraphError(400, "ErrorInvalidRecipients", "At least one recipient is not valid.")
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    body = html or text
    return {
        "subject": str(mail["subject"] or ""),
        "body": {"contentType": "HTML" if html else "Text", "content": body.get_content() if body else ""},
        "text": text.get_content() if text else "",
        "toRecipients": [{"emailAddress": {"address": address}} for address in addresses],
        "attachments": [_attachment(part) for part in mail.iter_attachments()],
    }


def _attachment(part: Any) -> Document:
    content = part.get_content()
    return {
        "name": part.get_filename(),
        "contentType": part.get_content_type(),
        "content": content if isinstance(content, str) else base64.b64encode(content).decode(),
    }
