"""Tell people by e-mail: one message as HTML, and as text for those who want that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from rotation.domain.errors import Misconfigured
from rotation.domain.policy import Audience
from rotation.notifications.words import look, plain, safe_link, subject
from rotation.ports.notices import Message

LARGEST_PART = 400
"""Items in one mail; more are counted in its last line."""


class SendMail(Protocol):
    """What sends: Graph, or a test's sink."""

    async def __call__(self, sender: str, mail: Mapping[str, Any]) -> None:
        """Send the JSON of Graph's sendMail as *sender*."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message, rendered."""

    subject: str
    html: str
    text: str


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("rotation.notifications"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": plain, "safe_link": safe_link}
    environment.globals |= {"look": look}
    return environment


_TEMPLATES = _environment()


def letter(message: Message) -> Letter:
    """Render *message* both ways."""
    gaps = {
        "message": message,
        "items": message.items[:LARGEST_PART],
        "left_out": max(0, len(message.items) - LARGEST_PART),
        "subject": subject(message),
    }
    return Letter(
        subject=subject(message),
        html=_TEMPLATES.get_template("digest.html").render(gaps),
        text=_TEMPLATES.get_template("digest.txt").render(gaps),
    )


class Mail:
    """`ports.notices.Channel` over e-mail."""

    def __init__(self, send_mail: SendMail, *, sender: str | None, as_text: bool = False) -> None:
        self._send_mail = send_mail
        self._sender = sender
        self._as_text = as_text

    @property
    def name(self) -> str:
        """`mail`."""
        return "mail"

    def reaches(self, audience: Audience) -> bool:
        """Tell whether it has addresses, and we a mailbox to send from."""
        return bool(audience.mail) and self._sender is not None

    async def send(self, audience: Audience, message: Message) -> None:
        """Send to all addresses of the audience at once; at least once."""
        if self._sender is None or not audience.mail:
            raise Misconfigured([f"audiences.{audience.name}: no address, or no `sender` to send from"])
        rendered = letter(message)
        kind, content = ("Text", rendered.text) if self._as_text else ("HTML", rendered.html)
        mail = {
            "message": {
                "subject": rendered.subject,
                "body": {"contentType": kind, "content": content},
                "toRecipients": [{"emailAddress": {"address": address}} for address in audience.mail],
            },
            "saveToSentItems": False,
        }
        await self._send_mail(self._sender, mail)
