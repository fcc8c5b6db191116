"""addPassword and removePassword: the only ways a client secret comes and goes (platform.md A3)."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.entra import dates
from sandbox.entra.answers import GraphError
from sandbox.entra.directory import Directory
from sandbox.entra.documents import secret_text
from sandbox.entra.objects import Document, Entry
from sandbox.entra.truth import Minted

_PERSONAL = frozenset({"AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"})


class Passwords:
    """Mint and remove client secrets of applications, and keep the ground truth of it."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def add(self, entry: Entry, wanted: Mapping[str, Any], *, by: str) -> Document:
        """Mint a secret and give the passwordCredential with its text; GraphError 400/403/409/500 as Graph."""
        start_text, end_text = self._lifetime(wanted)
        start, end = dates.parse(start_text), dates.parse(end_text)
        self._check(entry, start=start, end=end)
        text = secret_text()
        credential = {
            "customKeyIdentifier": None,
            "displayName": wanted.get("displayName"),
            "endDateTime": end_text,
            "hint": text[:3],
            "keyId": str(uuid.uuid4()),
            "secretText": None,
            "startDateTime": start_text,
        }
        held = [*entry.current["passwordCredentials"], credential]
        self._directory.write(entry, {**entry.current, "passwordCredentials": held}, by=by, what="addPassword")
        self.record(entry, credential, text=text, by=by)
        return {**credential, "secretText": text}

    def record(self, entry: Entry, credential: Mapping[str, Any], *, text: str | None, by: str) -> Minted:
        """Enter a credential into the ground truth."""
        minted = Minted(
            key_id=credential["keyId"],
            app_id=entry.current["appId"],
            object_id=entry.id,
            display_name=credential.get("displayName"),
            start=dates.parse(credential.get("startDateTime") or "2020-01-01T00:00:00Z"),
            end=dates.parse(credential.get("endDateTime") or "2299-12-31T00:00:00Z"),
            minted_by=by,
            minted_at=self._directory.clock.now(),
            text=text,
        )
        self._directory.truth.add(minted)
        return minted

    def remove(self, entry: Entry, seen: Document, key_id: str, *, by: str) -> None:
        """Remove a secret; 400 when it is gone, or when this replica does not know it yet."""
        held = entry.current["passwordCredentials"]
        gone = [c for c in held if c["keyId"].lower() == key_id.lower()]
        known = any(c["keyId"].lower() == key_id.lower() for c in seen["passwordCredentials"])
        if not gone or not known:
            raise GraphError(400, "Request_BadRequest", f"No password credential found with keyId {key_id}.")
        left = [c for c in held if c not in gone]
        self._directory.write(entry, {**entry.current, "passwordCredentials": left}, by=by, what="removePassword")
        known_truth = self._directory.truth.minted.get(gone[0]["keyId"])
        minted = known_truth or self.record(entry, gone[0], text=None, by="before the sandbox")
        minted.removed_by, minted.removed_at = by, self._directory.clock.now()

    def _lifetime(self, wanted: Mapping[str, Any]) -> tuple[str, str]:
        now = self._directory.clock.now()
        try:
            given = wanted.get("startDateTime")
            start = dates.normal(given) if given else dates.wire(now)
            end = wanted.get("endDateTime")
            return start, dates.normal(end) if end else dates.wire(_two_years_after(dates.parse(start)))
        except (ValueError, TypeError) as error:
            raise GraphError(400, "Request_BadRequest", f"Invalid date and time: {error}") from error

    def _check(self, entry: Entry, *, start: datetime, end: datetime) -> None:
        application = entry.current
        if end <= start:
            raise GraphError(400, "Request_BadRequest", "Invalid value specified for property 'endDateTime'.")
        self._directory.policies.check_password(application, policies=entry.policies, start=start, end=end)
        count = len(application["passwordCredentials"])
        if application.get("signInAudience") in _PERSONAL and count >= 2:
            raise GraphError(400, "Request_BadRequest", "You can only add a maximum of 2 encrypted credentials.")
        if count + len(application["keyCredentials"]) >= self._directory.behaviour.credential_limit:
            raise GraphError(
                403,
                "Directory_ResourceSizeExceeded",
                "The size of the object has exceeded its limit. "
                "Please reduce the number of values and retry your request.",
            )


def _two_years_after(start: datetime) -> datetime:
    try:
        return start.replace(year=start.year + 2)
    except ValueError:
        return start.replace(year=start.year + 2, day=28)
