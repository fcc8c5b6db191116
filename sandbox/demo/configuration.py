"""Write the rotation.yaml of the demo: each enrolled character gets a policy, its places and its people."""

from collections.abc import Iterable
from typing import Any

import yaml

from sandbox.cloud import Cloud
from sandbox.running.settling import signing_secret, vault_url
from sandbox.tenant.cast.members import (
    AgentPerson,
    CastMember,
    ForgottenSystem,
    Person,
    PortalPerson,
    Use,
    VaultConsumer,
    WebhookReceiver,
    Wish,
)
from sandbox.tenant.cast.people import ROSA

ROOMY = {"opened_per_night": 50, "open_at_once": 100}
PROOF_OVER = "1s"


def configuration(cloud: Cloud, members: Iterable[CastMember], domain: str, *, canary_rests: bool = False) -> str:
    """
    Give the text. The first week's ramp is as wide as later ones: its slowness is not this demo's subject.

    A canary rotates each night before anything else. One that rests is rotated when it is due, as any other line.
    """
    enrolled = [member for member in members if member.wish is Wish.ENROL]
    people = {member.owner.alias: member.owner for member in members} | {ROSA.alias: ROSA}
    canary = next(member for member in enrolled if member.canary)
    singing = {} if canary_rests else {"canary": {"application": canary.object_id, "policy": canary.key}}
    return _text(
        {
            "defaults": {"proof_over": PROOF_OVER, "audience": audience(ROSA)},
            "policies": [_policy(member, rests=canary_rests) for member in enrolled],
            "destinations": {name: place for member in enrolled for name, place in _places(cloud, member)},
            "audiences": {audience(each): {"mail": [mail(each, domain)]} for each in people.values()},
            "limits": {**ROOMY, "removed_per_night": 50, "first_week": {**ROOMY, "removed_per_night": 50}},
            "reminders": {"fallback": audience(ROSA), "sender": mail(ROSA, domain)},
            **singing,
        }
    )


def watching(sender: str) -> str:
    """Give the text that enrols nothing and only looks, for somebody's own inventory."""
    everything = {"name": "everything", "select": {"everything": True}, "mode": "monitor", "audience": "platform"}
    return _text(
        {
            "policies": [everything],
            "audiences": {"platform": {"mail": [sender]}},
            "reminders": {"fallback": "platform", "sender": sender},
        }
    )


def _text(document: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return text


def audience(person: Person) -> str:
    """Name the audience that is this person."""
    return person.alias.replace(".", "-")


def mail(person: Person, domain: str) -> str:
    """Give the person's address."""
    return f"{person.alias}@{domain}"


def _policy(member: CastMember, *, rests: bool) -> dict[str, Any]:
    policy: dict[str, Any] = {
        "name": member.key,
        "select": {"object_ids": [member.object_id]},
        "mode": "rotate",
        "destinations": [member.key],
        "audience": audience(member.owner),
    }
    if not member.canary:
        return policy
    return policy | {"lifetime": "30d"} | ({} if rests else {"overlap": "0d", "quiet": "0d"})


def _places(cloud: Cloud, member: CastMember) -> Iterable[tuple[str, dict[str, Any]]]:
    """Where *member*'s secret goes; a forgotten system is no place that anybody has configured."""
    for use in member.used_by:
        if not isinstance(use, ForgottenSystem):
            yield member.key, _place(cloud, member, use)


def _place(cloud: Cloud, member: CastMember, use: Use) -> dict[str, Any]:
    match use:
        case VaultConsumer():
            place = {"kind": "key-vault", "vault": vault_url(cloud, use.vault), "secret": use.secret_name}
            return {**place, "adopt": True}
        case WebhookReceiver():
            url = f"{cloud.urls['downstream']}{use.path}"
            signed = {"signing_secret": signing_secret(use.name), "private_network": True}
            return {"kind": "webhook", "url": url, "verify_url": f"{url}/state", **signed}
        case PortalPerson():
            place = {"kind": "hand-off", "preset": use.form, "portal_url": use.portal, "ad_group": use.group}
            return {**place, "approval": "none"}
        case AgentPerson():
            place = {"kind": "hand-off", "preset": use.form, "server": use.server, "source_system": use.source}
            return {**place, "application_id": member.client_id}
        case ForgottenSystem():
            raise ValueError(f"nobody delivers to {use.name}")
