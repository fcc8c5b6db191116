"""Judge one run by what the sandbox saw: each promise with the cases that broke it; none is good."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rotation.domain.credential import Marker
from sandbox.chaos import ledger
from sandbox.chaos.characters import Character, Trouble
from sandbox.chaos.duplicates import duplicates
from sandbox.chaos.ledger import Ledger
from sandbox.chaos.scene import Scene
from sandbox.demo.leaks import leaks
from sandbox.entra.truth import Minted
from sandbox.running.books import Piece

CAUSES: Mapping[str, Trouble] = {"vault-name-taken": Trouble.NAME_TAKEN, "unprovable": Trouble.UNPROVABLE}
"""Reasons for which a rotation may stand Blocked at the end, and what was planted for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is judged: the ledger, the credentials, the characters by object id."""

    scene: Scene
    now: Ledger
    at: datetime
    credentials: Sequence[Minted]

    @property
    def ours(self) -> str:
        return self.scene.cloud.app[0]

    def character(self, application: str) -> Character | None:
        return next((each for each in self.scene.characters if each.object_id == application), None)

    def listed(self) -> list[Minted]:
        """Give our credentials that Graph lists and that have not ended."""
        return [each for each in self.credentials if each.minted_by == self.ours and each.removed_at is None]

    def named(self, credential: Minted) -> bool:
        """Tell whether the ledger names it as this program's own, adopted by its rotation."""
        marker = Marker.read(credential.display_name)
        rotation = self.now.rotations.get(marker.ulid) if marker else None
        line = self.now.lines.get(credential.object_id)
        held = [key["key_id"] for key in line["keys"]] if line else []
        return credential.key_id in held or (rotation is not None and credential.key_id in rotation["adopted"])


def judge(scene: Scene) -> dict[str, list[str]]:
    """Give the eight promises of the report, each with what broke it."""
    with scene.cloud.entra.directory.lock:
        credentials = list(scene.cloud.entra.truth.minted.values())
    trial = Trial(scene=scene, now=ledger.read(scene.books), at=scene.cloud.clock.now(), credentials=credentials)
    found = {name: list(check(trial)) for name, check in _CHECKS.items()}
    return found | {"canary_leaks": search(scene)}


def _lost_values(trial: Trial) -> Iterator[str]:
    """No text of a credential that counts may be gone from every vault."""
    kept = {text for vault in trial.scene.cloud.vaults.values() for text in _enabled_texts(vault)}
    for credential in trial.listed():
        blocked = trial.now.rotations.get(_ulid(credential), {}).get("phase", {}).get("phase") == "blocked"
        if trial.named(credential) and credential.text not in kept and not blocked:
            yield f"nobody holds the text of {credential.key_id} ({credential.display_name})"


def _enabled_texts(vault: Any) -> Iterator[str]:
    for secret in vault.listed().values():
        for version in secret.versions.values():
            if version.enabled:
                yield version.text


def _ulid(credential: Minted) -> str:
    marker = Marker.read(credential.display_name)
    return marker.ulid if marker else ""


def _lockouts(trial: Trial) -> Iterator[str]:
    yield from sorted(trial.scene.lockouts)


def _orphans(trial: Trial) -> Iterator[str]:
    for credential in trial.listed():
        if not trial.named(credential):
            yield f"{credential.key_id} ({credential.display_name}), minted {credential.minted_at:%Y-%m-%d %H:%M:%S}"


def _foreign(trial: Trial) -> Iterator[str]:
    handed_over = {character.key_id for character in trial.scene.characters}
    for credential in trial.credentials:
        strange = credential.minted_by != trial.ours and credential.key_id not in handed_over
        if strange and credential.removed_by == trial.ours:
            yield f"{credential.key_id} ({credential.display_name}) of {credential.app_id}"


def _duplicates(trial: Trial) -> Iterator[str]:
    yield from duplicates(trial.scene, trial.now, trial.credentials)


