"""Two tenants for the directory's promises: one in memory, one in the sandbox, with the same hands."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from rotation.domain.credential import Application, Credential
from rotation.domain.identifiers import ClientId, KeyId, ObjectId
from rotation.domain.secret import SecretText
from rotation.ports.directory import CredentialRules, Owner, PassItem
from sandbox.cloud import Cloud
from sandbox.entra.rights import ROLE_IDS
from tests.fakes.clock import MovableClock
from tests.fakes.directory import MemoryDirectory
from tests.fakes.directory_state import make_application, make_key_id
from tests.fakes.mishaps import Mishap

END = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
PERSONAL = "AzureADandPersonalMicrosoftAccount"
SAML_PRINT = "c2FtbA=="


class World(Protocol):
    """What others do in the tenant."""

    def now(self) -> datetime: ...

    def make(self, name: str, *, audience: str = ..., tags: Sequence[str] = ...) -> Application:
        """An application that our app may write to."""
        ...

    def add_secret(self, application: Application, name: str) -> Credential: ...

    def texts(self, application: Application) -> list[SecretText]:
        """Every text that the application holds, as the directory itself knows."""
        ...

    def own(self, application: Application, name: str) -> str:
        """Make a person an owner; gives the mail address."""
        ...

    def grant(self, application: Application, role: str) -> None: ...

    def delete(self, application: Application) -> None: ...

    def forbid(self, application: Application, *, longest: timedelta | None) -> None:
        """By policy: longer lifetimes than *longest*, or any addition."""
        ...

    def certify(self, application: Application, key_id: KeyId) -> None: ...

    def principal_with_saml(self, application: Application) -> tuple[KeyId, KeyId]:
        """Let its service principal bear a SAML certificate and a client secret of its own; their key ids."""
        ...

    def lose(self, act: str, *, done: bool) -> None:
        """Lose the answer of the next `mint` or `remove`."""
        ...

    def answer_slowly(self, act: str) -> None:
        """Refuse the next `mint` or `remove` with "too many requests"."""
        ...

    def allow_writes(self, count: int) -> None:
        """Take so many writes from now on, and refuse what comes above."""
        ...


class MemoryWorld:
    """A fake tenant."""

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.directory = MemoryDirectory(self.clock)
        self._number = 0

    def now(self) -> datetime:
        return self.clock.now()

    def make(self, name: str, *, audience: str = "AzureADMyOrg", tags: Sequence[str] = ()) -> Application:
        self._number += 1
        application = replace(make_application(self._number, name=name, audience=audience), tags=tuple(tags))
        self.directory.add(application)
        return application

    def add_secret(self, application: Application, name: str) -> Credential:
        return self.directory.add_secret(application.object_id, end_at=END, display_name=name).credential

    def texts(self, application: Application) -> list[SecretText]:
        held = self.directory.record(application.object_id).texts
        return [text.text for text in held if text.removed_at is None]

    def own(self, application: Application, name: str) -> str:
        mail = f"{name.lower()}@example.com"
        record = self.directory.record(application.object_id)
        record.owners = (*record.owners, Owner(object_id=name, display_name=name, mail=mail, kind="user"))
        return mail

    def grant(self, application: Application, role: str) -> None:
        self.directory.record(application.object_id).roles += (role,)

    def delete(self, application: Application) -> None:
        self.directory.delete(application.object_id)

    def forbid(self, application: Application, *, longest: timedelta | None) -> None:
        rules = CredentialRules(addition_forbidden=longest is None, longest=longest)
        self.directory.record(application.object_id).rules = rules

    def certify(self, application: Application, key_id: KeyId) -> None:
        self.directory.certificate_items.append(_item(application, "certificate", key_id))

    def principal_with_saml(self, application: Application) -> tuple[KeyId, KeyId]:
        saml, plain = make_key_id(901), make_key_id(902)
        self.directory.service_principal_items += [
            _item(application, "saml-certificate", saml),
            _item(application, "service-principal-secret", plain),
        ]
        return saml, plain

    def lose(self, act: str, *, done: bool) -> None:
        self.directory.mishaps.plan(act, Mishap.LOST_AFTER if done else Mishap.LOST_BEFORE)

    def answer_slowly(self, act: str) -> None:
        self.directory.mishaps.plan(act, Mishap.THROTTLED)

    def allow_writes(self, count: int) -> None:
        self.directory.write_quota = (count, timedelta(seconds=150))


class CloudWorld:
    """The sandbox's tenant; our app owns what is made here."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._us = cloud.entra.principal_of(cloud.app[0]).id

    def now(self) -> datetime:
        return self.cloud.clock.now()

    def make(self, name: str, *, audience: str = "AzureADMyOrg", tags: Sequence[str] = ()) -> Application:
        document = {"displayName": name, "signInAudience": audience, "tags": list(tags)}
        made = self.cloud.entra.add_application(document, owners=[self._us]).current
        return Application(
            object_id=ObjectId(made["id"]),
            client_id=ClientId(made["appId"]),
            display_name=name,
            audience=audience,
            tags=tuple(tags),
        )

    def add_secret(self, application: Application, name: str) -> Credential:
        made = self.cloud.entra.add_secret(application.client_id, display_name=name, end=END)
        return Credential(key_id=KeyId(made["keyId"]), end_at=END, display_name=name, hint=made["hint"])

    def texts(self, application: Application) -> list[SecretText]:
        held = self.cloud.entra.minted(application.client_id)
        return [SecretText(one.text) for one in held if one.removed_by is None and one.text]

    def own(self, application: Application, name: str) -> str:
        user = self.cloud.entra.add_user(name)
        self.cloud.entra.application(application.client_id).owners.append(user.id)
        return str(user.current["mail"])

    def grant(self, application: Application, role: str) -> None:
        principal = self.cloud.entra.principal_of(application.client_id)
        self.cloud.entra.directory.assign(principal.id, [ROLE_IDS[role]])

    def delete(self, application: Application) -> None:
        directory = self.cloud.entra.directory
        with directory.lock:
            directory.delete_application(self.cloud.entra.application(application.client_id), by="somebody")

    def forbid(self, application: Application, *, longest: timedelta | None) -> None:
        kind: dict[str, Any] = {"restrictionType": "passwordAddition", "state": "enabled"}
        if longest is not None:
            kind = {"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": f"P{longest.days}D"}
        name = uuid.uuid4().hex
        self.cloud.entra.directory.policies.assigned[name] = {
            "id": name,
            "displayName": name,
            "isEnabled": True,
            "restrictions": {"passwordCredentials": [kind], "keyCredentials": []},
        }
        self.cloud.entra.application(application.client_id).policies.append(name)

    def certify(self, application: Application, key_id: KeyId) -> None:
        entry = self.cloud.entra.application(application.client_id)
        document = {**entry.current, "keyCredentials": [_key(key_id, "Verify", None)]}
        self.cloud.entra.directory.write(entry, document, by="somebody", what="certificate")

    def principal_with_saml(self, application: Application) -> tuple[KeyId, KeyId]:
        saml, plain = KeyId(str(uuid.uuid4())), KeyId(str(uuid.uuid4()))
        entry = self.cloud.entra.principal_of(application.client_id)
        keys = [_key(saml, "Sign", SAML_PRINT), _key(KeyId(str(uuid.uuid4())), "Verify", SAML_PRINT)]
        secrets = [_key(saml, None, SAML_PRINT), _key(plain, None, None)]
        document = {**entry.current, "keyCredentials": keys, "passwordCredentials": secrets}
        self.cloud.entra.directory.write(entry, document, by="somebody", what="saml")
        return saml, plain

    def lose(self, act: str, *, done: bool) -> None:
        self._fault(act, action="drop-after" if done else "drop-before")

    def answer_slowly(self, act: str) -> None:
        self._fault(act, action="throttle", retry_after=7)

    def allow_writes(self, count: int) -> None:
        self.cloud.entra.behaviour.update({"write_quota": {"limit": count, "window_seconds": 150}})

    def _fault(self, act: str, **rule: Any) -> None:
        path = {"mint": "addPassword", "remove": "removePassword"}[act]
        self.cloud.faults.add({"part": "graph", "match": {"method": "POST", "path": path}, **rule})


def _item(application: Application, kind: str, key_id: KeyId) -> PassItem:
    return PassItem(
        object_id=application.object_id,
        client_id=application.client_id,
        display_name=application.display_name,
        kind=kind,
        credentials=(Credential(key_id=key_id, end_at=END),),
    )


def _key(key_id: KeyId, usage: str | None, custom: str | None) -> dict[str, Any]:
    common = {"keyId": key_id, "displayName": "x", "customKeyIdentifier": custom, "startDateTime": None}
    ends = {"endDateTime": "2027-01-02T03:04:05Z"}
    return {**common, **ends, **({"usage": usage, "type": "AsymmetricX509Cert", "key": None} if usage else {})}
