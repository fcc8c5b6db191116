"""What Channel promises. The far end is a fixture of its own: it has what arrived, and misbehaves when told."""

from datetime import UTC, datetime
from typing import Literal, Protocol

import pytest

from rotation.domain.audience import Audience
from rotation.domain.errors import AccessDenied, RotationError, Throttled, Unavailable
from rotation.domain.identifiers import AudienceName
from rotation.ports.notices import Channel, Item, Message

type Failure = Literal["denied", "throttled", "unavailable", "lost"]
"""`lost`: it arrived, and the answer did not come."""

PEOPLE = Audience(name=AudienceName("payments"), mail=("ada@contoso.example",), teams_secret="teams-payments")
NOBODY = Audience(name=AudienceName("nobody"))
MESSAGE = Message(
    title="Payments: 2 need you",
    summary="two hand-offs wait",
    items=(
        Item(
            state="waiting",
            subject="Überweisung <b>",
            text="paste the new secret",
            due_at=datetime(2026, 12, 2, tzinfo=UTC),
        ),
        Item(state="blocked", subject="名前", text="the vault says no"),
    ),
    footer="by Rotation",
)
FAILURES: dict[Failure, type[RotationError]] = {
    "denied": AccessDenied,
    "throttled": Throttled,
    "unavailable": Unavailable,
    "lost": Unavailable,
}


class FarEnd(Protocol):
    """Where messages arrive."""

    def arrived(self) -> list[str]:
        """Everything that arrived, as text, oldest first."""
        ...

    def fail(self, how: Failure) -> None:
        """Let the next send fail."""
        ...


class ChannelPromises:
    def test_it_has_a_name(self, channel: Channel) -> None:
        assert channel.name in {"teams", "mail"}

    def test_it_reaches_who_has_an_address_here(self, channel: Channel) -> None:
        assert channel.reaches(PEOPLE)
        assert not channel.reaches(NOBODY)

    async def test_a_message_arrives_once_with_all_its_items(self, channel: Channel, far_end: FarEnd) -> None:
        await channel.send(PEOPLE, MESSAGE)
        (arrived,) = far_end.arrived()
        for item in MESSAGE.items:
            assert item.text in arrived

    async def test_who_has_no_address_gets_nothing(self, channel: Channel, far_end: FarEnd) -> None:
        with pytest.raises(RotationError):
            await channel.send(NOBODY, MESSAGE)
        assert far_end.arrived() == []

    @pytest.mark.parametrize("how", sorted(FAILURES))
    async def test_each_refusal_says_what_to_do_next(self, channel: Channel, far_end: FarEnd, how: Failure) -> None:
        far_end.fail(how)
        with pytest.raises(RotationError) as failed:
            await channel.send(PEOPLE, MESSAGE)
        assert type(failed.value) is FAILURES[how]
        assert len(far_end.arrived()) == (1 if how == "lost" else 0)

    async def test_what_was_lost_may_be_sent_again(self, channel: Channel, far_end: FarEnd) -> None:
        """At least once: twice is right where nobody can know."""
        far_end.fail("lost")
        with pytest.raises(Unavailable):
            await channel.send(PEOPLE, MESSAGE)
        await channel.send(PEOPLE, MESSAGE)
        assert len(far_end.arrived()) == 2
