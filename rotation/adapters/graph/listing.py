"""
The nightly pass's pages: each is validated once, straight from its bytes, into what the port lists.

No JSON tree and no model object in between, which would cost more than all the rest of a night (docs/performance.md).
Where a page does not pass, its applications are read one by one, and the malformed ones told.
"""

import json
from datetime import UTC, datetime
from typing import Annotated, NotRequired, TypedDict

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    GetPydanticSchema,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from rotation.adapters.graph.pages import Item, items_of
from rotation.adapters.graph.wire import NEVER_ENDS, complaint
from rotation.domain.identifiers import GUID, ClientId, KeyId, ObjectId
from rotation.ports.directory import ListedApplication, Page

SELECT_LISTED = "id,appId,displayName,passwordCredentials,isDisabled,tags"
"""What a night decides by; `web`, `spa`, `publicClient` and `api` alone are half of an application."""

_GUID = StringConstraints(pattern=f"^{GUID.pattern}$", to_lower=True)
_LONG = r"(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
_SHORT = r"(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8])"
_DAY = rf"(?:{_LONG}|{_SHORT})"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,7})?(?:Z|\+00:00)"
_INSTANT = StringConstraints(pattern=f"^[12][0-9]{{3}}-{_DAY}T{_TIME}$")
"""What Graph writes nearly always, and no day that the calendar does not have."""


def _rewritten(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


_ANY_END = (
    Annotated[str, _INSTANT]
    | Annotated[AwareDatetime, AfterValidator(_rewritten)]
    | Annotated[None, AfterValidator(lambda _: NEVER_ENDS)]
)
_END = GetPydanticSchema(lambda _, handler: handler(Annotated[_ANY_END, Field(union_mode="left_to_right")]))
_DISPLAY_NAME = Field(alias="displayName")


class WireSecret(TypedDict):
    """A passwordCredential, by the port's names."""

    key_id: Annotated[KeyId, _GUID, Field(alias="keyId")]
    ends: Annotated[str, _END, Field(alias="endDateTime")]
    display_name: NotRequired[Annotated[str | None, _DISPLAY_NAME]]


class WireListed(TypedDict):
    """An application of a page, by the port's names."""

    object_id: Annotated[ObjectId, _GUID, Field(alias="id")]
    client_id: Annotated[ClientId, _GUID, Field(alias="appId")]
    display_name: NotRequired[Annotated[str | None, _DISPLAY_NAME]]
    secrets: NotRequired[Annotated[list[WireSecret], Field(alias="passwordCredentials")]]
    disabled: NotRequired[Annotated[bool | None, Field(alias="isDisabled")]]
    tags: NotRequired[list[str] | None]


class WirePage(TypedDict):
    """A page of applications."""

    value: list[WireListed]
    following: NotRequired[Annotated[str | None, Field(alias="@odata.nextLink")]]


_PAGE: TypeAdapter[WirePage] = TypeAdapter(WirePage)
_ONE: TypeAdapter[WireListed] = TypeAdapter(WireListed)


def read_listing(raw: bytes, what: str) -> tuple[Page, str | None]:
    """
    Read a page of applications and the address of the next.

    Raises:
        Unavailable: It is no page.
    """
    try:
        page = _PAGE.validate_json(raw)
    except ValidationError:
        return _one_by_one(raw, what)
    return Page(applications=page["value"]), page.get("following")


def _one_by_one(raw: bytes, what: str) -> tuple[Page, str | None]:
    items, following = items_of(raw, what)
    good: list[ListedApplication] = []
    bad: list[tuple[str, str]] = []
    for place, item in enumerate(items):
        try:
            good.append(_ONE.validate_json(json.dumps(item)))
        except ValidationError as error:
            bad.append((_named(item, place), complaint(error)))
    return Page(applications=good, malformed=bad), following


def _named(item: Item, place: int) -> str:
    """Say which one it is; what should be a GUID may be anything, half a character too."""
    return ascii(item["id"]).strip("'")[:64] if item.get("id") else f"#{place}"
