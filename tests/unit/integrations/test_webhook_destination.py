import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rotation.domain.delivery import Found, Level
from rotation.domain.errors import (
    AccessDenied,
    DestinationGone,
    DestinationRefused,
    OutcomeUnknown,
    Throttled,
    Unavailable,
)
from rotation.domain.retry_after import LONGEST
from rotation.domain.secret import SecretText
from rotation.integrations.catalogue import Catalogue
from rotation.ports.vault import NewVersion
from tests.contract.harness_base import CANARY, CANARY_MARK, HOME
from tests.contract.harness_https import https
from tests.contract.harness_webhook import WebhookHarness


@pytest.fixture
async def harness() -> AsyncIterator[WebhookHarness]:
    async with WebhookHarness() as started:
        yield started


async def test_the_value_stays_at_home_unless_the_settings_say_otherwise(harness: WebhookHarness) -> None:
    shipment = harness.shipment()
    await harness.integration.deliver(harness.with_settings(send_value=False), shipment, CANARY)
    [message] = harness.receiver.messages.values()
    assert CANARY_MARK not in json.dumps(message)
    assert message["type"] == "secret.rotated"
    told = message["data"]
    assert told["secret"] == {
        "id": shipment.secret_id,
        "vault_url": HOME,
        "name": shipment.secret_name,
        "version": shipment.version,
    }
    assert (told["key_id"], told["client_id"]) == (shipment.key_id, shipment.client_id)
    assert told["end_at"] == shipment.end_at.isoformat()


async def test_the_value_goes_along_when_asked(harness: WebhookHarness) -> None:
    await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    [message] = harness.receiver.messages.values()
    assert message["data"]["secret_text"] == CANARY.reveal()


async def test_a_repeat_bears_the_same_id_and_the_same_bytes(harness: WebhookHarness) -> None:
    receipt = await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    assert receipt.reference == f"{harness.shipment().rotation.ulid}.there"
    assert list(harness.receiver.messages) == [receipt.reference]


async def test_without_an_address_to_ask_nobody_can_look(harness: WebhookHarness) -> None:
    blind = harness.with_settings(verify_url=None)
    integration = Catalogue(harness.services).of(blind)
    assert integration.capabilities.level is Level.ACCEPTED
    await integration.deliver(blind, harness.shipment(), CANARY)
    assert (await integration.verify(blind, harness.shipment(), CANARY)).found is Found.UNKNOWABLE


@pytest.mark.parametrize("signs_in", [False, None])
async def test_holding_it_is_not_signing_in(harness: WebhookHarness, signs_in: bool | None) -> None:
    harness.receiver.signs_in = signs_in
    await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
    assert (verdict.found, verdict.level) == (Found.OLDER, None)


async def test_an_answer_of_another_form_decides_nothing(harness: WebhookHarness) -> None:
    harness.faults.add({"part": "downstream", "action": "status", "status": 200})
    verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
    assert (verdict.found, "agreed form" in verdict.why) == (Found.UNKNOWABLE, True)


async def test_a_wrong_address_to_ask_is_told_as_gone(harness: WebhookHarness) -> None:
    nowhere = harness.with_settings(verify_url=f"{harness.url}/hook/nowhere")
    with pytest.raises(DestinationGone):
        await harness.integration.verify(nowhere, harness.shipment(), CANARY)


async def test_redirects_are_not_followed(harness: WebhookHarness) -> None:
    moved = harness.with_settings(url=f"{harness.url}/elsewhere")
    with pytest.raises(DestinationRefused, match="a redirect"):
        await harness.integration.deliver(moved, harness.shipment(), CANARY)
    assert not harness.receiver.messages


async def test_a_private_address_is_refused_before_anything_is_sent(harness: WebhookHarness) -> None:
    with pytest.raises(DestinationRefused) as refused:
        await harness.integration.deliver(harness.with_settings(private_network=False), harness.shipment(), CANARY)
    assert refused.value.reason == "address-not-allowed"
    assert not harness.calls


async def test_a_receiver_with_another_signing_secret_denies(harness: WebhookHarness) -> None:
    harness.receiver.key = "whsec_" + base64.b64encode(b"another").decode()
    with pytest.raises(AccessDenied):
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)


async def test_a_certificate_of_somebody_else_is_not_trusted(harness: WebhookHarness) -> None:
    stranger = harness.with_settings(
        url=harness.url.replace("localhost", "127.0.0.1") + "/hook", allowed_hosts=["127.0.0.1", "localhost"]
    )
    with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
        await harness.integration.deliver(stranger, harness.shipment(), CANARY)
    assert not harness.calls


async def test_a_rotated_signing_secret_is_used_at_once(harness: WebhookHarness) -> None:
    key = "whsec_" + base64.b64encode(b"the next one").decode()
    await harness.vaults.at(HOME).write("signing", NewVersion(text=SecretText(key), tags={}))
    harness.receiver.key = key
    await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
    assert await harness.taken() == 1


