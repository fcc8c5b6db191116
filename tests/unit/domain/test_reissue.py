"""Which secrets a lost or leaked vault makes one mint again: those of before, and those of nobody knows when."""

from datetime import timedelta

from rotation.domain.reissue import Reissue
from tests.fakes.clock import START

TICK = timedelta(microseconds=1)


def test_what_was_minted_before_the_incident_is_awaited_and_what_came_since_is_the_new_one() -> None:
    word = Reissue(at=START, by="somebody", vault_url="https://lost.vault.azure.net")
    assert word.awaits(START - TICK)
    assert not word.awaits(START)
    assert not word.awaits(START + TICK)
    assert word.awaits(None), "handed over: nobody knows when it was minted"
