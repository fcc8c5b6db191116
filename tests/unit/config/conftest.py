"""A small catalogue of kinds, and short ways to load a text and to ask what is wrong with it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from textwrap import dedent
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator

from rotation.config import ConfigurationRefused, Kind, Loaded, load
from rotation.domain.policy import Connection


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VaultSettings(Closed):
    vault: str
    secret: str


class HookSettings(Closed):
    url: str = Field(description="Where to.")
    send_value: bool = False
    retries: int = 3
    style: Literal["plain", "signed"] = "plain"

    @field_validator("url")
    @classmethod
    def _https(cls, value: str) -> str:
        if not value.startswith("https://"):
            raise ValueError("only https is told")
        return value


class Wolf(Closed):
    preset: Literal["wolf"]
    portal: str = "https://portal.example"


class Fish(Closed):
    preset: Literal["fish"]
    server: str


class HandOffSettings(RootModel[Annotated[Wolf | Fish, Field(discriminator="preset")]]):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallKind:
    settings_model: type[BaseModel]
    settles_in: timedelta = timedelta(0)
    careful: bool = False
    assisted: bool = False
    connections: tuple[str, ...] = ()

    def fingerprint(self, settings: Mapping[str, object], connection: Connection | None = None) -> str:
        return hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode()).hexdigest()[:8]

    def default_approval(self, settings: Mapping[str, object]) -> bool:
        return self.careful and settings.get("preset") == "wolf"

    def resource(self, settings: Mapping[str, object]) -> str | None:
        return str(settings["url"]) if "url" in settings else None

    def secrets(self, settings: Mapping[str, object]) -> tuple[str, ...]:
        return ()


KINDS: Mapping[str, Kind] = {
    "key-vault": SmallKind(settings_model=VaultSettings),
    "webhook": SmallKind(settings_model=HookSettings, settles_in=timedelta(minutes=5)),
    "hand-off": SmallKind(settings_model=HandOffSettings, careful=True, assisted=True),
}

type Read = Callable[[str], Loaded]
type Refusal = Callable[[str], str]


@pytest.fixture
def kinds() -> Mapping[str, Kind]:
    return KINDS


@pytest.fixture
def read() -> Read:
    return lambda text: load(dedent(text).lstrip("\n"), name="r.yaml", kinds=KINDS)


@pytest.fixture
def refusal(read: Read) -> Refusal:
    """Every problem of a text, as people see them."""

    def refused(text: str) -> str:
        with pytest.raises(ConfigurationRefused) as caught:
            read(text)
        return str(caught.value)

    return refused
