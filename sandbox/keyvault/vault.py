"""`Vault`: the ground truth of one key vault, and what each operation does to it."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sandbox.entra.tokens import Caller
from sandbox.keyvault import refusals
from sandbox.keyvault.gate import Gate, Quota
from sandbox.keyvault.records import Draft, Event, Secret, Version
from sandbox.shared import SandboxClock


class Vault:
    """
    Hold secrets as Key Vault does: versions, soft delete, recovery, purge.

    Names are compared without regard to case. `gate` has the switches (firewall, quota, roles, policy);
    `transition_lag` is how long a deletion or a recovery takes to show.
    """

    def __init__(self, *, name: str, clock: SandboxClock) -> None:
        self.name = name
        self.clock = clock
        self.gate = Gate(vault=name)
        self.purge_protection = False
        self.transition_lag = timedelta()
        self.journal: list[Event] = []
        self._secrets: dict[str, Secret] = {}
        self._texts: dict[str, None] = {}

    def allow(self, identity: str, operations: Iterable[str]) -> None:
        """Let an object id or app id do these operations and no others."""
        self.gate.allow(identity, operations)

    def behave(self, settings: Mapping[str, Any]) -> None:
        """
        Set switches by name, from JSON; ValueError for an unknown one.

        firewall, purge_protection, closed: bool; refuse_sets: text or null; transition_lag_seconds: number;
        quota: {"creates", "others", "window_seconds", "retry_after"} or null for Azure's own;
        allow: {object or app id: [operations]}.
        """
        for setting, value in settings.items():
            match setting:
                case "firewall" | "closed" | "refuse_sets":
                    setattr(self.gate, setting, value)
                case "purge_protection":
                    self.purge_protection = bool(value)
                case "transition_lag_seconds":
                    self.transition_lag = timedelta(seconds=value)
                case "quota":
                    self.gate.quota = _quota(value or {})
                case "allow":
                    for identity, operations in value.items():
                        self.allow(identity, operations)
                case _:
                    raise ValueError(f"unknown vault setting {setting!r}")

    def canaries(self) -> tuple[str, ...]:
        """Give every text that was ever set, purged ones too: what a leak search looks for."""
        return tuple(self._texts)

    def truth(self) -> dict[str, Any]:
        """Describe everything but the texts, as JSON."""
        events = [asdict(event) | {"at": event.at.isoformat()} for event in list(self.journal)]
        return {
            "name": self.name,
            "secrets": [secret.truth() for secret in list(self._secrets.values())],
            "journal": events,
        }

    def record(self, event: Event) -> None:
        self.journal.append(event)

    def put(self, name: str, draft: Draft, *, by: Caller) -> tuple[Secret, Version]:
        """Add a version; content type, tags and instants are not inherited from the one before."""
        secret = self._find(name)
        now = self.clock.now()
        if secret is not None and secret.deleted_at is not None:
            settling = secret.settling(now)
            raise refusals.in_transition(name, "Deleted") if settling else refusals.deleted_but_recoverable(name)
        if secret is not None and secret.settling(now):
            raise refusals.in_transition(name, "Recovered")
        if secret is None:
            secret = self._secrets[name.lower()] = Secret(name=name)
        version = _first(draft, at=int(now.timestamp()), by=by)
        secret.versions[version.id] = version
        self._texts[version.text] = None
        return secret, version

    def seed(self, name: str, text: str, *, tags: Mapping[str, str] | None = None) -> Version:
        """Put a secret as the tenant's own people would have, without a request."""
        people = Caller(app_id="seed", object_id="seed", tenant_id="seed", audience="", roles=frozenset(), claims={})
        return self.put(name, Draft(text=text, tags=tags), by=people)[1]

    def get(self, name: str, version: str | None) -> tuple[Secret, Version]:
        """Give a version or the latest; 403 when it is disabled. nbf and exp only inform (platform.md C3)."""
        secret, found = self.look(name, version)
        if not found.enabled:
            raise refusals.disabled()
        return secret, found

    def look(self, name: str, version: str | None) -> tuple[Secret, Version]:
        secret = self.live(name)
        if version is None:
            return secret, secret.latest
        found = secret.versions.get(version.lower())
        if found is None:
            raise refusals.not_found(f"{name}/{version}")
        return secret, found

    def update(self, name: str, version: str | None, draft: Draft) -> tuple[Secret, Version]:
        """Change what the draft says and keep the rest; the tags are replaced as a whole."""
        secret, before = self.look(name, version)
        said = draft.attributes
        after = replace(
            before,
            content_type=before.content_type if draft.content_type is None else draft.content_type,
            tags=before.tags if draft.tags is None else draft.tags,
            enabled=before.enabled if said.enabled is None else said.enabled,
            not_before=before.not_before if said.not_before is None else said.not_before,
            expires=before.expires if said.expires is None else said.expires,
            updated=int(self.clock.now().timestamp()),
        )
        secret.versions[after.id] = after
        return secret, after

    def delete(self, name: str) -> Secret:
        secret = self.live(name)
        secret.deleted_at = self.clock.now()
        secret.settles_at = secret.deleted_at + self.transition_lag
        return secret

    def recover(self, name: str) -> Secret:
        secret = self.deleted(name)
        secret.deleted_at = None
        secret.settles_at = self.clock.now() + self.transition_lag
        return secret

    def purge(self, name: str) -> None:
        secret = self.deleted(name)
        if self.purge_protection:
            raise refusals.purge_protected(self.name)
        del self._secrets[secret.name.lower()]

    def live(self, name: str) -> Secret:
        """Give a secret that is not deleted and whose recovery has settled, or raise 404."""
        secret = self._find(name)
        if secret is None or not self._shows(secret, deleted=False):
            raise refusals.not_found(name)
        return secret

    def deleted(self, name: str) -> Secret:
        secret = self._find(name)
        if secret is None or not self._shows(secret, deleted=True):
            raise refusals.deleted_not_found(name)
        return secret

    def listed(self, *, deleted: bool = False) -> dict[str, Secret]:
        """Give all secrets of one kind by name, in the order of their names."""
        found = (self._find(key) for key in sorted(self._secrets))
        return {s.name: s for s in found if s is not None and self._shows(s, deleted=deleted)}

    def _shows(self, secret: Secret, *, deleted: bool) -> bool:
        return (secret.deleted_at is not None) == deleted and not secret.settling(self.clock.now())

    def _find(self, name: str) -> Secret | None:
        secret = self._secrets.get(name.lower())
        if secret is None or not _lapsed(secret, self.clock.now()):
            return secret
        del self._secrets[name.lower()]
        return None


def _lapsed(secret: Secret, now: datetime) -> bool:
    return secret.purged_at is not None and secret.purged_at <= now


def _first(draft: Draft, *, at: int, by: Caller) -> Version:
    if draft.text is None:
        raise refusals.invalid_property("value")
    return Version(
        id=uuid.uuid4().hex,
        text=draft.text,
        content_type=draft.content_type,
        tags=draft.tags,
        enabled=draft.attributes.enabled is not False,
        not_before=draft.attributes.not_before,
        expires=draft.attributes.expires,
        created=at,
        updated=at,
        written_by=by.app_id,
    )


def _quota(settings: Mapping[str, Any]) -> Quota:
    fields = dict(settings)
    if "window_seconds" in fields:
        fields["window"] = timedelta(seconds=fields.pop("window_seconds"))
    try:
        return Quota(**fields)
    except TypeError as error:
        raise ValueError(f"unknown quota field: {error}") from error