async def test_the_signing_secret_may_lie_in_another_vault(harness: WebhookHarness) -> None:
    found = await harness.vaults.at(HOME).versions("signing")
    key = await harness.vaults.at(HOME).read("signing", found[-1].version)
    await harness.vaults.at("https://third.vault.example").write("hooks", NewVersion(text=key, tags={}))
    there = harness.with_settings(signing_secret="https://third.vault.example/secrets/hooks")
    await harness.integration.deliver(there, harness.shipment(), CANARY)
    assert await harness.taken() == 1


@pytest.mark.parametrize("state", ["absent", "disabled", "refused", "no-base64"])
async def test_an_unusable_signing_secret_stops_before_sending(harness: WebhookHarness, state: str) -> None:
    home = harness.vaults.memory(HOME)
    match state:
        case "disabled":
            [version] = await home.versions("signing")
            await home.disable("signing", version.version)
        case "refused":
            home.refusing = "vault-refused"
        case "no-base64":
            await home.write("signing", NewVersion(text=SecretText("whsec_!"), tags={}))
    to = harness.with_settings(signing_secret="nothing-here") if state == "absent" else harness.destination
    expected = DestinationRefused if state == "no-base64" else AccessDenied
    with pytest.raises(expected):
        await harness.integration.deliver(to, harness.shipment(), CANARY)
    assert not harness.calls


async def test_a_slow_receiver_is_cut_off_and_asked_later(harness: WebhookHarness) -> None:
    harness.faults.add({"part": "downstream", "action": "slow", "delay_seconds": 0.6})
    with pytest.raises(OutcomeUnknown):
        await harness.integration.deliver(harness.with_settings(timeout_seconds=0.2), harness.shipment(), CANARY)


async def test_nobody_at_the_address_means_that_nothing_was_sent(harness: WebhookHarness) -> None:
    with pytest.raises(Unavailable, match="cannot be connected to"):
        await harness.integration.deliver(
            harness.with_settings(url="https://localhost:9/hook"), harness.shipment(), CANARY
        )


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, DestinationRefused), (422, DestinationRefused), (408, Unavailable), (502, Unavailable)],
)
async def test_other_answers_are_sorted_by_what_to_do_next(
    harness: WebhookHarness, status: int, expected: type[Exception]
) -> None:
    harness.faults.add({"part": "downstream", "action": "status", "status": status})
    with pytest.raises(expected):
        await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)


async def test_an_answer_without_end_is_not_read_to_the_end(harness: WebhookHarness) -> None:
    async def flood(_: Request) -> Response:
        return Response(b"x" * 5_000_000, media_type="application/json")

    app = Starlette(routes=[Route("/hook", flood, methods=["POST"]), Route("/state", flood, methods=["GET"])])
    async with https(app) as served:
        services = replace(harness.services, open_client=served.open_client)
        to = harness.with_settings(url=f"{served.url}/hook", verify_url=f"{served.url}/state")
        integration = Catalogue(services).of(to)
        await integration.deliver(to, harness.shipment(), CANARY)
        verdict = await integration.verify(to, harness.shipment(), CANARY)
        assert (verdict.found, "agreed form" in verdict.why) == (Found.UNKNOWABLE, True)


async def test_an_answer_that_cannot_be_unpacked_leaves_a_doubt_and_keeps_no_request(harness: WebhookHarness) -> None:
    async def garbled(_: Request) -> Response:
        return Response(b"this is no gzip", headers={"content-encoding": "gzip"})

    app = Starlette(routes=[Route("/hook", garbled, methods=["POST"]), Route("/state", garbled, methods=["GET"])])
    async with https(app) as served:
        services = replace(harness.services, open_client=served.open_client)
        to = harness.with_settings(url=f"{served.url}/hook", verify_url=f"{served.url}/state")
        integration = Catalogue(services).of(to)
        with pytest.raises(OutcomeUnknown, match="DecodingError") as doubtful:
            await integration.deliver(to, harness.shipment(), CANARY)
        assert (doubtful.value.__cause__, doubtful.value.__context__) == (None, None)
        with pytest.raises(Unavailable, match="DecodingError"):
            await integration.verify(to, harness.shipment(), CANARY)


async def test_a_date_in_retry_after_is_understood(harness: WebhookHarness) -> None:
    async def busy(_: Request) -> Response:
        return Response(status_code=429, headers={"retry-after": "Fri, 31 Dec 2100 00:00:00 GMT"})

    async with https(Starlette(routes=[Route("/hook", busy, methods=["POST"])])) as served:
        services = replace(harness.services, open_client=served.open_client)
        to = harness.with_settings(url=f"{served.url}/hook", verify_url=None)
        with pytest.raises(Throttled) as waits:
            await Catalogue(services).of(to).deliver(to, harness.shipment(), CANARY)
        assert waits.value.retry_after == LONGEST
