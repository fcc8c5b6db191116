"""A secret in a file: what is kept, what is restarted when, and what each refusal says."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncssh
import pytest

from rotation.domain.capability import Activation, Readiness
from rotation.domain.delivery import Found, Level, Receipt
from rotation.domain.errors import (
    AccessDenied,
    DestinationGone,
    DestinationRefused,
    NotYetVisible,
    OutcomeUnknown,
    Unavailable,
)
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from tests.contract.harness_agent import UNIT, AgentHarness
from tests.contract.harness_base import CANARY, CANARY_MARK, NEWER

RECEIPT = Receipt(reference="any")


@pytest.fixture
async def harness() -> AsyncIterator[AgentHarness]:
    async with AgentHarness() as started:
        yield started


async def deliver(harness: AgentHarness, place: int = 0, to: Destination | None = None) -> Receipt:
    text = (CANARY, NEWER)[place]
    return await harness.integration.deliver(to or harness.destination, harness.shipment(place), text)


async def activate(harness: AgentHarness, to: Destination | None = None) -> None:
    await harness.integration.activate(to or harness.destination, harness.shipment(), RECEIPT)


def left(harness: AgentHarness) -> list[str]:
    return sorted(path.name for path in harness.server.folder.glob("billing.env.*"))


class TestTheFile:
    async def test_mode_and_owner_stay_and_one_backup_is_made(self, harness: AgentHarness) -> None:
        before = harness.path.read_bytes()
        os.utime(harness.path, (1, 1))
        await deliver(harness)
        (backup,) = left(harness)
        assert backup == f"billing.env.rotation-there-{harness.shipment().rotation.ulid}.bak"
        assert (harness.server.folder / backup).read_bytes() == before
        for path in (harness.path, harness.server.folder / backup):
            assert stat.S_IMODE(path.stat().st_mode) == 0o640
            assert path.stat().st_uid == os.getuid()

    async def test_a_backup_of_this_rotation_is_not_overwritten_by_a_repeat(self, harness: AgentHarness) -> None:
        await deliver(harness)
        harness.path.write_text("CLIENT_SECRET=somebody-elses\n")
        await deliver(harness)
        (backup,) = left(harness)
        assert "OLD~8Q" in (harness.server.folder / backup).read_text()

    async def test_cleaning_up_removes_what_older_rotations_left_and_nothing_of_others(
        self, harness: AgentHarness
    ) -> None:
        await deliver(harness)
        await deliver(harness, 1)
        stranger = harness.server.folder / "billing.env.rotation-other-01KJPFWK000000000000000001.bak"
        stranger.write_text("kept")
        await harness.integration.cleanup(harness.destination, harness.shipment(0))
        assert len(left(harness)) == 2
        await harness.integration.cleanup(harness.destination, harness.shipment(1))
        assert left(harness) == [stranger.name]

    async def test_what_a_crash_left_half_written_is_no_obstacle(self, harness: AgentHarness) -> None:
        part = harness.server.folder / f"billing.env.rotation-there-{harness.shipment().rotation.ulid}.new"
        part.write_text("half of")
        await deliver(harness)
        assert not part.exists()
        assert CANARY.reveal() in harness.path.read_text()

    async def test_somebody_elses_change_meanwhile_is_not_lost(self, harness: AgentHarness) -> None:
        def change(path: str) -> None:
            if path.endswith(".new") and "-there-" in path and harness.server.renamed:
                harness.path.write_text("CLIENT_SECRET=OLD\nADDED=meanwhile\n")

        harness.server.opened = change
        with pytest.raises(Unavailable, match="changed while"):
            await deliver(harness)
        assert "ADDED=meanwhile" in harness.path.read_text()
        harness.server.opened = None
        await deliver(harness)
        assert harness.path.read_text() == f"CLIENT_SECRET={CANARY.reveal()}\nADDED=meanwhile\n"

    async def test_an_owner_that_cannot_be_kept_stops_it_before_anything_changes(self, harness: AgentHarness) -> None:
        before = harness.path.read_bytes()
        harness.server.refuses_owners = True
        harness.server.shown_uid = 12345
        with pytest.raises(AccessDenied, match="uid 12345"):
            await deliver(harness)
        assert harness.path.read_bytes() == before
        assert left(harness) == []

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"A=1\n", "place-not-found"),
            (b"CLIENT_SECRET=1\nCLIENT_SECRET=2\n", "place-ambiguous"),
            (b"CLIENT_SECRET=caf\xe9\n", "file-unreadable"),
            (b"#" * (1024 * 1024 + 1), "file-unreadable"),
        ],
    )
    async def test_a_file_that_does_not_fit_is_left_alone(
        self, harness: AgentHarness, content: bytes, reason: str
    ) -> None:
        harness.path.write_bytes(content)
        with pytest.raises(DestinationRefused) as refused:
            await deliver(harness)
        assert refused.value.reason == reason
        assert harness.path.read_bytes() == content
        assert left(harness) == []

    async def test_a_link_is_not_replaced_by_a_file(self, harness: AgentHarness) -> None:
        link = harness.server.folder / "link.env"
        link.symlink_to(harness.path)
        with pytest.raises(DestinationRefused, match="plain file"):
            await deliver(harness, to=harness.with_settings(path=str(link)))
        assert link.is_symlink()

    async def test_rights_that_are_missing_are_named(self, harness: AgentHarness) -> None:
        harness.server.refuses_files = True
        with pytest.raises(AccessDenied, match="'rotation' may not read or write"):
            await deliver(harness)


class TestTheServer:
    async def test_an_impostor_is_not_signed_in_to(self, harness: AgentHarness) -> None:
        harness.server.key = asyncssh.generate_private_key("ssh-ed25519")
        with pytest.raises(DestinationRefused) as refused:
            await deliver(harness)
        assert refused.value.reason == "host-key-differs"
        assert harness.server.asked == []

    async def test_a_host_key_of_another_type_is_another_server(self, harness: AgentHarness) -> None:
        harness.server.key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
        with pytest.raises(DestinationRefused) as refused:
            await deliver(harness)
        assert refused.value.reason == "host-key-differs"

    @pytest.mark.parametrize("key", ["no key at all", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"])
    async def test_a_private_key_that_is_none_is_named_and_not_shown(self, harness: AgentHarness, key: str) -> None:
        await harness.keep("billing-ssh", SecretText(key))
        with pytest.raises(DestinationRefused, match="'billing-ssh'") as refused:
            await deliver(harness)
        assert refused.value.reason == "connection-secret-wrong"
        assert key not in str(refused.value)

    async def test_without_a_connection_it_says_what_is_missing(self, harness: AgentHarness) -> None:
        bare = harness.destination
        bare = Destination(name=bare.name, kind=bare.kind, settings=bare.settings, fingerprint="any")
        with pytest.raises(DestinationRefused) as refused:
            await harness.integration.check(bare)
        assert refused.value.reason == "connection-needed"

    async def test_private_addresses_need_a_word(self, harness: AgentHarness) -> None:
        with pytest.raises(DestinationRefused) as refused:
            await harness.integration.check(harness.with_settings(private_network=False))
        assert refused.value.reason == "address-not-allowed"

    async def test_a_server_that_hangs_is_cut(self, harness: AgentHarness) -> None:
        hangs = asyncio.Event()
        harness.server.opened = lambda _: hangs.wait()
        to = harness.with_settings(timeout_seconds=0.5)
        async with asyncio.timeout(30):
            with pytest.raises(Unavailable):
                await harness.integration.verify(to, harness.shipment(), CANARY)
            with pytest.raises(Unavailable):
                await deliver(harness, to=to)
        hangs.set()

    async def test_a_command_that_hangs_is_cut(self, harness: AgentHarness) -> None:
        await deliver(harness)
        to = harness.with_settings(timeout_seconds=0.5, test=["sleep", "60"])
        async with asyncio.timeout(30):
            with pytest.raises(Unavailable):
                await harness.integration.verify(to, harness.shipment(), CANARY)


class TestTheUnit:
    async def test_it_is_restarted_once_for_each_file_that_is_written(self, harness: AgentHarness) -> None:
        await deliver(harness)
        written = harness.path.stat().st_mtime - 10
        os.utime(harness.path, (written, written))
        for _ in range(2):
            await activate(harness)
        assert harness.server.restarts(UNIT) == 1
        await deliver(harness, 1)
        await activate(harness)
        assert harness.server.restarts(UNIT) == 2

    async def test_one_that_is_on_its_way_is_asked_after(self, harness: AgentHarness) -> None:
        harness.server.unit(UNIT, "activating")
        with pytest.raises(NotYetVisible) as later:
            await activate(harness)
        assert later.value.retry_after == timedelta(seconds=15)
        assert harness.server.restarts(UNIT) == 0

    async def test_a_restart_that_takes_long_goes_on_without_us_and_is_not_begun_again(
        self, harness: AgentHarness
    ) -> None:
        await deliver(harness)
        os.utime(harness.path, (written := harness.path.stat().st_mtime - 10, written))
        slow = harness.server.folder / "units" / f"{UNIT}.slow"
        slow.touch()
        with pytest.raises(NotYetVisible):
            await activate(harness, harness.with_settings(timeout_seconds=2))
        slow.unlink()
        entered = slow.with_suffix(".entered")
        for _look in range(600):
            if entered.exists():
                break
            await asyncio.sleep(0.05)
        await activate(harness)
        assert harness.server.restarts(UNIT) == 1

    @pytest.mark.parametrize("ends", ["failed", "inactive"])
    async def test_one_that_does_not_stay_up_is_told(self, harness: AgentHarness, ends: str) -> None:
        harness.server.unit(UNIT, ends=ends)
        await deliver(harness)
        with pytest.raises(DestinationRefused, match=f"does not stay up .{ends}.: see journalctl -u {UNIT}") as refused:
            await activate(harness)
        assert refused.value.reason == "service-failed"

    async def test_one_that_is_not_there_and_one_that_we_may_not_restart(self, harness: AgentHarness) -> None:
        with pytest.raises(DestinationGone, match=r"no unit other\.service"):
            await activate(harness, harness.with_settings(service="other.service"))
        check = await harness.integration.check(harness.with_settings(service="other.service"))
        assert (check.readiness, check.why) == (Readiness.MISCONFIGURED, "there is no unit other.service")
        (harness.server.folder / "units" / f"{UNIT}.denied").touch()
        with pytest.raises(AccessDenied, match="ends with 4"):
            await activate(harness)

    async def test_sudo_is_asked_for_no_password(self, harness: AgentHarness) -> None:
        sudo = harness.server.folder / "bin" / "sudo"
        sudo.write_text('#!/bin/sh\n[ "$1" = -n ] && shift && exec "$@"\n')
        sudo.chmod(0o755)
        await activate(harness, harness.with_settings(sudo=True))
        assert harness.server.restarts(UNIT) == 1
        assert f"sudo -n systemctl restart -- {UNIT}" in harness.server.asked

    async def test_without_a_unit_nothing_is_restarted(self, harness: AgentHarness) -> None:
        to = harness.with_settings(service=None)
        await activate(harness, to)
        assert harness.server.asked == []
        assert harness.integration.settings(to).capabilities().activation is Activation.NONE  # type: ignore[attr-defined]


class TestTheTest:
    async def test_one_that_signs_in_says_more_than_one_that_does_not(self, harness: AgentHarness) -> None:
        await deliver(harness)
        signed_in = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
        assert (signed_in.level, signed_in.signed_in) == (Level.AUTHENTICATES, True)
        other = harness.with_settings(test_signs_in=False)
        tried = await harness.integration.verify(other, harness.shipment(), CANARY)
        assert (tried.level, tried.signed_in) == (Level.STORED, False)
        bare = await harness.integration.verify(
            harness.with_settings(test=None, test_signs_in=False), harness.shipment(), CANARY
        )
        assert (bare.found, bare.level) == (Found.CURRENT, Level.STORED)

    async def test_one_that_fails_means_that_the_secret_is_of_no_use_there_yet(self, harness: AgentHarness) -> None:
        await deliver(harness)
        verdict = await harness.integration.verify(
            harness.with_settings(test=["/bin/sh", "-c", "echo $CLIENT_SECRET; exit 3"]), harness.shipment(), CANARY
        )
        assert (verdict.found, verdict.signed_in) == (Found.OLDER, True)
        assert verdict.why == "the file holds it, and the test ends with 3"

    async def test_its_words_are_one_argument_each(self, harness: AgentHarness) -> None:
        await deliver(harness)
        canary = harness.server.folder / "made"
        to = harness.with_settings(test=["test", "-n", f"; touch {canary} #$(touch {canary})"])
        assert (await harness.integration.verify(to, harness.shipment(), CANARY)).found is Found.CURRENT
        assert not canary.exists()

    async def test_it_is_not_run_for_another_secret(self, harness: AgentHarness) -> None:
        verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
        assert (verdict.found, verdict.signed_in) == (Found.OLDER, False)
        assert not [command for command in harness.server.asked if command.startswith("grep")]


async def test_a_file_that_everybody_may_read_is_warned_of(harness: AgentHarness) -> None:
    assert (await harness.integration.check(harness.destination)).warnings == ()
    harness.path.chmod(0o644)
    (warning,) = (await harness.integration.check(harness.destination)).warnings
    assert "every account of localhost may read" in warning


async def test_a_loss_before_the_rename_changed_nothing_and_one_after_it_is_a_doubt(harness: AgentHarness) -> None:
    harness.server.hangs_up = True
    with pytest.raises(Unavailable):
        await deliver(harness)
    harness.server.hangs_up = False
    harness.server.loses = True
    with pytest.raises(OutcomeUnknown):
        await deliver(harness)
    assert CANARY_MARK in harness.path.read_text()
