"""`rotation notify test`: each channel of each audience, and what became of its message."""

from dataclasses import replace

from tests.fakes.mishaps import Mishap
from tests.unit.cli.conftest import Shell


def test_each_channel_gets_a_message_that_names_who_asked(shell: Shell) -> None:
    done = shell.type("notify", "test")
    assert done.exit_code == 0, done.output
    assert "✓ taken by the far end" in done.stdout
    ((_audience, message),) = shell.world.channel.sent
    assert "ada@contoso.example" in str(message.items)


def test_a_channel_that_fails_is_a_finding(shell: Shell) -> None:
    shell.world.channel.mishaps.always("send", Mishap.DENIED)
    done = shell.type("notify", "test", "--audience", "people")
    assert done.exit_code == 1
    assert "■" in done.stdout
    assert shell.facts("notify", "test")["channels"][0]["sent"] is False


def test_an_audience_that_is_not_there_is_wrong_use(shell: Shell) -> None:
    assert shell.type("notify", "test", "--audience", "nobody").exit_code == 2


def test_without_audiences_nobody_is_told_anything(shell: Shell) -> None:
    shell.world.settings.now = replace(shell.world.settings.now, audiences={})
    assert "nobody is told" in shell.type("notify", "test").stdout
