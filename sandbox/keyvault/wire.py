"""Key Vault's JSON: reading bodies strictly, writing bundles, items and pages (platform.md C1)."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sandbox.keyvault import refusals
from sandbox.keyvault.records import RETENTION, Attributes, Draft, Secret, Version

NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")
VALUE_LIMIT = 25 * 1024
TAG_LIMIT = 15
TAG_LENGTH = 256
CONTENT_TYPE_LENGTH = 255
PAGE = 25
_BEFORE_RECOVERABLE_DAYS = {"2016-10-01", "7.0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How this answer is written: the vault's address as the client used it, and the api-version it asked."""

    base: str
    api_version: str
    purge_protection: bool

    def bundle(self, secret: Secret, version: Version, *, text: bool = False) -> dict[str, Any]:
        """Write a version with its id; the text only when asked."""
        said = {"value": version.text} if text else {}
        return said | self._described(version, f"{self.base}/secrets/{secret.name}/{version.id}")

    def item(self, secret: Secret) -> dict[str, Any]:
        """Write a secret in a list: the latest version's properties under an id without version."""
        return self._described(secret.latest, f"{self.base}/secrets/{secret.name}")

    def deleted(self, secret: Secret, *, item: bool = False) -> dict[str, Any]:
        written = self.item(secret) if item else self.bundle(secret, secret.latest)
        if secret.deleted_at is not None:
            written["recoveryId"] = f"{self.base}/deletedsecrets/{secret.name}"
            written["deletedDate"] = int(secret.deleted_at.timestamp())
            written["scheduledPurgeDate"] = int((secret.deleted_at + RETENTION).timestamp())
        return written

    def page(self, path: str, items: Mapping[str, Any], *, size: int, token: str | None) -> dict[str, Any]:
        """Cut one page; `items` by sort key, in order. The last key goes into the opaque token."""
        after = _read_token(token) if token else None
        keys = [key for key in items if after is None or key > after]
        link = None
        if len(keys) > size:
            link = (
                f"{self.base}/{path}?api-version={self.api_version}"
                f"&$skiptoken={quote(_write_token(keys[size - 1]))}&maxresults={size}"
            )
        return {"value": [items[key] for key in keys[:size]], "nextLink": link}

    def _described(self, version: Version, identifier: str) -> dict[str, Any]:
        written: dict[str, Any] = {"id": identifier, "attributes": self._attributes(version)}
        if version.content_type is not None:
            written["contentType"] = version.content_type
        if version.tags is not None:
            written["tags"] = dict(version.tags)
        return written

    def _attributes(self, version: Version) -> dict[str, Any]:
        said: dict[str, Any] = {"enabled": version.enabled, "nbf": version.not_before, "exp": version.expires}
        said |= {"created": version.created, "updated": version.updated}
        said["recoveryLevel"] = "Recoverable" if self.purge_protection else "Recoverable+Purgeable"
        if self.api_version not in _BEFORE_RECOVERABLE_DAYS:
            said["recoverableDays"] = RETENTION.days
        return {name: value for name, value in said.items() if value is not None}


def read_draft(body: bytes) -> Draft:
    """Read the body of a set or an update; Refusal 400 BadParameter names the property at fault."""
    try:
        said = json.loads(body)
    except ValueError as error:
        raise refusals.bad_parameter("Parse error: the request body is not JSON.") from error
    if not isinstance(said, dict):
        raise refusals.bad_parameter("Parse error: the request body is not an object.")
    return Draft(
        text=_text(said.get("value")),
        content_type=_content_type(said.get("contentType")),
        tags=_tags(said.get("tags")),
        attributes=_read_attributes(said.get("attributes")),
    )


def read_name(name: str) -> str:
    if NAME.fullmatch(name) is None:
        raise refusals.bad_parameter(f"The request URI contains an invalid name: {name}")
    return name


def read_page_size(said: str | None) -> int:
    if said is None:
        return PAGE
    if not said.isascii() or not said.isdigit() or not 1 <= int(said) <= PAGE:
        raise refusals.bad_parameter(f"maxresults must be between 1 and {PAGE}: {said}")
    return int(said)


def _text(said: Any) -> str | None:
    if said is not None and not isinstance(said, str):
        raise refusals.invalid_property("value")
    if said is not None and len(said.encode()) > VALUE_LIMIT:
        raise refusals.bad_parameter(f"The secret value exceeds the maximum of {VALUE_LIMIT} bytes.")
    return said


def _content_type(said: Any) -> str | None:
    if said is not None and (not isinstance(said, str) or len(said) > CONTENT_TYPE_LENGTH):
        raise refusals.invalid_property("contentType")
    return said


def _tags(said: Any) -> dict[str, str] | None:
    if said is None:
        return None
    if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
        raise refusals.invalid_property("tags")
    if len(said) > TAG_LIMIT:
        raise refusals.bad_parameter(f"A secret can have at most {TAG_LIMIT} tags.")
    if any(len(part) > TAG_LENGTH for pair in said.items() for part in pair):
        raise refusals.bad_parameter(f"A tag's name and value can have at most {TAG_LENGTH} characters each.")
    return said


def _read_attributes(said: Any) -> Attributes:
    if said is None:
        return Attributes()
    if not isinstance(said, dict):
        raise refusals.invalid_property("attributes")
    enabled = said.get("enabled")
    if enabled is not None and not isinstance(enabled, bool):
        raise refusals.invalid_property("attributes.enabled")
    return Attributes(enabled=enabled, not_before=_instant(said, "nbf"), expires=_instant(said, "exp"))


def _instant(said: Mapping[str, Any], name: str) -> int | None:
    value = said.get(name)
    # JSON's true is an int to Python, and no instant to a vault.
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise refusals.invalid_property(f"attributes.{name}")
    return value


def _write_token(key: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({"after": key}).encode()).decode()


def _read_token(token: str) -> str:
    try:
        return str(json.loads(base64.urlsafe_b64decode(token))["after"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise refusals.bad_parameter("The $skiptoken is invalid.") from error
