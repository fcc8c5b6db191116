"""Check that somebody is told, and can be."""

from collections.abc import Mapping

from rotation.config.model import AudiencePart, RemindersPart, SmtpPart
from rotation.config.problem import Wrong
from rotation.config.report import Report
from rotation.domain.audience import OWNERS

REMINDERS = ("reminders",)
A_WEEK = 7


def check(audiences: Mapping[str, AudiencePart], reminders: RemindersPart, *, owners: bool, report: Report) -> None:
    """Note audiences that cannot be reached; warn where nobody hears of what has no owner."""
    for name, audience in audiences.items():
        _audience(name, audience, reminders, report=report)
    if owners and reminders.sender is None and report.sound(REMINDERS):
        told = "owners are told by mail, and no mail can be sent without a sender"
        report.wrong(REMINDERS, Wrong(what=told, allowed="reminders.sender: the mailbox that mails go out from"))
    if reminders.fallback is None and report.sound(REMINDERS):
        told = "nobody is told about applications that have no owner"
        report.warn(REMINDERS, Wrong(what=told, allowed="reminders.fallback: the name of an audience"))
    if reminders.smtp is not None and report.sound((*REMINDERS, "smtp")):
        _smtp(reminders.smtp, report)


def _audience(name: str, audience: AudiencePart, reminders: RemindersPart, *, report: Report) -> None:
    path = ("audiences", name)
    if name == OWNERS:
        told = f"'{OWNERS}' means the owners of each application, and cannot be the name of an audience"
        report.wrong(path, Wrong(what=told, allowed="another name"))
    if not audience.mail and audience.teams_secret is None and report.sound(path):
        report.wrong(path, Wrong(what="reaches nobody", allowed="mail: [team@contoso.com], teams_secret, or both"))
    if audience.mail and reminders.sender is None and report.sound(REMINDERS):
        allowed = "reminders.sender: the mailbox that mails go out from"
        report.wrong((*path, "mail"), Wrong(what="no mail can be sent without a sender", allowed=allowed))
    if len(set(audience.quiet_days)) == A_WEEK:
        told = "leaves no day on which anything but what is urgent is sent"
        report.wrong((*path, "quiet_days"), Wrong(what=told, allowed="at most six days"))


def _smtp(part: SmtpPart, report: Report) -> None:
    path = (*REMINDERS, "smtp")
    if (part.user is None) != (part.password_secret is None):
        told = "has a user or a password, and signing in takes both"
        report.wrong(path, Wrong(what=told, allowed="user and password_secret, or neither"))
