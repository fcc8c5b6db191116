"""The witness notices: each invariant is broken on purpose once, so that its test can fail."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.delivery import Shipment
from rotation.domain.identifiers import KeyId
from rotation.domain.policy import Mode
from rotation.domain.secret import SecretText
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ports.directory import MintRequest
from rotation.ports.tables import Delete
from rotation.ports.vault import NewVersion
from rotation.workflows import operating
from rotation.workflows.services import Services
from tests.fakes.mishaps import Mishap
from tests.fakes.witness import Breach, Witness
from tests.fakes.world import VAULT, World

HOUR = timedelta(hours=1)


class Scene:
    """One line with a published rotation, and a process of ours that does what it should not."""

    def __init__(self, world: World, application: Application) -> None:
        self.world, self.application = world, application
        self.witness = Witness(world)
        self.services: Services = world.calm()

    @property
    def old(self) -> KeyId:
        return self.application.secrets[0].key_id

    @property
    def new(self) -> KeyId:
        minted = self.world.rotations()[-1].minted
        assert minted is not None
        return minted.key_id

    async def remove(self, key_id: KeyId) -> None:
        await self.services.directory.remove(self.application.object_id, key_id)

    async def mint(self, display_name: str) -> None:
        now = self.world.clock.now()
        request = MintRequest(
            application=self.application.object_id, display_name=display_name, start_at=now, end_at=now + HOUR
        )
        await self.services.directory.mint(request)

    def history(self, key_id: KeyId) -> None:
        """Let the ledger say that a key id is about to go."""
        event = ledger.put_event(
            self.world.clock.now(), self.world.ulids.make(), what="litter.removing", facts={"key": key_id}
        )
        self.world.tables._apply(keys.ROTATIONS, self.application.object_id, [event])


@pytest.fixture
async def scene() -> Scene:
    world = World()
    application = world.add_application(ends_in=timedelta(days=50))
    await world.enrol(application)
    await world.open(application)
    await world.run(HOUR)
    assert world.phases() == ["overlapping"]
    return Scene(world, application)


async def one_a_published_value_is_disabled(scene: Scene) -> None:
    line = await scene.world.line(scene.application)
    vault = scene.world.vaults.memory(VAULT)
    assert line.version is not None
    await vault.disable(line.enrolment.secret_name, line.version)
    scene.witness.look()


async def one_what_was_minted_bears_no_marker(scene: Scene) -> None:
    made = scene.world.directory.add_secret(scene.application.object_id, end_at=scene.world.clock.now() + HOUR)
    scene.world.directory.minted.append(made)
    scene.witness.look()


async def two_the_current_credential_goes(scene: Scene) -> None:
    scene.history(scene.new)
    await scene.remove(scene.new)


async def two_the_old_one_goes_while_a_destination_holds_it(scene: Scene) -> None:
    (kept,) = scene.world.integrations.kinds["automatic"].stores.values()
    kept.key_id = scene.old
    scene.history(scene.old)
    await scene.remove(scene.old)


async def three_a_strangers_secret_goes(scene: Scene) -> None:
    made = scene.world.directory.add_secret(scene.application.object_id, end_at=scene.world.clock.now() + HOUR)
    await scene.remove(made.credential.key_id)


async def four_a_removal_that_the_ledger_does_not_announce(scene: Scene) -> None:
    await scene.remove(scene.old)


async def four_a_mint_that_the_ledger_does_not_announce(scene: Scene) -> None:
    await scene.mint(f"job (rotation:{scene.world.rotations()[-1].id.ulid}.7)")


async def five_an_old_key_goes_that_was_used_three_days_ago(scene: Scene) -> None:
    assert scene.world.usage is not None
    scene.world.usage.see(scene.application.client_id, scene.old, scene.world.clock.now() - timedelta(days=3))
    scene.history(scene.old)
    await scene.remove(scene.old)


async def six_a_message_holds_secret_text(scene: Scene) -> None:
    await scene.services.queues.send("rotations", f"the secret is {scene.world.texts()[-1]}")
    scene.witness.search()


async def seven_an_old_key_goes_while_the_vault_is_silent(scene: Scene) -> None:
    scene.world.vaults.memory(VAULT).refusing = "vault-refused"
    scene.history(scene.old)
    await scene.remove(scene.old)


async def seven_an_old_key_goes_and_usage_was_never_read(scene: Scene) -> None:
    scene.witness.unreadable_since = scene.world.clock.now() - timedelta(days=3)
    scene.history(scene.old)
    await scene.remove(scene.old)


async def eight_an_attempt_is_sent_twice(scene: Scene) -> None:
    sent = scene.world.directory.minted[-1].credential.display_name
    assert sent is not None
    scene.witness.sent.add((scene.world.rotations()[-1].id.ulid, 1))
    await scene.mint(sent)


async def eight_a_version_is_published_twice(scene: Scene) -> None:
    line = await scene.world.line(scene.application)
    vault = scene.world.vaults.memory(VAULT)
    (kept,) = vault.kept(line.enrolment.secret_name)
    await vault.write(line.enrolment.secret_name, NewVersion(text=SecretText("again"), tags=kept.tags))
    scene.witness.look()


async def nine_two_writes_at_once(scene: Scene) -> None:
    scene.world.directory.conflicts.append(scene.application.object_id)
    scene.witness.look()


async def ten_everything_is_paused_and_an_old_key_goes(scene: Scene) -> None:
    await operating.pause(scene.services, by="somebody", reason="test")
    scene.history(scene.old)
    await scene.remove(scene.old)


async def ten_the_policy_says_monitor_and_something_is_delivered(scene: Scene) -> None:
    scene.world.change_policy(mode=Mode.MONITOR)
    await _deliver(scene)


async def ten_the_line_is_released_and_something_is_delivered(scene: Scene) -> None:
    line = await scene.world.line(scene.application)
    place = (keys.ROTATIONS, scene.application.object_id)
    await scene.world.tables.commit(*place, [Delete(key=keys.line(line.id.name))])
    await _deliver(scene)


async def _deliver(scene: Scene) -> None:
    world, rotation = scene.world, scene.world.rotations()[-1]
    (where,) = world.settings.now.destinations.values()
    publication = rotation.publication
    assert publication is not None
    shipment = Shipment(
        rotation=rotation.id,
        line=rotation.line,
        client_id=rotation.client_id,
        application_name="any",
        tenant_id="any",
        description="any",
        key_id=publication.minted.key_id,
        end_at=publication.minted.end_at,
        hint=None,
        vault_url=VAULT,
        secret_name="any",
        version=publication.version,
        previous_end_at=None,
    )
    await scene.services.integrations.of(where).deliver(where, replace(shipment), SecretText("any"))


BREACHES: dict[int, tuple[Callable[[Scene], Awaitable[None]], ...]] = {
    1: (one_a_published_value_is_disabled, one_what_was_minted_bears_no_marker),
    2: (two_the_current_credential_goes, two_the_old_one_goes_while_a_destination_holds_it),
    3: (three_a_strangers_secret_goes,),
    4: (four_a_removal_that_the_ledger_does_not_announce, four_a_mint_that_the_ledger_does_not_announce),
    5: (five_an_old_key_goes_that_was_used_three_days_ago,),
    6: (six_a_message_holds_secret_text,),
    7: (seven_an_old_key_goes_while_the_vault_is_silent, seven_an_old_key_goes_and_usage_was_never_read),
    8: (eight_an_attempt_is_sent_twice, eight_a_version_is_published_twice),
    9: (nine_two_writes_at_once,),
    10: (
        ten_everything_is_paused_and_an_old_key_goes,
        ten_the_policy_says_monitor_and_something_is_delivered,
        ten_the_line_is_released_and_something_is_delivered,
    ),
}


@pytest.mark.parametrize(
    ("number", "act"), [pytest.param(n, act, id=act.__name__) for n, acts in BREACHES.items() for act in acts]
)
async def test_the_witness_notices(scene: Scene, number: int, act: Callable[[Scene], Awaitable[None]]) -> None:
    with pytest.raises(Breach) as noticed:
        await act(scene)
    assert noticed.value.number == number


async def test_seven_a_night_is_opened_by_a_scan_that_could_not_read_all(scene: Scene) -> None:
    await scene.world.scan()
    scene.witness._night = "another"
    scene.world.directory.unreadable_pages = {0}
    with pytest.raises(Breach, match="invariant 7"):
        scene.witness.look()


async def test_it_has_nothing_to_say_of_weeks_that_go_well(scene: Scene) -> None:
    scene.world.directory.mishaps.plan("mint", Mishap.LOST_AFTER)
    await scene.world.nights(50)
    assert scene.world.phases() == ["completed"]
    assert [key for _application, key in scene.world.directory.removed] == [scene.old]
    scene.witness.search()
