"""Tell people by e-mail: one message as HTML and as text, with an entry for their calendar for each deadline."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from rotation.domain.audience import Audience
from rotation.domain.errors import Misconfigured
from rotation.notifications import calendar
from rotation.notifications.words import LOOKS, instant, look, plain, safe_link, subject, when
from rotation.ports.notices import NEED_SOMEBODY, Item, Message

LARGEST_PART = 400
"""Items in one mail; more are counted in its last line."""
MOST_ENTRIES = 20
"""Calendar entries in one mail, the nearest deadlines first."""


class SendMail(Protocol):
    """What sends: Graph, or a mail server."""

    async def __call__(self, sender: str, mail: EmailMessage) -> None:
        """Send *mail* as *sender*."""
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
    environment.filters |= {"plain": plain, "safe_link": safe_link, "instant": instant}
    environment.globals |= {"look": look, "looks": LOOKS, "needs": NEED_SOMEBODY}
    return environment


_TEMPLATES = _environment()


def letter(message: Message, zone: tzinfo = UTC) -> Letter:
    """Render *message* both ways, with dates of *zone*."""
    gaps = {
        "message": message,
        "items": message.items[:LARGEST_PART],
        "left_out": message.left_out + max(0, len(message.items) - LARGEST_PART),
        "subject": subject(message, zone),
        "zone": str(zone),
        "when": lambda item: when(item, message.said_at, zone),
        "entries": len(list(_entries(message, zone))),
    }
    return Letter(
        subject=subject(message, zone),
        html=_TEMPLATES.get_template("digest.html").render(gaps),
        text=_TEMPLATES.get_template("digest.txt").render(gaps),
    )


def composed(message: Message, audience: Audience, *, sender: str) -> EmailMessage:
    """Make the mail: text, HTML, and the calendar entries."""
    rendered = letter(message, audience.zone)
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = rendered.subject
    mail["From"] = sender
    mail["To"] = ", ".join(audience.mail)
    mail["Date"] = message.said_at or datetime.now(UTC)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(rendered.text)
    mail.add_alternative(rendered.html, subtype="html")
    for name, content in _entries(message, audience.zone):
        mail.add_attachment(
            content, "text", "calendar", filename=name, params={"method": "PUBLISH", "charset": "utf-8"}
        )
    return mail


def _due(message: Message) -> list[Item]:
    """Give the items with a deadline that somebody must keep, the nearest first."""
    found = [item for item in message.items if item.due_at and item.uid and item.state in NEED_SOMEBODY]
    return sorted(found, key=lambda item: item.due_at or datetime.max.replace(tzinfo=UTC))


def _entries(message: Message, zone: tzinfo) -> Iterator[tuple[str, bytes]]:
    if message.said_at is None:
        return
    for item in _due(message)[:MOST_ENTRIES]:
        yield calendar.file_name(item, zone), calendar.entry(item, said_at=message.said_at, zone=zone)


class Mail:
    """`ports.notices.Channel` over e-mail."""

    def __init__(self, send_mail: SendMail, *, sender: str | None) -> None:
        self._send_mail = send_mail
        self._sender = sender

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
        await self._send_mail(self._sender, composed(message, audience, sender=self._sender))
