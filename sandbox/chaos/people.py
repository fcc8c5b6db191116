"""What people do in a run: enrol, paste, say so, also falsely, give up, lift what stands in the way; and strangers."""

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx
import stamina

from sandbox.chaos import ledger
from sandbox.chaos.characters import MAILBOX, Character, Place, Trouble
from sandbox.chaos.configuration import QUESTION
from sandbox.chaos.ledger import Ledger
from sandbox.chaos.scene import Scene
from sandbox.demo.terminal import CommandFailed
from sandbox.downstream.wire import Reference
from sandbox.entra.answers import GraphError

CONDITIONAL_ACCESS = 53003
"""AADSTS number for which no proof can be had."""
PUTS_OFF = 2
"""How often at most: done two weeks later still, its use is seen too late for its window to end in the run."""


def enrol(scene: Scene) -> None:
    """Let everybody say yes; afterwards plant what stands in the way from the beginning."""
    for character in scene.characters:
        scene.terminal.ask("enrol", character.object_id, "--unrehearsed", by=MAILBOX)
    for character in scene.characters:
        if character.trouble is Trouble.NAME_TAKEN:
            scene.cloud.vaults["vault"].seed(character.vault_secret, f"somebody-else-{character.key}")
        if character.trouble is Trouble.UNPROVABLE:
            scene.cloud.entra.refuse_sign_in(character.client_id, CONDITIONAL_ACCESS)


def act(scene: Scene) -> None:
    """Let everybody who has something to do today do it, as far as rotations have come."""
    now = ledger.read(scene.books)
    for character in scene.characters:
        if character.key not in scene.done and _act(scene, now, character):
            scene.done.add(character.key)


def _act(scene: Scene, now: Ledger, character: Character) -> bool:
    rotation = _open(now, character)
    if rotation is None:
        return False
    match character.place, character.trouble:
        case _, Trouble.STRANGER:
            return _meddle(scene, rotation, character)
        case _, Trouble.UNPROVABLE:
            return _lift(scene, rotation, character)
        case Place.PERSON, Trouble.NONE:
            put_off = puts_off(scene.rng, scene.put_off, character)
            return not put_off and _hand_off(scene, now, rotation, character=character)
        case Place.PERSON, Trouble.FALSE_WORD:
            return _hand_off(scene, now, rotation, character=character)
        case _:
            return False


def give_up(scene: Scene) -> None:
    """Let a person abandon what they chose to, as long as nothing is published."""
    now = ledger.read(scene.books)
    for character in scene.characters:
        rotation = _open(now, character)
        if character.trouble is not Trouble.GIVEN_UP or rotation is None or character.key in scene.done:
            continue
        if rotation["phase"]["phase"] in {"staged", "proven"} and _command(
            scene, "abandon", _name(rotation), "--why", "chaos"
        ):
            scene.done.add(character.key)


def strangers(scene: Scene) -> None:
    """Let a foreign hand add a secret to somebody's application; it is nobody's to remove but theirs."""
    character = scene.rng.choice([each for each in scene.characters if not each.personal])
    _until_taken(lambda: scene.cloud.entra.add_secret(character.client_id, display_name="portal"))
    scene.history.note(f"{character.key}: a foreign hand added a secret")


def _meddle(scene: Scene, rotation: Mapping[str, Any], character: Character) -> bool:
    """Remove the new secret once it is in use, as somebody does who tidies up."""
    if rotation["phase"]["phase"] != "overlapping":
        return False
    key_id = rotation["phase"]["publication"]["minted"]["key_id"]
    _until_taken(lambda: scene.cloud.entra.remove_secret(character.client_id, key_id))
    scene.history.note(f"{character.key}: a foreign hand removed {key_id}")
    return True


def _until_taken(deed: Callable[[], object]) -> None:
    """Do it again in a moment where it met a write of ours, as the portal tells people to."""
    for attempt in stamina.retry_context(on=GraphError, attempts=20, wait_initial=1, wait_max=3, timeout=60):
        with attempt:
            deed()


def _lift(scene: Scene, rotation: Mapping[str, Any], character: Character) -> bool:
    if rotation["phase"]["phase"] != "blocked":
        return False
    scene.cloud.entra.refuse_sign_in(character.client_id, None)
    return _command(scene, "retry", _name(rotation))


def puts_off(rng: Random, times: Counter[str], character: Character) -> bool:
    """Tell whether this person does not get to it today, and count it in *times*."""
    if times[character.key] == PUTS_OFF or rng.random() < 0.6:
        return False
    times[character.key] += 1
    return True


def _hand_off(scene: Scene, now: Ledger, rotation: Mapping[str, Any], *, character: Character) -> bool:
    """Open the link and paste, or do not, and say that it is done."""
    for delivery in now.deliveries_of(ledger.ulid_of(rotation["id"])):
        if delivery["phase"]["phase"] != "awaiting-person":
            continue
        if character.trouble is Trouble.NONE:
            _paste(scene, delivery["phase"]["hand_off"], character)
        answer = ("--answer", f"{QUESTION}=yes")
        return _command(scene, "acknowledge", _name(rotation), delivery["destination"], *answer)
    return False


def _paste(scene: Scene, hand_off: Mapping[str, Any], character: Character) -> None:
    link = urlsplit(next(field["value"] for field in hand_off["fields"] if field["link"]))
    _, _, name, version = link.path.split("/")
    reference = Reference(vault_url=f"{link.scheme}://{link.netloc}", name=name, version=version)
    address = f"{scene.cloud.urls['downstream']}/people/{character.key}"
    body = {"vault_url": reference.vault_url, "name": name, "version": version, "client_id": character.client_id}
    with httpx.Client(verify=scene.context, trust_env=False) as client:
        client.post(address, json=body).raise_for_status()


def _command(scene: Scene, *words: str) -> bool:
    """Run a command of the app; one that is refused now is tried another day."""
    try:
        scene.terminal.ask(*words, by=MAILBOX)
    except CommandFailed as error:
        scene.history.note(f"refused: {str(error)[:300]}")
        return False
    scene.history.note(f"a person: {' '.join(words)}")
    return True


def _open(now: Ledger, character: Character) -> Mapping[str, Any] | None:
    line = now.lines.get(character.object_id)
    return now.rotations.get(line["open"]) if line is not None and line["open"] else None


def _name(rotation: Mapping[str, Any]) -> str:
    return f"{ledger.application_of(rotation)}.{ledger.ulid_of(rotation['id'])}"
