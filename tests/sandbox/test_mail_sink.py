"""The sandbox's mail server takes what the app sends through `reminders.smtp`, and shows it where Graph's mails lie."""

import ssl
from pathlib import Path

import pytest
import yaml

from rotation.domain.audience import Audience, Security, SmtpServer
from rotation.domain.identifiers import AudienceName
from rotation.domain.secret import SecretText
from rotation.notifications.mail import Mail
from rotation.notifications.smtp import SmtpMail
from rotation.ports.notices import Message
from rotation.ports.vault import NewVersion
from sandbox.cloud import Cloud
from sandbox.inbox import listed
from sandbox.run import through
from sandbox.running.mail_sink import PASSWORD_SECRET, MailSink
from tests.fakes.vault import MemoryVault

pytestmark = pytest.mark.sandbox


async def test_a_mail_through_the_sandbox_s_mail_server_lies_in_its_inbox() -> None:
    with Cloud() as cloud, MailSink(cloud) as sink:
        text = through(sink, "reminders: {sender: rotation@contoso.example}")
        assert yaml.safe_load(text)["reminders"]["smtp"]["port"] == int(sink.environment()["SANDBOX_SMTP_PORT"])
        vault = MemoryVault()
        password = cloud.vaults["vault"].get(PASSWORD_SECRET, None)[1].text
        await vault.write(PASSWORD_SECRET, NewVersion(text=SecretText(password), tags={}))
        server = SmtpServer(**{**sink.settings, "security": Security(sink.settings["security"])})
        trusted = ssl.create_default_context(cafile=Path(cloud.ca_file))
        mail = Mail(SmtpMail(vault, server, trusted=lambda: trusted), sender="rotation@contoso.example")
        await mail.send(
            Audience(name=AudienceName("ops"), mail=("ops@contoso.example",)), Message(title="hello", summary="")
        )
        page = listed(cloud.entra.truth.mails)
    assert "hello" in page
    assert "ops@contoso.example" in page
