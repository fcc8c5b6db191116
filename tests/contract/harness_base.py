"""What a harness offers: one destination of a kind, with knobs for its misbehaviour."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import ClassVar, Literal, Self

import httpx

from rotation.domain.delivery import Found, Shipment
from rotation.domain.errors import AccessDenied
from rotation.domain.identifiers import (
    ClientId,
    DestinationName,
    KeyId,
    LineName,
    ObjectId,
    RotationId,
    SecretVersion,
    TenantId,
)
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.catalogue import Catalogue
from rotation.integrations.connections import read
from rotation.integrations.services import IntegrationServices
from rotation.ports.integration import Integration
from tests.fakes import clouds
from tests.fakes.clock import MovableClock
from tests.fakes.directory import MemoryDirectory
from tests.fakes.vault import MemoryVaults

APPLICATION = ObjectId("0b0c7e8a-1111-4222-8333-123456789abc")
CLIENT = ClientId("5d1f3a52-aaaa-4bbb-8ccc-0123456789ab")
TENANT = TenantId("11111111-2222-4333-8444-555555555555")
HOME = "https://home.vault.example"
SERVICE_DELAY = timedelta(seconds=7)
"""What throttled services ask for, in every harness."""
ULIDS = ("01KJPFWK000000000000000001", "01KJPFWK000000000000000002")
"""Of two rotations, the older first."""


def shipment(place: int = 0, *, now: datetime) -> Shipment:
    """Make the shipment of the *place*-th rotation of one line."""
    return Shipment(
        rotation=RotationId(APPLICATION, ULIDS[place]),
        line=LineName("default"),
        client_id=CLIENT,
        application_name="payments <b>&",
        tenant_id=TENANT,
        description="payments - default, managed by Rotation",
        key_id=KeyId(f"aaaaaaaa-0000-4000-8000-00000000000{place}"),
        end_at=now + timedelta(days=730, hours=3),
        hint="CAN",
        vault_url=HOME,
        secret_name=f"entra-{CLIENT}-default",
        version=SecretVersion(f"{place + 1:032x}"),
        previous_end_at=now + timedelta(days=60),
    )


CANARY = SecretText("CANARY~8Q.vx-1234567890abcdefghij_KLMNOP")
NEWER = SecretText("CANARY~9R.wy-0987654321abcdefghij_QRSTUV")
CANARY_MARK = "CANARY~"


async def no_token(*asked: object) -> SecretText:
    """Refuse: what is tested asks for no token."""
    raise AssertionError(f"a token was asked for {len(asked)}")


class Harness(ABC):
    """One kind, made by the catalogue over fakes of our ports, and over real HTTPS where it speaks HTTP."""

    kind: ClassVar[str]
    connection: ClassVar[Mapping[str, object] | None] = None
    """The entry of `connections` that the destination names."""
    arm_url: str = "https://management.azure.com"
    clock: MovableClock
    vaults: MemoryVaults

    async def __aenter__(self) -> Self:
        """Start what it needs."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it."""
        return

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, object]:
        """Give the settings of the destination under test."""

    @property
    def services(self) -> IntegrationServices:
        """Give what the catalogue needs."""
        return IntegrationServices(
            vaults=self.vaults,
            home_vault=HOME,
            open_client=self.open_client,
            clock=self.clock,
            tenant_id=TENANT,
            directory=self.directory,
            token=self.token,
            token_as=self.token_as,
            **clouds.public(arm_url=self.arm_url),
        )

    @cached_property
    def directory(self) -> MemoryDirectory:
        """Give the directory that pre-flight checks look in."""
        return MemoryDirectory(self.clock)

    async def token_as(self, client_id: ClientId, text: SecretText, scope: str) -> SecretText:
        """Sign in as somebody else: refused, unless a harness knows better."""
        raise AccessDenied("AADSTS7000215", reason="sign-in-refused", client_id=client_id, scope=scope)

    async def token(self, scope: str) -> SecretText:
        """Give a token of our own identity, as a canary of its own."""
        return SecretText(f"{CANARY_MARK}token-for-{scope}")

    def open_client(self) -> httpx.AsyncClient:
        """Open a client as the program does; one that trusts nobody where nothing is spoken."""
        raise AssertionError(f"{self.kind} speaks no HTTP of its own")

    @property
    def destination(self) -> Destination:
        """Give the destination under test."""
        return self.with_settings()

    def with_settings(self, **changes: object) -> Destination:
        """Give the destination with other settings, unchecked."""
        return Destination(
            name=DestinationName("there"),
            kind=self.kind,
            settings={**self.settings, **changes},
            fingerprint="any",
            connection=read("elsewhere", self.connection) if self.connection else None,
        )

    @property
    def integration(self) -> Integration:
        """Make it as the program does."""
        return Catalogue(self.services).of(self.destination)

    def shipment(self, place: int = 0) -> Shipment:
        """Give the shipment of the older (0) or the newer (1) rotation."""
        return shipment(place, now=self.clock.now())


type Failure = Literal["denied", "gone", "throttled", "unavailable", "lost"]
"""`lost`: it was done, and the answer did not come."""


class AutomaticHarness(Harness):
    """A kind that programs deliver to."""

    keeps_order: ClassVar[bool]
    """It refuses an older secret by itself; else the receiver is told and decides (its page says so)."""
    has_no_mark: ClassVar[bool] = False
    """What is written last stands, and only the line's own order keeps an older one back (its page says so)."""
    write_only: ClassVar[bool] = False
    """Nobody can read a value or a mark back: what is there is Unknowable, at ACCEPTED (its page says so)."""
    cannot: ClassVar[frozenset[Failure]] = frozenset()
    """Failures that its protocol has no word for."""

    @property
    def there(self) -> Found:
        """Give what a look says once its secret is there."""
        return Found.UNKNOWABLE if self.write_only else Found.CURRENT

    @abstractmethod
    async def taken(self) -> int:
        """Count what the destination took; a repeat of the same adds nothing."""

    @property
    @abstractmethod
    def calls(self) -> Sequence[str]:
        """Give every address or name that was called, for the leak search."""

    @abstractmethod
    def fail(self, how: Failure) -> None:
        """Make the next call fail."""