def _notices(trial: Trial) -> Iterator[str]:
    """What is to be told must have reached the mailbox once settled."""
    for key in trial.now.outbox:
        yield f"never left the outbox: {key}"
    for row in trial.scene.books.rows("notices"):
        yield f"never sent: {row['RowKey']} ({row['kind']})"
    mails = [json.dumps(mail, ensure_ascii=False) for mail in trial.scene.cloud.entra.truth.mails]
    for event in trial.now.events:
        words = _wording(trial, event)
        if words and not any(all(word in mail for word in words) for mail in mails):
            yield f"no mail tells of {event['what']} at {event['RowKey']}: {words}"


def _wording(trial: Trial, event: Mapping[str, Any]) -> tuple[str, ...]:
    """Give what a mail about an event must say; nothing where nobody is told of it."""
    character = trial.character(str(event["application"]))
    if character is None:
        return ()
    match event["what"]:
        case "completed":
            return (character.name, "rotated, good until")
        case "blocked":
            return (character.name, f"stopped ({event['reason']})")
        case "delivery.awaiting-person":
            return (character.name, "needs you by")
        case _:
            return ()


def _unsettled(trial: Trial) -> Iterator[str]:
    """Each rotation has ended, or waits for what only time or a person brings, for a cause that was planted."""
    for ulid, rotation in trial.now.rotations.items():
        character = trial.character(ledger.application_of(rotation))
        trouble = character.trouble if character else Trouble.NONE
        if not _settled(trial, rotation, trouble):
            phase = rotation["phase"]
            waiting = [each["phase"]["phase"] for each in trial.now.deliveries_of(ulid)]
            why = phase.get("reason") or phase.get("missing") or ""
            key = character.key if character else ""
            yield f"{key} {ulid}: {phase['phase']} {why}, deliveries {waiting}, planted: {trouble}"
    enrolled = {character.object_id for character in trial.scene.characters}
    for application, line in trial.now.lines.items():
        if application in enrolled and line["rotations"] == 0 and line["open"] is None:
            yield f"{application}: never rotated"


def _settled(trial: Trial, rotation: Mapping[str, Any], trouble: Trouble) -> bool:
    phase = rotation["phase"]["phase"]
    if ledger.ulid_of(rotation["id"]) in trial.now.moving():
        return False
    if phase in ledger.ENDED:
        return True
    if phase == "blocked":
        return CAUSES.get(rotation["phase"]["reason"]) is trouble
    return phase in {"overlapping", "delivering"} and (trouble is not Trouble.NONE)


_CHECKS: Mapping[str, Callable[[Trial], Iterator[str]]] = {
    "lost_values": _lost_values,
    "lockouts": _lockouts,
    "orphans_left": _orphans,
    "foreign_removed": _foreign,
    "duplicate_effects": _duplicates,
    "notices_lost": _notices,
    "unsettled": _unsettled,
}


def search(scene: Scene) -> list[str]:
    """Search everything that was written for every secret text there ever was."""
    cloud = scene.cloud
    held = [text for vault in cloud.vaults.values() for text in vault.canaries()]
    return leaks({*cloud.entra.canaries(), *held, *cloud.downstream.canaries()}, _written(scene))


def _written(scene: Scene) -> Iterator[Piece]:
    yield from scene.books.everything()
    for file in sorted(scene.world.folder.rglob("*")):
        if file.is_file():
            yield Piece(f"file {file.relative_to(scene.world.folder)}", file.read_bytes())
    with scene.cloud.entra.directory.lock:
        mails = list(scene.cloud.entra.truth.mails)
    for number, mail in enumerate(mails, start=1):
        yield Piece(f"mail {number}", json.dumps(mail, ensure_ascii=False).encode())
    yield Piece("the command line", "\n".join(scene.terminal.heard).encode())
    yield Piece("this history", "\n".join(scene.history.lines).encode())
