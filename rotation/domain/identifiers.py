"""
Tell the identifiers apart that look alike.

Entra knows an application by two GUIDs (directory `id` and `appId`) and each of its credentials by a third
(`keyId`); mixing them up is the classic mistake of this trade, so each has a type of its own.
"""

import re
from dataclasses import dataclass
from typing import NewType, Self

from rotation.domain.errors import Misread

ObjectId = NewType("ObjectId", str)
ClientId = NewType("ClientId", str)
TenantId = NewType("TenantId", str)
KeyId = NewType("KeyId", str)
SecretVersion = NewType("SecretVersion", str)
LineName = NewType("LineName", str)
PolicyName = NewType("PolicyName", str)
DestinationName = NewType("DestinationName", str)
AudienceName = NewType("AudienceName", str)

NAME = re.compile(r"[a-z0-9-]{1,40}")
"""Names of policies, lines, destinations and audiences (protocol.md, Enrolment and lines)."""

GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def is_guid(text: str) -> bool:
    """Tell whether *text* is a GUID in the form that Entra prints."""
    return GUID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, order=True)
class LineId:
    """One line: `<object id>|<line>` in keys and on screens."""

    application: ObjectId
    name: LineName

    def __str__(self) -> str:
        return f"{self.application}|{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read `<object id>|<line>`.

        Raises:
            Misread: It is not of that form.
        """
        application, mark, name = text.partition("|")
        if not mark or not is_guid(application) or not NAME.fullmatch(name):
            raise Misread("line", text, "<object id>|<line>")
        return cls(ObjectId(application.lower()), LineName(name))


@dataclass(frozen=True, slots=True, order=True)
class RotationId:
    """One rotation: `<object id>.<ulid>`; ulids sort by the time at which they were made."""

    application: ObjectId
    ulid: str

    def __str__(self) -> str:
        return f"{self.application}.{self.ulid}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read `<object id>.<ulid>`.

        Raises:
            Misread: It is not of that form.
        """
        application, mark, ulid = text.partition(".")
        if not mark or not is_guid(application) or not ULID.fullmatch(ulid):
            raise Misread("rotation", text, "<object id>.<ulid>")
        return cls(ObjectId(application.lower()), ulid)
