"""Who is told, when, and through what."""

from datetime import time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import pytest

from rotation.config import Loaded
from rotation.domain.audience import Hearers, QuietHours, Security, SmtpServer
from rotation.domain.identifiers import AudienceName, PolicyName

APPLICATION = "4b1c6a52-61c7-4a2b-9f30-1d2c3b4a5e6f"
HEAD = "reminders: {sender: r@contoso.com, fallback: ops}\naudiences: {ops: {mail: [o@contoso.com]}}\n"
OPS = AudienceName("ops")


class Read(Protocol):
    def __call__(self, text: str) -> Loaded: ...


class Refusal(Protocol):
    def __call__(self, text: str) -> str: ...


@pytest.mark.parametrize(
    ("said", "defaults", "hears"),
    [
        ("", "", Hearers(team=OPS)),
        ("audience: ops", "", Hearers(team=OPS)),
        ("audience: owners", "", Hearers(team=OPS, owners_of=APPLICATION)),
        ("audience: [owners, team]", "", Hearers(team=AudienceName("team"), owners_of=APPLICATION)),
        ("audience: owners", "defaults: {audience: team}", Hearers(team=AudienceName("team"), owners_of=APPLICATION)),
        ("", "defaults: {audience: [owners, team]}", Hearers(team=AudienceName("team"), owners_of=APPLICATION)),
        ("audience: ops", "defaults: {audience: owners}", Hearers(team=OPS)),
    ],
)
def test_owners_hear_first_then_the_team_then_the_fallback(
    read: Read, said: str, defaults: str, hears: Hearers
) -> None:
    configuration = read(f"""
        reminders: {{sender: r@contoso.com, fallback: ops}}
        audiences: {{ops: {{mail: [o@contoso.com]}}, team: {{mail: [t@contoso.com]}}}}
        {defaults}
        policies:
          - name: one
            select: {{everything: true}}
            {said}
        """).configuration
    assert configuration.hearers(PolicyName("one"), application=APPLICATION) == hears
    assert configuration.hearers(PolicyName("gone"), application=APPLICATION) == Hearers(team=OPS)
    named = configuration.hearers(PolicyName("one"), application=APPLICATION, first=AudienceName("servers"))
    assert named == Hearers(team=AudienceName("servers"))


def test_a_policy_may_have_a_ladder_of_its_own(read: Read) -> None:
    configuration = read(
        HEAD + "policies:\n  - {name: one, select: {everything: true}, rungs: [7d, 90d, expired]}\n"
        "  - {name: two, select: {everything: true}}\n"
    ).configuration
    assert configuration.rungs_of(PolicyName("one")) == (90, 7, 0)
    assert configuration.rungs_of(PolicyName("two")) == (60, 30, 14, 7, 3, 1, 0)
    assert configuration.rungs_of(None) == configuration.rungs
    assert configuration.longest_rung == timedelta(days=90)


def test_hours_and_days_of_quiet_in_the_zone_of_the_people(read: Read) -> None:
    audiences = read("""
        reminders: {sender: r@contoso.com, fallback: ops}
        audiences:
          ops: {mail: [o@contoso.com], zone: Asia/Tokyo, quiet_hours: "19:00-07:30", quiet_days: [sat, sun]}
          loud: {mail: [l@contoso.com]}
        """).configuration.audiences
    ops = audiences[OPS]
    assert ops.zone == ZoneInfo("Asia/Tokyo")
    assert ops.quiet == QuietHours(begins=time(19), ends=time(7, 30), days=frozenset({5, 6}))
    assert audiences[AudienceName("loud")].quiet == QuietHours()


@pytest.mark.parametrize(
    ("said", "server"),
    [
        ("{host: Mail.contoso.com}", SmtpServer(host="mail.contoso.com", port=587, security=Security.STARTTLS)),
        ("{host: m, security: tls}", SmtpServer(host="m", port=465, security=Security.TLS)),
        (
            "{host: m, port: 2525, user: a.b.c, password_secret: mail-password}",
            SmtpServer(host="m", port=2525, security=Security.STARTTLS, user="a.b.c", password_secret="mail-password"),
        ),
    ],
)
def test_a_mail_server(read: Read, said: str, server: SmtpServer) -> None:
    configuration = read(f"reminders: {{sender: r@contoso.com, smtp: {said}}}").configuration
    assert configuration.smtp == server
    assert configuration.escalate_after == timedelta(days=3)


def test_who_hears_of_what_nobody_took_care_of(read: Read) -> None:
    configuration = read(HEAD.replace("fallback: ops", "escalate_to: ops, escalate_after: 1w")).configuration
    assert (configuration.escalate_to, configuration.escalate_after) == (OPS, timedelta(days=7))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "audiences: {owners: {teams_secret: x}}",
            (
                "r.yaml:1:13  audiences.owners: 'owners' means the owners of each application, and cannot be the name of an "
                "audience\n    allowed: another name"
            ),
        ),
        (
            "audiences: {ops: {teams_secret: x, quiet_days: [mon, tue, wed, thu, fri, sat, sun]}}",
            (
                "r.yaml:1:36  audiences.ops.quiet_days: leaves no day on which anything but what is urgent is sent\n"
                "    allowed: at most six days"
            ),
        ),
        (
            "defaults: {audience: owners}\npolicies: [{name: one, select: {everything: true}}]\nreminders: {}",
            (
                "r.yaml:3:1  reminders: owners are told by mail, and no mail can be sent without a sender\n"
                "    allowed: reminders.sender: the mailbox that mails go out from"
            ),
        ),
        (
            "reminders: {smtp: {host: m, user: u}}",
            (
                "r.yaml:1:13  reminders.smtp: has a user or a password, and signing in takes both\n"
                "    allowed: user and password_secret, or neither"
            ),
        ),
        (
            "reminders: {smtp: {host: 'smtp://mail.contoso.com:25', port: 0, security: none}}",
            (
                "r.yaml:1:20  reminders.smtp.host: 'smtp://mail.contoso.com:25' is not a server's name\n"
                "    allowed: a name such as smtp.contoso.com\n    meant?   mail.contoso.com\n"
                "r.yaml:1:56  reminders.smtp.port: '0' is not a port\n    allowed: a whole number from 1 to 65535\n"
                "r.yaml:1:65  reminders.smtp.security: 'none' is not known here\n    allowed: starttls, tls"
            ),
        ),
        (
            "reminders: {escalate_to: nobody}",
            (
                "r.yaml:1:13  reminders.escalate_to: there is no audience 'nobody'\n"
                "    allowed: nothing, because none is defined"
            ),
        ),
        (
            HEAD + "policies: [{name: one, select: {everything: true}, audience: [ops, owners]}]",
            (
                "r.yaml:3:52  policies[0].audience: a list does not say who is told\n    allowed: the name of an audience, "
                "owners, or [owners, the name of an audience]\n    meant?   [owners, ops]"
            ),
        ),
        (
            HEAD + "policies: [{name: one, select: {everything: true}, audience: [ops]}]",
            (
                "r.yaml:3:52  policies[0].audience: a list does not say who is told\n    allowed: the name of an audience, "
                "owners, or [owners, the name of an audience]"
            ),
        ),
    ],
)
def test_what_is_wrong(refusal: Refusal, text: str, told: str) -> None:
    assert refusal(text) == told
