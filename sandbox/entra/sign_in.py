"""Who may have a token: secrets as each sign-in replica knows them, assertions, and refusals told per application."""

import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.entra.assertions import check_assertion
from sandbox.entra.audiences import Audiences
from sandbox.entra.directory import Directory
from sandbox.entra.objects import Entry
from sandbox.entra.refusals import Refusal
from sandbox.entra.tokens import Tokens
from sandbox.entra.truth import Minted, SignIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a sign-in comes from: the address, and a label that a test may send along."""

    address: str
    label: str = ""


@dataclass(slots=True)
class SignInDesk:
    """Check credentials and issue tokens; note every try in the ground truth."""

    directory: Directory
    tokens: Tokens
    audiences: Audiences
    refusals: dict[str, int] = field(default_factory=dict)
    """Per appId: the AADSTS number that answers a right credential (53003, 501051 ...)."""

    def by_secret(self, app_id: str, secret: str, *, scope: str, source: Source) -> str:
        """Give a token, or raise the refusal."""
        return self._noted(app_id, scope=scope, source=source, secret=secret, assertion=None)

    def by_assertion(self, app_id: str, assertion: str, *, scope: str, source: Source) -> str:
        return self._noted(app_id, scope=scope, source=source, secret=None, assertion=assertion)

    def _noted(self, app_id: str, *, scope: str, source: Source, secret: str | None, assertion: str | None) -> str:
        key_id, audience, error = None, scope, 0
        try:
            audience = self.audiences.of_scope(scope)
            application, principal = self._parties(app_id)
            if secret is not None:
                key_id = self._match(app_id, secret)
            else:
                key_id = check_assertion(application, assertion or "", tokens=self.tokens, now=self._now())
            self._allowed(app_id, application, principal)
            return self._token(app_id, principal.id, audience)
        except Refusal as refusal:
            error = refusal.number
            raise
        finally:
            self.note(app_id, key_id=key_id, resource=audience, source=source, error=error)

    def for_person(self, app_id: str, secret: str, *, source: Source) -> None:
        """Check the secret that comes with a person's authorization code: a use with a user in it."""
        key_id, error = None, 0
        try:
            key_id = self._match(app_id, secret)
        except Refusal as refusal:
            error = refusal.number
            raise
        finally:
            self.note(app_id, key_id=key_id, resource=app_id, source=source, error=error, with_user=True)

    def for_identity(self, app_id: str, resource: str) -> str:
        """Give the token of a managed identity: no credential is asked for."""
        principal = self.directory.principals.find_by_app_id(app_id)
        if principal is None:
            raise Refusal(700016, app=app_id)
        return self._token(app_id, principal.id, self.audiences.of_resource(resource))

    def _token(self, app_id: str, object_id: str, audience: str) -> str:
        roles = self.directory.roles_of(object_id)
        return self.tokens.issue(app_id=app_id, object_id=object_id, audience=audience, roles=roles)

    def _now(self) -> datetime:
        return self.directory.clock.now()

    def _parties(self, app_id: str) -> tuple[Entry, Entry]:
        application = self.directory.applications.find_by_app_id(app_id)
        if application is None:
            raise Refusal(700016, app=app_id)
        principal = self.directory.principals.find_by_app_id(app_id)
        if principal is None:
            raise Refusal(7000229, app=app_id, tenant=self.directory.tenant_id)
        return application, principal

    def _allowed(self, app_id: str, application: Entry, principal: Entry) -> None:
        disabled = application.current.get("isDisabled") or not principal.current.get("accountEnabled", True)
        if disabled or application.current.get("disabledByMicrosoftStatus"):
            raise Refusal(7000112, app=app_id, name=str(application.current.get("displayName")))
        if number := self.refusals.get(app_id):
            raise Refusal(number, app=app_id, name=str(application.current.get("displayName")))

    def _match(self, app_id: str, secret: str) -> str:
        """Give the key id of a secret that one replica, drawn by lot, knows and takes."""
        now, replica = self._now(), self.directory.behaviour.any_sign_in_replica()
        known = [m for m in self.directory.truth.of(app_id) if self._knows(m, replica, now) and _same(m, secret)]
        for minted in known:
            if minted.start <= now < minted.end:
                return minted.key_id
        raise Refusal(7000222 if any(m.end <= now for m in known) else 7000215, app=app_id)

    def _knows(self, minted: Minted, replica: int, now: datetime) -> bool:
        behaviour = self.directory.behaviour
        if timedelta() <= now - minted.minted_at < timedelta(seconds=behaviour.sign_in_delay(replica)):
            return False
        if minted.removed_at is None:
            return True
        return timedelta() <= now - minted.removed_at < timedelta(seconds=behaviour.removal_delay(replica))

    def note(
        self, app_id: str, *, key_id: str | None, resource: str, source: Source, error: int, with_user: bool = False
    ) -> None:
        self.directory.truth.add_sign_in(
            SignIn(
                app_id=app_id,
                key_id=key_id,
                at=self._now(),
                address=source.address,
                source=source.label,
                resource=resource,
                error=error,
                request_id=str(uuid.uuid4()),
                with_user=with_user,
            )
        )


def _same(minted: Minted, secret: str) -> bool:
    return minted.text is not None and hmac.compare_digest(minted.text.encode(), secret.encode())


def source_of(headers: Mapping[str, str], address: str) -> Source:
    """Take the label from x-sandbox-source and the address from x-forwarded-for, if a caller sends them."""
    return Source(address=headers.get("x-forwarded-for", address), label=headers.get("x-sandbox-source", ""))
