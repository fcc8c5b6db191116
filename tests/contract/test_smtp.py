"""Mail through a mail server: aiosmtpd over real TLS, with STARTTLS and encrypted from the start."""

import json
import logging
import ssl
import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import trustme

from rotation.domain.audience import Security, SmtpServer
from rotation.domain.errors import AccessDenied, Misconfigured, RotationError, Throttled, Unavailable
from rotation.domain.secret import SecretText
from rotation.notifications.mail import Mail
from rotation.notifications.smtp import SmtpMail
from rotation.ports.notices import Channel
from rotation.ports.vault import NewVersion
from sandbox.mail_server import Failure, MailServer
from tests.contract.promises_channel import MESSAGE, PEOPLE, ChannelPromises
from tests.contract.promises_channel import Failure as Misbehaviour
from tests.fakes.vault import MemoryVault

USER, PASSWORD = "rotation-mail", "CANARY-smtp-password"
AUTHORITY = trustme.CA()


def certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    return context


def trusted() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@dataclass
class Post:
    """A mail server, and what came."""

    security: Security
    kept: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        implicit = self.security is Security.TLS
        self.server = MailServer(certificate(), self.kept.append, user=(USER, PASSWORD), implicit_tls=implicit)

    def arrived(self) -> list[str]:
        return [json.dumps(mail, ensure_ascii=False) for mail in self.kept]

    def fail(self, how: Misbehaviour) -> None:
        self.server.failures.append(how)

    async def channel(self, *, user: str | None = USER, password: str = PASSWORD, trust: bool = True) -> Channel:
        vault = MemoryVault()
        await vault.write("smtp-password", NewVersion(text=SecretText(password), tags={}))
        asked = SmtpServer(
            host="localhost",
            port=self.server.port,
            security=self.security,
            user=user,
            password_secret="smtp-password" if user else None,
        )
        send = SmtpMail(vault, asked, trusted=trusted if trust else ssl.create_default_context)
        return Mail(send, sender="rotation@contoso.example")


@pytest.fixture(params=list(Security))
async def post(request: pytest.FixtureRequest) -> AsyncIterator[Post]:
    made = Post(request.param)
    await made.server.start()
    yield made
    await made.server.stop()


class TestMailThroughAServer(ChannelPromises):
    @pytest.fixture
    def far_end(self, post: Post) -> Post:
        return post

    @pytest.fixture
    async def channel(self, post: Post) -> Channel:
        return await post.channel()


async def test_everybody_gets_text_html_and_a_calendar_entry(post: Post) -> None:
    await (await post.channel()).send(PEOPLE, MESSAGE)
    [mail] = post.kept
    assert (mail["from"], mail["to"]) == ("rotation@contoso.example", list(PEOPLE.mail))
    assert mail["message"]["body"]["contentType"] == "HTML"
    assert "paste the new secret" in mail["message"]["text"]


async def refused(channel: Channel) -> RotationError:
    with pytest.raises(RotationError) as failed:
        await channel.send(PEOPLE, MESSAGE)
    told = "".join(traceback.format_exception(failed.value))
    assert PASSWORD not in told
    return failed.value


async def test_a_wrong_password_is_told_without_showing_it(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert isinstance(await refused(await post.channel(password=f"{PASSWORD}-old")), AccessDenied)
    assert PASSWORD not in caplog.text + "".join(map(repr, caplog.records))


async def test_a_server_that_wants_somebody_to_sign_in_says_so(post: Post) -> None:
    assert isinstance(await refused(await post.channel(user=None)), AccessDenied)


async def test_a_certificate_that_is_not_trusted_is_a_set_up_problem(post: Post) -> None:
    failure = await refused(await post.channel(trust=False))
    assert isinstance(failure, Misconfigured)
    assert "certificate" in failure.message


async def test_nobody_listening_is_later(post: Post) -> None:
    channel = await post.channel()
    await post.server.stop()
    assert isinstance(await refused(channel), Unavailable)


async def test_addresses_that_are_all_refused_are_a_set_up_problem_and_some_are_told_of(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.server.refused = set(PEOPLE.mail)
    assert isinstance(await refused(await post.channel()), Misconfigured)
    post.server.refused = {"gone@contoso.example"}
    with caplog.at_level(logging.WARNING):
        await (await post.channel()).send(replace(PEOPLE, mail=(*PEOPLE.mail, "gone@contoso.example")), MESSAGE)
    assert [mail["to"] for mail in post.kept] == [list(PEOPLE.mail)]
    assert "mail.partly-refused" in caplog.text


@pytest.mark.parametrize(
    ("how", "expected"),
    [("denied", AccessDenied), ("throttled", Throttled), ("unavailable", Unavailable), ("lost", Unavailable)],
)
async def test_each_answer_says_what_to_do_next(post: Post, how: Failure, expected: type[RotationError]) -> None:
    post.fail(how)
    assert type(await refused(await post.channel())) is expected
