from datetime import timedelta

import pytest

from rotation.domain.delivery import Found
from rotation.domain.errors import AccessDenied, DestinationRefused, OutcomeUnknown
from rotation.domain.secret import SecretText
from rotation.ports.vault import NewVersion
from tests.contract.harness_base import CANARY, HOME, NEWER
from tests.contract.harness_key_vault import SECRET, KeyVaultHarness
from tests.fakes.mishaps import Mishap

FOREIGN = NewVersion(text=SecretText("somebody else's"), tags={"owner": "ada"})


@pytest.fixture
def harness() -> KeyVaultHarness:
    return KeyVaultHarness()


async def test_a_version_bears_tags_end_and_content_type(harness: KeyVaultHarness) -> None:
    shipment = harness.shipment()
    receipt = await harness.integration.deliver(
        harness.with_settings(content_type="application/x-secret"), shipment, CANARY
    )
    latest = harness.vault.latest(SECRET)
    assert latest is not None
    properties, text = latest
    assert text == CANARY
    assert properties.expires_at == shipment.end_at.replace(microsecond=0)
    assert properties.tags == {
        "managed-by": "Rotation",
        "rotation": str(shipment.rotation),
        "line": "default",
        "key-id": shipment.key_id,
        "client-id": shipment.client_id,
    }
    assert receipt.reference == f"https://other.vault.example/secrets/{SECRET}/{properties.version}"


async def test_what_somebody_else_wrote_is_not_covered(harness: KeyVaultHarness) -> None:
    await harness.vault.write(SECRET, FOREIGN)
    with pytest.raises(DestinationRefused, match="adopt: true") as refused:
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    assert refused.value.reason == "destination-name-taken"
    assert await harness.taken() == 1
    verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
    assert verdict.found is Found.ABSENT


async def test_of_two_versions_in_one_second_somebody_else_s_is_believed_to_be_the_latest(
    harness: KeyVaultHarness,
) -> None:
    await harness.vault.write(SECRET, FOREIGN)
    await harness.integration.deliver(harness.with_settings(adopt=True), harness.shipment(), CANARY)
    assert (await harness.integration.verify(harness.destination, harness.shipment(), CANARY)).found is Found.ABSENT
    harness.clock.advance(timedelta(seconds=1))
    await harness.integration.deliver(harness.with_settings(adopt=True), harness.shipment(), CANARY)
    assert (await harness.integration.verify(harness.destination, harness.shipment(), CANARY)).found is Found.CURRENT


async def test_adopting_covers_it_and_keeps_the_old_version(harness: KeyVaultHarness) -> None:
    await harness.vault.write(SECRET, FOREIGN)
    await harness.integration.deliver(harness.with_settings(adopt=True), harness.shipment(), CANARY)
    assert await harness.taken() == 2
    assert all(version.enabled for version in await harness.vault.versions(SECRET))


@pytest.mark.parametrize("adopt", [False, True])
async def test_another_line_s_secret_is_never_covered(harness: KeyVaultHarness, adopt: bool) -> None:
    await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    [theirs] = await harness.vault.versions(SECRET)
    await harness.vault.write(SECRET, NewVersion(text=NEWER, tags={**theirs.tags, "line": "other"}))
    with pytest.raises(DestinationRefused, match="belongs to line 'other'"):
        await harness.integration.deliver(harness.with_settings(adopt=adopt), harness.shipment(1), NEWER)


async def test_the_line_s_own_secret_is_no_destination(harness: KeyVaultHarness) -> None:
    shipment = harness.shipment()
    own = harness.with_settings(vault=HOME.upper().replace("HTTPS", "https"), secret=shipment.secret_name.upper())
    with pytest.raises(DestinationRefused) as refused:
        await harness.integration.deliver(own, shipment, CANARY)
    assert refused.value.reason == "destination-is-source"


async def test_a_disabled_version_is_written_again(harness: KeyVaultHarness) -> None:
    await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    [version] = await harness.vault.versions(SECRET)
    await harness.vault.disable(SECRET, version.version)
    verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
    assert (verdict.found, verdict.why) == (Found.ABSENT, "its latest version is disabled")
    await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    assert (await harness.integration.verify(harness.destination, harness.shipment(), CANARY)).found is Found.CURRENT


async def test_our_tags_on_another_text_are_not_believed(harness: KeyVaultHarness) -> None:
    await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    verdict = await harness.integration.verify(harness.destination, harness.shipment(), NEWER)
    assert verdict.found is Found.ABSENT


@pytest.mark.parametrize("method", ["versions", "read"])
async def test_what_may_not_be_read_back_is_unknowable(harness: KeyVaultHarness, method: str) -> None:
    await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    harness.vault.mishaps.plan(method, Mishap.DENIED)
    verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
    assert (verdict.found, verdict.level) == (Found.UNKNOWABLE, None)
    assert "cannot be read back" in verdict.why


async def test_one_version_too_many_by_the_sdk_s_own_retry_does_no_harm(harness: KeyVaultHarness) -> None:
    harness.vault.mishaps.plan("write", Mishap.REPEATED)
    await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    assert await harness.taken() == 2
    assert (await harness.integration.verify(harness.destination, harness.shipment(), CANARY)).found is Found.CURRENT


async def test_a_write_that_was_not_done_is_seen_by_looking(harness: KeyVaultHarness) -> None:
    harness.vault.mishaps.plan("write", Mishap.LOST_BEFORE)
    with pytest.raises(OutcomeUnknown):
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    assert (await harness.integration.verify(harness.destination, harness.shipment(), CANARY)).found is Found.ABSENT


async def test_a_firewall_keeps_its_reason(harness: KeyVaultHarness) -> None:
    harness.vault.refusing = "vault-refused"
    with pytest.raises(AccessDenied) as refused:
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    assert refused.value.reason == "vault-refused"
