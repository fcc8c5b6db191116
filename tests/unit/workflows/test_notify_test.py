"""`rotation notify test`: one message on each channel of each audience, and the truth about each."""

from dataclasses import replace

import pytest

from rotation.domain.audience import Audience
from rotation.domain.errors import NotFound
from rotation.domain.identifiers import AudienceName
from rotation.workflows.notify_test import notify_test
from tests.fakes.channel import MemoryChannel
from tests.fakes.mishaps import Mishap
from tests.fakes.world import PEOPLE, World

OTHERS = AudienceName("others")


def two_audiences() -> tuple[World, MemoryChannel]:
    world = World()
    others = Audience(name=OTHERS, mail=("others@contoso.example",))
    world.settings.now = replace(world.settings.now, audiences={**world.settings.now.audiences, OTHERS: others})
    mail = MemoryChannel("mail", audiences={OTHERS})
    world._current = replace(world.services(), channels=(world.channel, mail))
    return world, mail


async def test_each_channel_of_each_audience_gets_one() -> None:
    world, mail = two_audiences()
    proofs = await notify_test(world._current, by="ada")
    assert [(proof.audience, proof.channel, proof.sent) for proof in proofs] == [
        (PEOPLE, "teams", True),
        (OTHERS, "teams", True),
        (OTHERS, "mail", True),
    ]
    assert [audience.name for audience, _message in mail.sent] == [OTHERS]
    assert "ada asked" in mail.sent[0][1].items[0].text


async def test_one_audience_can_be_named() -> None:
    world, mail = two_audiences()
    assert len(await notify_test(world._current, by="ada", audience=PEOPLE)) == 1
    assert mail.sent == []
    with pytest.raises(NotFound, match="others, people"):
        await notify_test(world._current, by="ada", audience="otters")


async def test_a_refusal_is_told_in_its_own_words_and_stops_nobody_else() -> None:
    world, mail = two_audiences()
    world.channel.mishaps.always("send", Mishap.DENIED)
    first, second, third = await notify_test(world._current, by="ada")
    assert (first.sent, second.sent, third.sent) == (False, False, True)
    assert first.says
    assert len(mail.sent) == 1


async def test_an_audience_that_nothing_reaches_is_told_of() -> None:
    world, mail = two_audiences()
    world.channel._audiences = {OTHERS}
    mail._audiences = set()
    proofs = await notify_test(world._current, by="ada")
    assert (proofs[0].audience, proofs[0].channel, proofs[0].sent) == (PEOPLE, "", False)
    assert "no channel reaches it" in proofs[0].says


class Shy(MemoryChannel):
    """Has lost its address between the question and the message."""

    asked = 0

    def reaches(self, audience: Audience) -> bool:
        self.asked += 1
        return self.asked == 1 and super().reaches(audience)


async def test_what_is_misconfigured_is_named() -> None:
    world, _mail = two_audiences()
    world._current = replace(world._current, channels=(Shy("mail"),))
    (proof,) = await notify_test(world._current, by="ada", audience=PEOPLE)
    assert proof.says == "people has no address here"
