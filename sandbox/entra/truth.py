"""Ground truth: every credential ever minted or removed, every sign-in, every mail. Tests judge by it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True, kw_only=True)
class Minted:
    """One client secret: who made it when, who removed it when. `text` is None if nobody told the sandbox."""

    key_id: str
    app_id: str
    object_id: str
    display_name: str | None
    start: datetime
    end: datetime
    minted_by: str
    minted_at: datetime
    text: str | None = field(default=None, repr=False)
    removed_by: str | None = None
    removed_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """Everything but the text."""
        return {
            "keyId": self.key_id,
            "appId": self.app_id,
            "applicationId": self.object_id,
            "displayName": self.display_name,
            "startDateTime": self.start.isoformat(),
            "endDateTime": self.end.isoformat(),
            "mintedBy": self.minted_by,
            "mintedAt": self.minted_at.isoformat(),
            "removedBy": self.removed_by,
            "removedAt": self.removed_at.isoformat() if self.removed_at else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One try at the token endpoint; `error` is the AADSTS number, 0 for success."""

    app_id: str
    key_id: str | None
    at: datetime
    address: str
    source: str
    resource: str
    error: int
    request_id: str
    with_user: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "appId": self.app_id,
            "keyId": self.key_id,
            "at": self.at.isoformat(),
            "address": self.address,
            "source": self.source,
            "resource": self.resource,
            "error": self.error,
            "withUser": self.with_user,
            "requestId": self.request_id,
        }


@dataclass(slots=True)
class Truth:
    """The books that nothing can falsify, because they are kept where things happen."""

    minted: dict[str, Minted] = field(default_factory=dict)
    by_application: dict[str, list[Minted]] = field(default_factory=dict)
    sign_ins: list[SignIn] = field(default_factory=list)
    by_key: dict[str, list[SignIn]] = field(default_factory=dict)
    mails: list[dict[str, Any]] = field(default_factory=list)
    writes: list[dict[str, Any]] = field(default_factory=list)

    def add(self, credential: Minted) -> None:
        self.minted[credential.key_id] = credential
        self.by_application.setdefault(credential.app_id, []).append(credential)

    def add_sign_in(self, sign_in: SignIn) -> None:
        self.sign_ins.append(sign_in)
        if sign_in.error == 0 and sign_in.key_id is not None:
            self.by_key.setdefault(sign_in.key_id, []).append(sign_in)

    def canaries(self) -> list[str]:
        """All secret texts ever minted: none of them may turn up in a log, a table, an answer."""
        return [c.text for c in self.minted.values() if c.text is not None]

    def of(self, app_id: str) -> list[Minted]:
        return list(self.by_application.get(app_id, ()))

    def as_json(self) -> dict[str, Any]:
        return {
            "credentials": [c.as_json() for c in self.minted.values()],
            "signIns": [s.as_json() for s in self.sign_ins],
            "mails": self.mails,
            "writes": self.writes,
        }
