"""Check that somebody is told, and can be."""

from collections.abc import Mapping

from rotation.config.model import AudiencePart, RemindersPart
from rotation.config.problem import Wrong
from rotation.config.report import Report


def check(audiences: Mapping[str, AudiencePart], reminders: RemindersPart, report: Report) -> None:
    """Note audiences that cannot be reached; warn where nobody hears of what has no owner."""
    for name, audience in audiences.items():
        path = ("audiences", name)
        if not audience.mail and audience.teams_secret is None and report.sound(path):
            report.wrong(path, Wrong(what="reaches nobody", allowed="mail: [team@contoso.com], teams_secret, or both"))
        if audience.mail and reminders.sender is None and report.sound(("reminders",)):
            allowed = "reminders.sender: the mailbox that mails go out from"
            report.wrong((*path, "mail"), Wrong(what="no mail can be sent without a sender", allowed=allowed))
    if reminders.fallback is None and report.sound(("reminders",)):
        told = "nobody is told about applications that have no owner"
        report.warn(("reminders",), Wrong(what=told, allowed="reminders.fallback: the name of an audience"))
