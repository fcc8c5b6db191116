"""What the fake directory knows of one application: its whole past, so that a read can be told any of it."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rotation.domain.credential import Application, Credential
from rotation.domain.identifiers import ClientId, KeyId, ObjectId
from rotation.domain.secret import SecretText
from rotation.ports.directory import CredentialRules, Owner


@dataclass(slots=True, kw_only=True)
class Text:
    """One secret's text and the times between which the directory held it."""

    key_id: KeyId
    text: SecretText = field(repr=False)
    start_at: datetime
    end_at: datetime
    added_at: datetime
    removed_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Record:
    """One application, past and present."""

    past: list[tuple[datetime, Application]]
    texts: list[Text] = field(default_factory=list)
    owners: tuple[Owner, ...] = ()
    roles: tuple[str, ...] = ()
    rules: CredentialRules = field(default_factory=CredentialRules)
    service_principal: bool = True
    deleted: bool = False
    writing: bool = False
    remove_ignored: int = 0
    """So many removals will answer well and do nothing (platform.md A3: not replicated yet)."""

    @property
    def now(self) -> Application:
        """The application as it is."""
        return self.past[-1][1]

    def change(self, at: datetime, application: Application) -> None:
        """Let it be *application* from *at* on."""
        self.past.append((at, application))

    def seen(self, at: datetime) -> Application:
        """Give the application as it was at an instant; its first state where that is earlier."""
        return next((state for since, state in reversed(self.past) if since <= at), self.past[0][1])

    def add_secret(self, at: datetime, credential: Credential, text: SecretText) -> None:
        """Hold one secret more."""
        self.change(at, replace(self.now, secrets=(*self.now.secrets, credential)))
        self.texts.append(
            Text(
                key_id=credential.key_id,
                text=text,
                start_at=credential.start_at or at,
                end_at=credential.end_at,
                added_at=at,
            )
        )

    def drop_secret(self, at: datetime, key_id: KeyId, *, seen_after: timedelta = timedelta(0)) -> bool:
        """Hold one secret less: texts at once, what reads tell after a while. False where there is none."""
        if not self.now.holds(key_id):
            return False
        left = tuple(secret for secret in self.now.secrets if secret.key_id != key_id)
        self.change(at + seen_after, replace(self.now, secrets=left))
        for text in self.texts:
            if text.key_id == key_id and text.removed_at is None:
                text.removed_at = at
        return True


def record(
    application: Application,
    at: datetime,
    *,
    texts: Mapping[KeyId, str],
    owners: Iterable[Owner],
    roles: Iterable[str],
) -> Record:
    """Begin an application; secrets without a given text get one of their own."""
    kept = [
        Text(
            key_id=secret.key_id,
            text=SecretText(texts.get(secret.key_id, f"old~Canary.{secret.key_id}")),
            start_at=secret.start_at or at,
            end_at=secret.end_at,
            added_at=at - timedelta(days=1),
        )
        for secret in application.secrets
    ]
    return Record(past=[(at, application)], texts=kept, owners=tuple(owners), roles=tuple(roles))


def make_application(
    number: int, *secrets: Credential, name: str | None = None, audience: str = "AzureADMyOrg"
) -> Application:
    """Make an application whose ids can be told from its number."""
    return Application(
        object_id=ObjectId(str(uuid.UUID(int=(0xA << 124) + number))),
        client_id=ClientId(str(uuid.UUID(int=(0xC << 124) + number))),
        display_name=name or f"Application {number}",
        secrets=secrets,
        audience=audience,
    )


def make_key_id(number: int) -> KeyId:
    """Make a key id that can be told from its number."""
    return KeyId(str(uuid.UUID(int=(0xE << 124) + number)))
