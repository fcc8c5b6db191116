"""Sign-in: in memory, and at the sandbox's authority."""

from datetime import datetime, timedelta

import pytest

from rotation.adapters.sign_in import EntraSignIn
from rotation.domain.errors import Retryable, Throttled, Unavailable
from rotation.domain.identifiers import ClientId
from rotation.domain.secret import SecretText
from rotation.ports.sign_in import Accepted, NotAccepted, SignIn, Unprovable
from sandbox.cloud import Cloud
from tests.contract.exceptions import assert_absent, assert_speaks_our_language
from tests.contract.promises_sign_in import Made, SignInPromises, World
from tests.fakes.clock import MovableClock
from tests.fakes.directory import MemoryDirectory
from tests.fakes.directory_state import make_application
from tests.fakes.mishaps import Mishap
from tests.fakes.sign_in import MemorySignIn

YEAR = timedelta(days=365)
SCOPE = "https://graph.microsoft.com/.default"


class MemoryWorld:
    """A fake tenant with its sign-in."""

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.directory = MemoryDirectory(self.clock)
        self.sign_in = MemorySignIn(self.directory, self.clock)
        self._number = 0

    def now(self) -> datetime:
        return self.clock.now()

    def make(self, *, ends_in: timedelta = YEAR) -> Made:
        self._number += 1
        application = make_application(self._number)
        self.directory.add(application)
        minted = self.directory.add_secret(application.object_id, end_at=self.clock.now() + ends_in)
        return Made(client_id=application.client_id, text=minted.text)

    def add_secret(self, made: Made) -> SecretText:
        held = self.directory.find(made.client_id)
        assert held is not None
        return self.directory.add_secret(held.now.object_id, end_at=self.clock.now() + YEAR).text

    def lag(self, span: timedelta) -> None:
        self.sign_in.lag = span

    def advance(self, span: timedelta) -> None:
        self.clock.advance(span)

    def refuse(self, client_id: ClientId, code: int) -> None:
        self.sign_in.unprovable[client_id] = code

    def break_down(self) -> None:
        self.sign_in.mishaps.always("prove", Mishap.UNAVAILABLE)


class CloudWorld:
    """The sandbox."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def now(self) -> datetime:
        return self.cloud.clock.now()

    def make(self, *, ends_in: timedelta = YEAR) -> Made:
        client_id = ClientId(self.cloud.entra.add_application().current["appId"])
        added = self.cloud.entra.add_secret(client_id, end=self.now() + ends_in)
        return Made(client_id=client_id, text=SecretText(added["secretText"]))

    def add_secret(self, made: Made) -> SecretText:
        return SecretText(self.cloud.entra.add_secret(made.client_id, end=self.now() + YEAR)["secretText"])

    def lag(self, span: timedelta) -> None:
        self.cloud.entra.behaviour.update({"secret_lag_seconds": span.total_seconds()})

    def advance(self, span: timedelta) -> None:
        self.cloud.clock.shift(span)

    def refuse(self, client_id: ClientId, code: int) -> None:
        self.cloud.entra.refuse_sign_in(client_id, code)

    def break_down(self) -> None:
        self.cloud.faults.add({"part": "signin", "action": "status", "status": 503, "times": None})


class TestMemorySignIn(SignInPromises):
    @pytest.fixture
    def world(self) -> World:
        return MemoryWorld()

    @pytest.fixture
    def sign_in(self, world: MemoryWorld) -> SignIn:
        return world.sign_in

    async def test_a_removed_secret_may_work_for_a_while(self, world: MemoryWorld) -> None:
        made = world.make()
        held = world.directory.find(made.client_id)
        assert held is not None
        world.sign_in.forgets_after = timedelta(minutes=10)
        world.directory.drop_secret(held.now.object_id, held.texts[-1].key_id)
        world.advance(timedelta(minutes=5))
        soon = {type(await world.sign_in.prove(made.client_id, made.text)) for _ in range(30)}
        assert soon == {Accepted, NotAccepted}
        world.advance(timedelta(minutes=5))
        assert await world.sign_in.prove(made.client_id, made.text) == NotAccepted(7000215)

    async def test_a_disabled_application_or_one_without_principal_cannot_be_proved(self, world: MemoryWorld) -> None:
        made = world.make()
        held = world.directory.find(made.client_id)
        assert held is not None
        held.service_principal = False
        assert await world.sign_in.prove(made.client_id, made.text) == Unprovable(7000229)


@pytest.mark.sandbox
class TestEntraSignIn(SignInPromises):
    @pytest.fixture
    def world(self, cloud: Cloud) -> World:
        return CloudWorld(cloud)

    @pytest.fixture
    def sign_in(self, cloud: Cloud) -> SignIn:
        return EntraSignIn(cloud.tenant_id, scope=SCOPE, authority=cloud.urls["authority"])

    async def test_throttling_tells_its_delay(self, sign_in: SignIn, world: CloudWorld) -> None:
        made = world.make()
        world.cloud.faults.add({"part": "signin", "action": "throttle", "retry_after": 17})
        with pytest.raises(Throttled) as caught:
            await sign_in.prove(made.client_id, made.text)
        assert caught.value.retry_after == timedelta(seconds=17)

    @pytest.mark.parametrize("action", ["drop-before", "drop-after"])
    async def test_a_cut_connection_answers_nothing(self, sign_in: SignIn, world: CloudWorld, action: str) -> None:
        made = world.make()
        world.cloud.faults.add({"part": "signin", "action": action})
        with pytest.raises(Retryable) as caught:
            await sign_in.prove(made.client_id, made.text)
        assert_speaks_our_language(caught.value)
        assert_absent(made.text.reveal(), caught.value)

    async def test_a_host_that_is_not_there_answers_nothing(self, cloud: Cloud) -> None:
        sign_in = EntraSignIn(cloud.tenant_id, scope=SCOPE, authority="https://127.0.0.1:9")
        with pytest.raises(Unavailable):
            await sign_in.prove(ClientId("99999999-0000-0000-0000-000000000000"), SecretText("x"))

    async def test_every_proof_is_a_sign_in_of_its_own(self, sign_in: SignIn, world: CloudWorld) -> None:
        made = world.make()
        before = len(world.cloud.entra.truth.sign_ins)
        for _ in range(3):
            assert await sign_in.prove(made.client_id, made.text) == Accepted()
        assert len(world.cloud.entra.truth.sign_ins) == before + 3
