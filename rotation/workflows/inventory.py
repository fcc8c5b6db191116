"""One application as a line of the inventory: what the snapshot of the secrets pass holds (protocol.md, Ledger)."""

import json
from collections.abc import Iterable, Sequence

from rotation.domain.identifiers import LineName
from rotation.domain.policy import Mode, Policy
from rotation.ports.directory import ListedApplication, ListedSecret

type Standing = tuple[str, LineName | None]
"""What a secret is to us (`monitored`, `current`, ...), and the line that it belongs to."""

_text = json.JSONEncoder(ensure_ascii=False).encode


def line_of(
    application: ListedApplication,
    policy: Policy | None,
    standings: Sequence[Standing],
    *,
    enrolled: Iterable[LineName] = (),
) -> str:
    """
    Write one application as JSON; *standings* are those of its secrets, in their order.

    By hand, because a night writes each: what is put in without quoting is a GUID, an instant or a word of ours.
    """
    secrets = ",".join(map(_secret, application.get("secrets", ()), standings))
    names = ",".join(f'"{name}"' for name in enrolled)
    chosen = f'"{policy.name}","mode":"{policy.mode}"' if policy else f'null,"mode":"{Mode.MONITOR}"'
    return (
        f'{{"id":"{application["object_id"]}","appId":"{application["client_id"]}"'
        f',"name":{_text(application.get("display_name") or "")},"policy":{chosen},"enrolled":[{names}]'
        f',"disabled":{"true" if application.get("disabled") else "false"},"secrets":[{secrets}]}}'
    )


def _secret(secret: ListedSecret, standing: Standing) -> str:
    name = secret.get("display_name")
    told = "null" if name is None else _text(name)
    return f'{{"keyId":"{secret["key_id"]}","name":{told},"end":"{secret["ends"]}","status":"{standing[0]}"}}'
