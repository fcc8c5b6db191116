"""The sandbox's mailbox as pages: what people got, as their mail program would show it."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

type Mail = Mapping[str, Any]

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>{title}</title><style>
body {{ margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; }}
table {{ border-collapse: collapse; width: 100%; }} td {{ border-top: 1px solid #8885; padding: .5rem .75rem .5rem 0; }}
iframe {{ border: 1px solid #8885; width: 100%; height: 75vh; }} .soft {{ opacity: .7; }}
</style><body><h1>{title}</h1>{body}</body></html>"""


def listed(mails: Sequence[Mail]) -> str:
    """Give the page of all mails, the newest first."""
    rows = [_row(number, mail) for number, mail in reversed(list(enumerate(mails)))]
    body = f"<table>{''.join(rows)}</table>" if rows else "<p>Nobody was told anything yet.</p>"
    return _PAGE.format(title=f"Inbox: {len(mails)} mails", body=body)


def _row(number: int, mail: Mail) -> str:
    when = escape(str(mail.get("at", ""))[:16].replace("T", " "))
    link = f'<a href="/inbox/{number}">{escape(str(mail["message"].get("subject", "")))}</a>'
    return f'<tr><td class="soft">{when}</td><td>{escape(", ".join(_to(mail)))}</td><td>{link}</td></tr>'


def shown(mail: Mail) -> str:
    """Give the page of one mail; its HTML stands in a frame in which nothing runs."""
    message = mail["message"]
    names = [escape(str(each.get("name", ""))) for each in message.get("attachments") or ()]
    frame = f'<iframe sandbox="" srcdoc="{escape(str(message.get("body", {}).get("content", "")))}"></iframe>'
    attached = f'<p class="soft">Attached: {", ".join(names)}</p>' if names else ""
    head = f'<p><a href="/inbox">Inbox</a> · from {escape(str(mail.get("from")))} to {escape(", ".join(_to(mail)))}</p>'
    body = f"{head}{attached}{frame}<h2>As text</h2><pre>{escape(str(message.get('text', '')))}</pre>"
    return _PAGE.format(title=escape(str(message.get("subject", ""))), body=body)


def _to(mail: Mail) -> list[str]:
    return [str(each["emailAddress"].get("address", "")) for each in mail["message"].get("toRecipients", ())]
