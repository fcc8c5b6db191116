"""The throw-away application of a rehearsal, its marks, and the vault secrets that belong to it."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from rotation.domain.identifiers import ULID

TAG = "rotation-rehearsal:"
NAME = "Rotation rehearsal "
_NAME = re.compile(rf"{NAME}(?P<ulid>[0-9A-HJKMNP-TV-Z]{{26}}), delete at any time")
SECRETS = "rotation-rehearsal-"


@dataclass(frozen=True, slots=True)
class Stage:
    """One rehearsal's own application and secrets: all of their names are made of its ulid, and say so."""

    ulid: str

    @property
    def name(self) -> str:
        """Display name of the application."""
        return f"{NAME}{self.ulid}, delete at any time"

    @property
    def tag(self) -> str:
        """Tag of the application."""
        return f"{TAG}{self.ulid}"

    @property
    def secret_name(self) -> str:
        """The line's secret."""
        return f"{SECRETS}{self.ulid.lower()}"

    @property
    def secret_names(self) -> tuple[str, ...]:
        """Every vault secret that a rehearsal may make."""
        line = self.secret_name
        return line, f"{line}-staged", self.copy_name, self.long_name

    @property
    def copy_name(self) -> str:
        """Where its one destination keeps the secret."""
        return f"{self.secret_name}-copy"

    @property
    def long_name(self) -> str:
        """A name as long as a vault takes (platform.md C1)."""
        return f"{self.secret_name}-".ljust(127, "x")

    @classmethod
    def read(cls, name: str, tags: Collection[str]) -> Self | None:
        """
        Find whose it is: name and tag must say the same ulid, and nothing else is a rehearsal's.

        Either alone could be somebody's copy, or a person who named an application after one of ours.
        """
        named = _NAME.fullmatch(name)
        if named is None or f"{TAG}{named['ulid']}" not in tags:
            return None
        return cls(named["ulid"])

    @classmethod
    def owns_secret(cls, name: str) -> bool:
        """Tell whether a vault secret is some rehearsal's, by its name."""
        ulid = name.removeprefix(SECRETS)[:26].upper()
        return name.startswith(SECRETS) and ULID.fullmatch(ulid) is not None and name in cls(ulid).secret_names
