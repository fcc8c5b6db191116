"""What SignIn promises. The world is a fixture of its own: it makes applications for either implementation."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from rotation.domain.errors import Retryable
from rotation.domain.identifiers import ClientId
from rotation.domain.secret import SecretText
from rotation.ports.sign_in import Accepted, NotAccepted, SignIn, Unprovable


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An application with one secret."""

    client_id: ClientId
    text: SecretText


class World(Protocol):
    """What happens in the tenant."""

    def now(self) -> datetime: ...

    def make(self, *, ends_in: timedelta = ...) -> Made:
        """An application with a secret that everybody knows."""
        ...

    def add_secret(self, made: Made) -> SecretText:
        """Another secret, which the sign-in service hears of after its lag."""
        ...

    def lag(self, span: timedelta) -> None: ...

    def advance(self, span: timedelta) -> None: ...

    def refuse(self, client_id: ClientId, code: int) -> None: ...

    def break_down(self) -> None: ...


class SignInPromises:
    async def test_the_right_text_is_accepted(self, sign_in: SignIn, world: World) -> None:
        made = world.make()
        assert await sign_in.prove(made.client_id, made.text) == Accepted()

    async def test_a_wrong_text_is_not(self, sign_in: SignIn, world: World) -> None:
        made = world.make()
        assert await sign_in.prove(made.client_id, SecretText("wrong")) == NotAccepted(7000215)
        assert await sign_in.prove(made.client_id, made.text) == Accepted()
        assert await sign_in.prove(made.client_id, SecretText("wrong")) == NotAccepted(7000215)

    async def test_an_expired_text_is_not(self, sign_in: SignIn, world: World) -> None:
        made = world.make(ends_in=timedelta(days=2))
        world.advance(timedelta(days=3))
        assert await sign_in.prove(made.client_id, made.text) == NotAccepted(7000222)

    async def test_a_new_text_is_accepted_after_the_lag(self, sign_in: SignIn, world: World) -> None:
        world.lag(timedelta(minutes=5))
        made = world.make()
        world.advance(timedelta(minutes=6))
        text = world.add_secret(made)
        early = [await sign_in.prove(made.client_id, text) for _ in range(12)]
        assert NotAccepted(7000215) in early
        assert set(early) <= {NotAccepted(7000215), Accepted()}
        world.advance(timedelta(minutes=6))
        assert [await sign_in.prove(made.client_id, text) for _ in range(5)] == [Accepted()] * 5

    @pytest.mark.parametrize("code", [53003, 7000112, 501051, 500011, 7000229])
    async def test_what_is_not_about_the_secret_cannot_be_proved(
        self, sign_in: SignIn, world: World, code: int
    ) -> None:
        made = world.make()
        world.refuse(made.client_id, code)
        assert await sign_in.prove(made.client_id, made.text) == Unprovable(code)

    async def test_an_unknown_application_cannot_be_proved(self, sign_in: SignIn) -> None:
        client_id = ClientId("99999999-0000-0000-0000-000000000000")
        assert await sign_in.prove(client_id, SecretText("x")) == Unprovable(700016)

    async def test_a_service_that_is_down_answers_nothing(self, sign_in: SignIn, world: World) -> None:
        made = world.make()
        world.break_down()
        with pytest.raises(Retryable):
            await sign_in.prove(made.client_id, made.text)
