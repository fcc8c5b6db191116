"""A Windows credential: nothing is touched that nobody approved, and each no names the way by hand."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rotation.domain.capability import Readiness
from rotation.domain.delivery import Found, Level
from rotation.domain.errors import DestinationGone, DestinationRefused, NotYetVisible, Unavailable
from rotation.domain.identifiers import ClientId
from rotation.integrations.catalogue import KINDS
from rotation.integrations.kinds.agent.companion import answered, asked_by, script
from tests.contract.harness_base import CANARY, CANARY_MARK
from tests.contract.windows_harnesses import (
    APPSETTINGS,
    DISCOVERED,
    TARGET,
    ArcHarness,
    RunCommandHarness,
    VirtualMachineHarness,
    WindowsHarness,
    WindowsSshHarness,
    told,
)

BY_HAND = "By hand: kind hand-off, preset syncfish-azure-source-onprem"


@pytest.fixture
async def harness() -> AsyncIterator[VirtualMachineHarness]:
    async with VirtualMachineHarness() as started:
        yield started


async def deliver(harness: WindowsHarness, **changes: object) -> None:
    await harness.integration.deliver(harness.with_settings(**changes), harness.shipment(), CANARY)


async def refusal(harness: WindowsHarness, **changes: object) -> DestinationRefused:
    with pytest.raises(DestinationRefused) as refused:
        await deliver(harness, **changes)
    return refused.value


class TestWhatIsFound:
    async def test_the_check_shows_it_and_a_person_approves_it(self, harness: VirtualMachineHarness) -> None:
        check = await harness.integration.check(harness.with_settings(discovered=None))
        assert check.readiness is Readiness.MISCONFIGURED
        for part in (
            "CISynchronizerAgent",
            "LocalSystem",
            "/Sources/0/SecretReference",
            TARGET,
            f"discovered: {DISCOVERED}",
        ):
            assert part in check.why
        assert (await harness.integration.check(harness.destination)).readiness is Readiness.READY
        assert harness.machine.commands == {}, "the record was removed"

    async def test_nothing_is_delivered_that_nobody_approved(self, harness: VirtualMachineHarness) -> None:
        refused = await refusal(harness, discovered=None)
        assert refused.reason == "discovery-not-approved"
        assert BY_HAND in refused.message
        assert harness.scripts == []

    async def test_nothing_is_delivered_once_it_has_drifted(self, harness: VirtualMachineHarness) -> None:
        harness.windows.account = r"NT AUTHORITY\NetworkService"
        refused = await refusal(harness)
        assert refused.reason == "discovery-drifted"
        assert BY_HAND in refused.message
        assert harness.windows.writes == 0
        check = await harness.integration.check(harness.destination)
        assert (check.readiness, "NetworkService" in check.why) == (Readiness.MISCONFIGURED, True)

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"services": {}}, "discovery-ambiguous"),
            (
                {
                    "services": {
                        "A": r"C:\Program Files\Syncfish\CISynchronizerAgent\service\a.exe",
                        "B": r"C:\program files\syncfish\CISynchronizerAgent\service\b.exe",
                    }
                },
                "discovery-ambiguous",
            ),
            ({"settings": {"Sources": []}}, "discovery-ambiguous"),
            (
                {
                    "settings": {
                        "Sources": [
                            APPSETTINGS["Sources"][0],
                            {**APPSETTINGS["Sources"][0], "SecretReference": "CISync/agent/1"},
                        ]
                    }
                },
                "discovery-ambiguous",
            ),
            ({"credentials": {}}, "discovery-ambiguous"),
            ({"account": r"CONTOSO\svc-cisync"}, "account-out-of-reach"),
            ({"forbids_credentials": True}, "credential-refused"),
        ],
    )
    async def test_what_is_not_exactly_one_place_is_left_to_a_person(
        self, harness: VirtualMachineHarness, change: dict[str, Any], reason: str
    ) -> None:
        for name, value in change.items():
            setattr(harness.windows, name, value)
        refused = await refusal(harness)
        assert refused.reason == reason
        assert BY_HAND in refused.message
        assert harness.windows.writes == 0
        assert (await harness.integration.check(harness.destination)).readiness is Readiness.MISCONFIGURED

    async def test_a_vault_that_does_not_know_the_server_is_told(self, harness: VirtualMachineHarness) -> None:
        async def refuse(_secret_id: str) -> None:
            return None

        harness.windows.fetch = refuse
        assert (await refusal(harness)).reason == "value-unreadable"

    async def test_another_applications_secret_stays_away(self, harness: VirtualMachineHarness) -> None:
        other = replace(harness.shipment(), client_id=ClientId("99999999-0000-4000-8000-000000000000"))
        for call in (harness.integration.deliver, harness.integration.verify):
            with pytest.raises(DestinationRefused) as refused:
                await call(harness.destination, other, CANARY)
            assert refused.value.reason == "another-application"
        assert harness.scripts == []


class TestTheValue:
    @pytest.mark.parametrize("way", [VirtualMachineHarness, ArcHarness, WindowsSshHarness])
    async def test_it_travels_by_reference_alone(self, way: type[WindowsHarness]) -> None:
        async with way() as harness:
            await deliver(harness)
            await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
            assert harness.windows.credentials[TARGET] == CANARY.reveal()
            assert [told(each).get("secretId") for each in harness.scripts] == [harness.shipment().secret_id, None]
            assert not [text for text in harness.calls if CANARY_MARK in text and "token-for" not in text]

    async def test_the_agents_own_credential_is_not_touched(self, harness: VirtualMachineHarness) -> None:
        await deliver(harness)
        assert harness.windows.credentials["CISync/agent/1"] == "AGENT~own"

    async def test_each_look_asks_with_a_nonce_of_its_own(self, harness: VirtualMachineHarness) -> None:
        for _ in range(2):
            await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
        first, second = (told(each)["nonce"] for each in harness.scripts)
        assert len(first) == len(second) == 64
        assert first != second

    async def test_a_proof_of_another_nonce_proves_nothing(self, harness: VirtualMachineHarness) -> None:
        await deliver(harness)
        execute = harness.machine.execute

        async def replay(text: str) -> str:
            asked = asked_by(text)
            assert asked is not None
            return await execute(script({**asked, "nonce": "0" * 64}))

        harness.machine.execute = replay
        verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
        assert verdict.found is Found.OLDER

    @pytest.mark.parametrize(
        ("signed_in", "expected"),
        [
            ("yes", (Found.CURRENT, Level.AUTHENTICATES, True)),
            ("no", (Found.OLDER, None, True)),
            ("ConnectFailure", (Found.CURRENT, Level.STORED, False)),
        ],
    )
    async def test_signing_in_from_there(
        self, harness: VirtualMachineHarness, signed_in: str, expected: tuple[Found, Level | None, bool]
    ) -> None:
        async def sign_in(_client_id: str, _text: str) -> str:
            return signed_in

        await deliver(harness)
        harness.windows.sign_in = sign_in
        verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
        assert (verdict.found, verdict.level, verdict.signed_in) == expected
        to = harness.with_settings(sign_in=False)
        stored = await harness.integration.verify(to, harness.shipment(), CANARY)
        assert (stored.level, stored.signed_in) == (Level.STORED, False)
        assert told(harness.scripts[-1])["signIn"] is None


class TestTheService:
    async def test_it_is_restarted_once_for_each_value(self, harness: VirtualMachineHarness) -> None:
        await deliver(harness)
        for _ in range(2):
            receipt = await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
            await harness.integration.activate(harness.destination, harness.shipment(), receipt)
        assert (harness.windows.writes, harness.windows.restarts) == (1, 1)

    async def test_one_that_does_not_stay_up_is_told(self, harness: VirtualMachineHarness) -> None:
        harness.windows.stays_up = False
        receipt = await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
        with pytest.raises(DestinationRefused) as refused:
            await harness.integration.activate(harness.destination, harness.shipment(), receipt)
        assert refused.value.reason == "service-failed"


class TestRunCommands:
    async def test_one_that_takes_long_is_begun_once_and_asked_after(self, harness: VirtualMachineHarness) -> None:
        harness.machine.held.clear()
        for _ in range(2):
            with pytest.raises(NotYetVisible) as later:
                await deliver(harness, timeout_seconds=0.1)
            assert later.value.retry_after == timedelta(seconds=15)
        harness.machine.held.set()
        await deliver(harness)
        assert harness.machine.started == [f"rotation-there-{harness.shipment().rotation.ulid.lower()}-deliver"]
        assert harness.windows.writes == 1

    async def test_a_look_that_another_call_began_is_judged_by_its_own_nonce(
        self, harness: VirtualMachineHarness
    ) -> None:
        await deliver(harness)
        harness.machine.held.clear()
        with pytest.raises(NotYetVisible):
            await harness.integration.verify(harness.with_settings(timeout_seconds=0.1), harness.shipment(), CANARY)
        harness.machine.held.set()
        verdict = await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
        assert verdict.found is Found.CURRENT
        assert len([name for name in harness.machine.started if name.endswith("verify")]) == 1

    async def test_what_ended_long_ago_says_nothing_of_now(self, harness: VirtualMachineHarness) -> None:
        harness.machine.held.clear()
        with pytest.raises(NotYetVisible):
            await deliver(harness, timeout_seconds=0.1)
        harness.machine.held.set()
        harness.clock.advance(timedelta(hours=1))
        with pytest.raises(NotYetVisible, match="another day"):
            await deliver(harness)
        await deliver(harness)
        assert len(harness.machine.started) == 2

    @pytest.mark.parametrize("way", [VirtualMachineHarness, ArcHarness])
    async def test_no_record_stays(self, way: type[RunCommandHarness]) -> None:
        async with way() as harness:
            receipt = await harness.integration.deliver(harness.destination, harness.shipment(), CANARY)
            await harness.integration.activate(harness.destination, harness.shipment(), receipt)
            await harness.integration.verify(harness.destination, harness.shipment(), CANARY)
            harness.machine.held.clear()
            with pytest.raises(NotYetVisible):
                await harness.integration.verify(harness.with_settings(timeout_seconds=0.1), harness.shipment(), CANARY)
            assert len(harness.machine.commands) == 1
            await harness.integration.cleanup(harness.destination, harness.shipment())
            assert harness.machine.commands == {}

    async def test_one_that_the_machine_could_not_run_is_told(self, harness: VirtualMachineHarness) -> None:
        async def nothing(_script: str) -> str:
            return "powershell.exe: not found"

        harness.machine.execute = nothing
        assert (await refusal(harness)).reason == "companion-failed"
        harness.machine.ends = "Failed"
        refused = await refusal(harness)
        assert "ended as Failed" in refused.message
        assert BY_HAND in refused.message

    async def test_it_asks_for_no_protected_parameters_and_names_itself(self, harness: VirtualMachineHarness) -> None:
        await deliver(harness)
        (body,) = [json.loads(text) for text in harness.commands.bodies if text]
        assert set(body) == {"location", "properties"}
        assert set(body["properties"]) == {"source", "asyncExecution", "timeoutInSeconds"}
        assert body["properties"]["asyncExecution"] is True

    async def test_an_arc_machine_that_is_away_is_waited_for(self) -> None:
        async with ArcHarness() as harness:
            harness.machine.status = "Disconnected"
            with pytest.raises(Unavailable, match="Disconnected"):
                await deliver(harness)
            assert harness.machine.started == []

    async def test_a_machine_that_is_not_there_is_told(self, harness: VirtualMachineHarness) -> None:
        harness.commands.remove(harness.machine_id)
        with pytest.raises(DestinationGone, match="resource id"):
            await harness.integration.check(harness.destination)


@pytest.mark.parametrize(
    "output",
    [
        "",
        "ROTATION-ANSWER:!!:END",
        "ROTATION-ANSWER:bnVsbA==:END",
        "ROTATION-ANSWER:eyJvayI6dHJ1ZX0=:END",
        "ROTATION-ANSWER:eyJvayI6MX0=",
    ],
)
def test_an_answer_that_is_none_is_a_refusal(output: str) -> None:
    with pytest.raises(DestinationRefused) as refused:
        answered(output, "")
    assert refused.value.reason == "companion-failed"


def test_a_program_that_nobody_knows_names_no_way_by_hand() -> None:
    settings = {
        "storage": "wincred",
        "transport": "ssh",
        "host": "srv",
        "folder": r"C:\Apps\X",
        "application_id": "99999999-0000-4000-8000-000000000000",
    }
    assert KINDS["agent"].read(settings).describe().where.startswith(r"the credential that C:\Apps\X\appsettings.json")
    with pytest.raises(DestinationRefused) as refused:
        answered("", "")
    assert "By hand" not in refused.value.message
