"""Write the rotation.yaml of a run: a policy and a destination for each character."""

from collections.abc import Sequence
from typing import Any

import yaml

from sandbox.chaos.characters import MAILBOX, Character, Place, signing_secret
from sandbox.cloud import Cloud

AUDIENCE = "people"
QUESTION = "Was it saved?"


def configuration(cloud: Cloud, characters: Sequence[Character], *, nights: int) -> str:
    """
    Give the text. No canary rotates: what is judged are the others.

    The ramp spreads the rotations over so many nights, so that each storm meets some at their beginning.
    """
    limits = {"opened_per_night": -(-len(characters) // nights), "open_at_once": 500, "removed_per_night": 500}
    document = {
        "defaults": {"proof_over": "2s", "audience": AUDIENCE},
        "policies": [_policy(character) for character in characters],
        "destinations": {character.key: _place(cloud, character) for character in characters},
        "audiences": {AUDIENCE: {"mail": [MAILBOX]}},
        "limits": {**limits, "first_week": dict(limits)},
        "reminders": {"fallback": AUDIENCE, "sender": MAILBOX},
    }
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return text


def _policy(character: Character) -> dict[str, Any]:
    return {
        "name": character.key,
        "select": {"object_ids": [character.object_id]},
        "mode": "rotate",
        "destinations": [character.key],
        "lifetime": "180d",
    }


def _place(cloud: Cloud, character: Character) -> dict[str, Any]:
    match character.place:
        case Place.VAULT:
            vault = {"kind": "key-vault", "vault": cloud.urls["vault2"]}
            return {**vault, "secret": character.key, "adopt": True}
        case Place.WEBHOOK:
            url = f"{cloud.urls['downstream']}/hooks/{character.key}"
            signed = {"signing_secret": signing_secret(character), "private_network": True}
            return {"kind": "webhook", "url": url, "verify_url": f"{url}/state", **signed}
        case Place.PERSON:
            form = {"product": "Portal", "where": "https://portal.chaos.example", "questions": [QUESTION]}
            fields = [{"label": "Client secret", "value": "$secret_link"}]
            return {"kind": "hand-off", "preset": "custom", **form, "fields": fields, "checklist": ["Save."]}
