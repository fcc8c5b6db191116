"""
What is asked of the companion script, and what it answers.

The script travels whole, with the request in it; both hold names only. A server's managed identity fetches the value
from the vault, so no channel carries it (integrations.md A1).
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from rotation.domain.delivery import Shipment
from rotation.domain.errors import DestinationRefused
from rotation.domain.secret import SecretText
from rotation.integrations.kinds.agent.credential_settings import CredentialSettings
from rotation.integrations.services import IntegrationServices

type Phase = Literal["discover", "deliver", "restart", "verify"]
type Asked = Mapping[str, Any]

_ANSWER = re.compile(r"ROTATION-ANSWER:([A-Za-z0-9+/=\s]+):END")
_REQUEST = re.compile(r"^\$Request = '([A-Za-z0-9+/=]+)'\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why the script did nothing, and what a person can do."""

    reason: str
    advice: str


REASONS = {
    each.reason: each
    for each in (
        Refusal(reason="discovery-ambiguous", advice="say `service`, `folder` or `file` more exactly"),
        Refusal(reason="discovery-drifted", advice="run the check again, compare, and set `discovered` anew"),
        Refusal(reason="account-out-of-reach", advice="the service's account cannot be worked as"),
        Refusal(reason="credential-refused", advice="the Windows Credential Store does not take it"),
        Refusal(reason="value-unreadable", advice="give the server's managed identity Key Vault Secrets User"),
        Refusal(reason="service-failed", advice="see the service's own log"),
        Refusal(reason="companion-failed", advice="the script ended in a way that nobody foresaw"),
    )
}


def request(phase: Phase, settings: CredentialSettings) -> dict[str, Any]:
    """Say where to look."""
    return {
        "phase": phase,
        "folder": settings.program,
        "file": settings.file,
        "service": settings.service or "",
        "clientId": settings.application_id,
        "discovered": settings.discovered or "",
    }


def sign_in(shipment: Shipment, services: IntegrationServices) -> dict[str, str]:
    """Say where, and for what, to sign in with what was read back: Resource Manager, which gives any app a token."""
    address = f"{services.authority_host.rstrip('/')}/{shipment.tenant_id}/oauth2/v2.0/token"
    return {"address": address, "clientId": shipment.client_id, "scope": f"{services.arm_url}/.default"}


def script(asked: Asked) -> str:
    """Give the whole script for one request."""
    encoded = base64.b64encode(json.dumps(dict(asked)).encode()).decode()
    return _template().replace("@@REQUEST@@", encoded, 1)


def asked_by(text: str) -> Asked | None:
    """Read the request in a script; None where it is not one of ours."""
    found = _REQUEST.search(text)
    return None if found is None else _decoded(found[1])


def answered(output: str, by_hand: str) -> Mapping[str, Any]:
    """
    Read what the script answers.

    Raises:
        DestinationRefused: It did nothing, for one of its reasons, or its answer is none.
    """
    found = _ANSWER.search(output)
    told = None if found is None else _decoded("".join(found[1].split()))
    if told is not None and told.get("ok") is True and isinstance(told.get("result"), dict):
        result: Mapping[str, Any] = told["result"]
        return result
    told = told or {"why": "it gave no answer of the agreed form"}
    refusal = REASONS.get(str(told.get("reason")), REASONS["companion-failed"])
    why = str(told.get("why", ""))[:300]
    raise DestinationRefused(f"{why}: {refusal.advice}{instead(by_hand)}", reason=refusal.reason)


def instead(by_hand: str) -> str:
    """Name what a person can do instead."""
    return f". By hand: kind hand-off, preset {by_hand}" if by_hand else ""


def proves(proof: object, nonce: str, text: SecretText) -> bool:
    """Compare, in constant time, the HMAC-SHA256 of *nonce* that the server made with the value that it read back."""
    expected = hmac.digest(text.reveal().encode(), nonce.encode(), "sha256").hex()
    return hmac.compare_digest(expected.encode(), str(proof).encode())


@cache
def _template() -> str:
    folder = files("rotation.integrations.kinds.agent")
    outer, inner = ((folder / name).read_text("utf-8") for name in ("companion.ps1", "credential.ps1"))
    return outer.replace("@@CREDENTIAL@@", inner.rstrip("\n"), 1)


def _decoded(text: str) -> dict[str, Any] | None:
    with suppress(binascii.Error, ValueError):
        told = json.loads(base64.b64decode(text, validate=True))
        return told if isinstance(told, dict) else None
    return None
