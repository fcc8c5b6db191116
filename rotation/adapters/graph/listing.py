"""
The nightly pass's pages: each is validated once, straight from its bytes, into what the port lists.

No JSON tree and no model object in between, which would cost more than all the rest of a night (docs/performance.md).
What Graph always writes is read by msgspec; a page that holds anything else, application by application, by the models
that also read one alone, and the malformed ones are told.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from pydantic import ValidationError

from rotation.adapters.graph.pages import Item, items_of
from rotation.adapters.graph.wire import WireApplication, complaint
from rotation.domain.credential import Application
from rotation.domain.identifiers import ClientId, KeyId, ObjectId
from rotation.ports.directory import ListedApplication, ListedSecret, Page

SELECT_LISTED = "id,appId,displayName,passwordCredentials,isDisabled,tags"
"""What a night decides by; `web`, `spa`, `publicClient` and `api` alone are half of an application."""

GUID_LENGTH = 36
DASHES = (8, 13, 18, 23)
HEX = b"0123456789abcdef"

_LONG = msgspec.Meta(min_length=GUID_LENGTH, max_length=GUID_LENGTH)
_AWARE = msgspec.Meta(tz=True)


class WireSecret(ListedSecret, kw_only=True, frozen=True, gc=False):
    """A passwordCredential, by the port's names."""

    key_id: Annotated[KeyId, _LONG] = msgspec.field(name="keyId")
    ends: Annotated[datetime, _AWARE] = msgspec.field(name="endDateTime")
    display_name: str | None = msgspec.field(name="displayName", default=None)


class WireListed(ListedApplication, kw_only=True, frozen=True, gc=False):
    """An application of a page, by the port's names."""

    object_id: Annotated[ObjectId, _LONG] = msgspec.field(name="id")
    client_id: Annotated[ClientId, _LONG] = msgspec.field(name="appId")
    display_name: str | None = msgspec.field(name="displayName", default=None)
    secrets: list[WireSecret] = msgspec.field(name="passwordCredentials", default_factory=list)
    disabled: bool | None = msgspec.field(name="isDisabled", default=None)
    tags: list[str] | None = None


class WirePage(msgspec.Struct, kw_only=True, frozen=True):
    """A page of applications."""

    value: list[WireListed]
    following: str | None = msgspec.field(name="@odata.nextLink", default=None)


_PAGE = msgspec.json.Decoder(WirePage)


def read_listing(raw: bytes, what: str) -> tuple[Page, str | None]:
    """
    Read a page of applications and the address of the next.

    Raises:
        Unavailable: It is no page.
    """
    try:
        page = _PAGE.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _one_by_one(raw, what)
    return (Page(applications=page.value), page.following) if _usual(page.value) else _one_by_one(raw, what)


def _usual(found: list[WireListed]) -> bool:
    """Tell whether every id is a GUID in small letters and every instant in UTC, as Graph writes them."""
    secrets = [secret for one in found for secret in one.secrets]
    ids = [one.object_id for one in found] + [one.client_id for one in found] + [one.key_id for one in secrets]
    return _guids(ids) and all([secret.ends.tzinfo is UTC for secret in secrets])  # noqa: C419  # a generator is slower


def _guids(ids: Iterable[str]) -> bool:
    """Look at all of them together, which costs as much as a pattern would for one in fifty."""
    text = "".join(ids).encode()
    count = len(text) // GUID_LENGTH
    dashed = all(text[place::GUID_LENGTH] == b"-" * count for place in DASHES)
    return dashed and text.translate(None, HEX) == b"-" * (count * len(DASHES))


def _one_by_one(raw: bytes, what: str) -> tuple[Page, str | None]:
    items, following = items_of(raw, what)
    good: list[ListedApplication] = []
    bad: list[tuple[str, str]] = []
    for place, item in enumerate(items):
        try:
            good.append(_listed(WireApplication.model_validate_json(json.dumps(item)).value()))
        except ValidationError as error:
            bad.append((_named(item, place), complaint(error)))
    return Page(applications=good, malformed=bad), following


def _listed(application: Application) -> ListedApplication:
    return ListedApplication(
        object_id=application.object_id,
        client_id=application.client_id,
        display_name=application.display_name,
        secrets=[
            ListedSecret(key_id=secret.key_id, ends=secret.end_at, display_name=secret.display_name)
            for secret in application.secrets
        ],
        disabled=application.disabled,
        tags=application.tags,
    )


def _named(item: Item, place: int) -> str:
    """Say which one it is; what should be a GUID may be anything, half a character too."""
    return ascii(item["id"]).strip("'")[:64] if item.get("id") else f"#{place}"
