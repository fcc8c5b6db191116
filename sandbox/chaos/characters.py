"""Who takes part in a run: enrolled applications, where their secrets go, and what is planted against them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import cycle, islice
from random import Random
from typing import Any

from sandbox.cloud import Cloud
from sandbox.tenant.identity import named_guid

MAILBOX = "people@chaos.example"
"""Who is told, and who does what people do."""
ENDS_IN = timedelta(days=58)
"""Within the lead time, so that all are due at once, and later than any run lasts."""


class Place(StrEnum):
    """Where a secret goes."""

    VAULT = "key-vault"
    WEBHOOK = "webhook"
    PERSON = "hand-off"


class Trouble(StrEnum):
    """What is planted, for which no rotation can answer by itself."""

    NONE = "none"
    FORGOTTEN = "a forgotten system goes on with the old secret"
    FALSE_WORD = "a person acknowledges without pasting"
    NEVER_DONE = "a person does nothing"
    NAME_TAKEN = "somebody writes to its vault secret"
    UNPROVABLE = "sign-in is refused, until somebody lifts it"
    GIVEN_UP = "a person abandons it before it is published"
    STRANGER = "a foreign hand removes its new secret"


_FITTING = {
    Place.VAULT: (Trouble.FORGOTTEN, Trouble.NAME_TAKEN, Trouble.UNPROVABLE, Trouble.GIVEN_UP, Trouble.STRANGER),
    Place.WEBHOOK: (Trouble.STRANGER, Trouble.GIVEN_UP, Trouble.FORGOTTEN, Trouble.UNPROVABLE),
    Place.PERSON: (Trouble.FALSE_WORD, Trouble.NEVER_DONE),
}
_PLACES = (Place.VAULT, Place.WEBHOOK, Place.PERSON, Place.VAULT, Place.WEBHOOK, Place.VAULT)
_TROUBLED = 3
"""One in so many of a place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """One enrolled application. `personal`: it may hold two secrets only. `key_id` is the secret handed over."""

    key: str
    place: Place
    trouble: Trouble
    personal: bool
    ends_at: datetime

    @property
    def name(self) -> str:
        return f"Chaos {self.key}"

    @property
    def object_id(self) -> str:
        return named_guid(f"chaos/application/{self.key}")

    @property
    def client_id(self) -> str:
        return named_guid(f"chaos/client/{self.key}")

    @property
    def key_id(self) -> str:
        return named_guid(f"chaos/credential/{self.key}")

    @property
    def text(self) -> str:
        """The secret handed over, shaped as Entra's; no other of this length is in any log."""
        return f"chA8Q~{self.key_id.replace('-', '')}{self.key}"

    @property
    def vault_secret(self) -> str:
        """The vault secret of its line (protocol.md, Enrolment and lines)."""
        return f"entra-{self.client_id}-default"

    @property
    def forgotten(self) -> str:
        return f"forgotten-{self.key}"

    def document(self) -> dict[str, Any]:
        """Give the application as Graph has it."""
        secret = {
            "keyId": self.key_id,
            "displayName": "by hand",
            "secretText": self.text,
            "startDateTime": f"{self.ends_at - timedelta(days=365):%Y-%m-%dT%H:%M:%SZ}",
            "endDateTime": f"{self.ends_at:%Y-%m-%dT%H:%M:%SZ}",
        }
        return {
            "id": self.object_id,
            "appId": self.client_id,
            "displayName": self.name,
            "signInAudience": "AzureADandPersonalMicrosoftAccount" if self.personal else "AzureADMyOrg",
            "passwordCredentials": [secret],
        }


def draw(rng: Random, count: int, now: datetime, *, first: Trouble | None = None) -> Sequence[Character]:
    """Make so many characters; about one in three has something planted against it, *first* before all others."""
    troubles = {place: cycle(_shuffled(rng, fitting, first)) for place, fitting in _FITTING.items()}
    return tuple(_draw(rng, now, list(islice(cycle(_PLACES), count)), troubles=troubles))


def _shuffled(rng: Random, fitting: Sequence[Trouble], first: Trouble | None) -> list[Trouble]:
    return sorted(rng.sample(fitting, len(fitting)), key=lambda trouble: trouble is not first)


def _draw(
    rng: Random, now: datetime, places: Sequence[Place], *, troubles: Mapping[Place, Iterator[Trouble]]
) -> Iterator[Character]:
    met = dict.fromkeys(Place, 0)
    for number, place in enumerate(places, start=1):
        met[place] += 1
        troubled = met[place] % _TROUBLED == 0 or (place is Place.PERSON and met[place] % 2 == 0)
        trouble = next(troubles[place]) if troubled else Trouble.NONE
        personal = trouble is Trouble.NONE and place is not Place.PERSON and rng.random() < 0.3
        ends_at = now + ENDS_IN + timedelta(hours=number)
        yield Character(key=f"{place.value}-{number}", place=place, trouble=trouble, personal=personal, ends_at=ends_at)


def move_in(cloud: Cloud, characters: Sequence[Character]) -> None:
    """Bring the applications into the directory, and give everybody the secret that they use today."""
    cloud.entra.add_user("Everybody", mail=MAILBOX, userPrincipalName=MAILBOX)
    principal = cloud.entra.principal_of(cloud.app[0]).id
    for character in characters:
        cloud.entra.add_application(character.document(), owners=[principal])
        _hand_out(cloud, character)


def _hand_out(cloud: Cloud, character: Character) -> None:
    downstream, client_id = cloud.downstream, character.client_id
    match character.place:
        case Place.VAULT:
            cloud.vaults["vault2"].seed(character.key, character.text)
            downstream.add_consumer(character.key, cloud.urls["vault2"], character.key, client_id=client_id)
        case Place.WEBHOOK:
            hook = downstream.add_webhook(character.key, signing_key())
            hook.holder.client_id = client_id
            hook.holder.take(character.text, version="", key_id=character.key_id, at=cloud.clock.now())
            cloud.vaults["vault"].seed(signing_secret(character), signing_key())
        case Place.PERSON:
            downstream.add_person(character.key, client_id=client_id)
            downstream.paste(character.key, character.text)
    if character.trouble is Trouble.FORGOTTEN:
        downstream.add_person(character.forgotten, client_id=client_id)
        downstream.paste(character.forgotten, character.text)


def signing_secret(character: Character) -> str:
    """Name the vault secret that holds a receiver's signing key."""
    return f"hook-{character.key}"


def signing_key() -> str:
    """Give the receivers' signing key; it is none of the secrets that this is about."""
    return "whsec_Y2hhb3MtY2hhb3MtY2hhb3MtY2hhb3MtY2hhb3M="
