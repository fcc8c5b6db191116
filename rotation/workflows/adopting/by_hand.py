"""Find the secret that a person made by hand, and its value in the vault; prove that the one is the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from rotation.domain.credential import Application, Credential
from rotation.domain.errors import Refused
from rotation.domain.identifiers import KeyId, SecretVersion
from rotation.domain.line import Line
from rotation.domain.policy import Configuration, Proof
from rotation.domain.secret import SecretText
from rotation.ledger.application import ApplicationRecord
from rotation.ports.sign_in import Accepted, NotAccepted, Unprovable
from rotation.ports.vault import VersionProperties
from rotation.workflows import tags
from rotation.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """The text as a person put it into the line's vault secret; it signs in, or nobody can prove that."""

    version: SecretVersion
    put_at: datetime
    unprovable: int | None = None


def meant(
    application: Application, record: ApplicationRecord, line: Line, *, key_id: KeyId | None, now: datetime
) -> Credential:
    """
    Find the secret that a person means; where they name none, the only one that can have been made meanwhile.

    Raises:
        Refused: `not-listed`, `not-adoptable`, `ambiguous`.
    """
    if key_id is None:
        return _only_one(application, record, line, now=now)
    credential = application.secret(key_id)
    if credential is None:
        raise _not_listed(line, f"the directory does not list key id {key_id}")
    if line.current != key_id and (why := _not_adoptable(credential, record, now)):
        remedy = f"rotation show {application.object_id} tells whose each secret is"
        raise Refused(f"key id {key_id} {why}", reason="not-adoptable", remedy=remedy, key_id=key_id)
    return credential


def _not_adoptable(credential: Credential, record: ApplicationRecord, now: datetime) -> str:
    if (owner := record.line_of(credential.key_id)) is not None:
        return f"is held by line {owner.name} already"
    if credential.marker is not None:
        return "bears a marker: a rotation made it, and no person"
    return f"ended on {credential.end_at:%Y-%m-%d}" if credential.ended(now) else ""


def _only_one(application: Application, record: ApplicationRecord, line: Line, *, now: datetime) -> Credential:
    """Find the one secret that somebody can have made since the line was enrolled."""
    since = line.enrolment.at
    free = [
        secret
        for secret in application.secrets
        if not _not_adoptable(secret, record, now) and (secret.start_at is None or secret.start_at >= since)
    ]
    if len(free) > 1:
        ids = [secret.key_id for secret in free]
        why = f"{len(free)} secrets may be meant: {', '.join(ids)}"
        raise Refused(why, reason="ambiguous", remedy="name the one that you made: --key-id", key_ids=ids)
    if free:
        return free[0]
    current = application.secret(line.current) if line.current else None
    if current is not None and current.marker is None and line.enrolment.at <= (current.start_at or since):
        return current
    raise _not_listed(line, f"the directory lists no secret that somebody made since {since:%Y-%m-%d %H:%M} UTC")


def _not_listed(line: Line, why: str) -> Refused:
    remedy = f"its list may be seconds behind: try again; az ad app credential list --id {line.client_id}"
    return Refused(why, reason="not-listed", remedy=remedy, line=str(line.id))


async def value_of(services: Services, line: Line, credential: Credential) -> Value | None:
    """
    Read what a person put into the vault as the latest version, and prove that it is this secret.

    Raises:
        Refused: `not-this-secret`, `secret-refused`, `unprovable`.
    """
    vault, name = services.vaults.at(line.enrolment.vault_url), line.enrolment.secret_name
    version = _by_hand(line, await vault.versions(name))
    if version is None:
        return None
    text = await vault.read(name, version.version)
    _must_be(credential, text, version)
    match await services.sign_in.prove(line.client_id, text):
        case Accepted():
            return Value(version=version.version, put_at=version.created_at)
        case NotAccepted(code=code):
            why = f"AADSTS{code}: the latest version of {name} does not sign in"
            raise _other_text(
                why, reason="secret-refused", version=version, remedy="a new secret takes minutes at times: try again;"
            )
        case Unprovable(code=code):
            if _proof(await services.configurations.current(), line) is Proof.REQUIRED:
                why = f"AADSTS{code}: no proof can be had for this application"
                raise _other_text(
                    why, reason="unprovable", version=version, remedy="say proof: best-effort in its policy;"
                )
            return Value(version=version.version, put_at=version.created_at, unprovable=code)
        case _ as never:
            assert_never(never)


def _proof(configuration: Configuration, line: Line) -> Proof:
    policy = configuration.policy(line.enrolment.policy)
    entry = policy.entry(line.id.name, line.id.application) if policy else None
    return entry.terms.proof if entry else Proof.REQUIRED


def _by_hand(line: Line, versions: Sequence[VersionProperties]) -> VersionProperties | None:
    """Give the latest version, where it is none of ours and none that was known before."""
    known = {line.version, line.enrolment.adopted_version}
    fresh = [
        version
        for version in tags.latest(versions)
        if version.enabled and not tags.is_lines(version, line.id) and version.version not in known
    ]
    return fresh[-1] if fresh else None


def _must_be(credential: Credential, text: SecretText, version: VersionProperties) -> None:
    """A sign-in tells that it is a secret of the application; which one, only its first characters tell."""
    if text.looks_like_an_id:
        raise _other_text("the vault holds a Secret ID and not the Value", reason="not-this-secret", version=version)
    if credential.hint and not text.begins_with(credential.hint):
        why = f"the latest version in the vault is another secret than key id {credential.key_id}"
        raise _other_text(why, reason="not-this-secret", version=version)


def _other_text(why: str, *, reason: str, version: VersionProperties, remedy: str = "") -> Refused:
    ways = f"{remedy} put the right value there as a new version, or say --date-only".strip()
    return Refused(why, reason=reason, remedy=ways, version=version.version)
