"""What a receiver is told, and the signature on it (Standard Webhooks: `webhook-id`, `-timestamp`, `-signature`)."""

import binascii
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError
from ulid import ULID

from rotation.domain.delivery import Shipment
from rotation.domain.errors import DestinationRefused
from rotation.domain.secret import SecretText

EVENT = "secret.rotated"


def body(shipment: Shipment, text: SecretText | None) -> bytes:
    """
    Give the message: a vault reference, and the text itself where *text* is given.

    The same shipment gives the same bytes: its time is when the rotation was made.
    """
    message = {
        "type": EVENT,
        "timestamp": ULID.from_str(shipment.rotation.ulid).datetime.isoformat(),
        "data": _told(shipment) | ({} if text is None else {"secret_text": text.reveal()}),
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _told(shipment: Shipment) -> dict[str, object]:
    back: dict[str, object] = {"going_back": True} if shipment.going_back else {}
    return back | {
        "rotation": str(shipment.rotation),
        "line": shipment.line,
        "tenant_id": shipment.tenant_id,
        "object_id": shipment.application,
        "client_id": shipment.client_id,
        "application_name": shipment.application_name,
        "key_id": shipment.key_id,
        "end_at": shipment.end_at.isoformat(),
        "secret": {
            "id": shipment.secret_id,
            "vault_url": shipment.vault_url,
            "name": shipment.secret_name,
            "version": shipment.version,
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A body and the headers that sign it; neither is shown."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Signer:
    """Signs with a receiver's signing secret."""

    def __init__(self, secret: SecretText) -> None:
        """
        Take `whsec_` and base64.

        Raises:
            DestinationRefused: It is not of that form (reason `signing-secret-unusable`).
        """
        webhook = None
        with suppress(binascii.Error, EmptyWebhookSecretError):
            webhook = Webhook(secret.reveal())
        if webhook is None:
            raise DestinationRefused(
                "the signing secret is not of the form `whsec_` and base64", reason="signing-secret-unusable"
            )
        self._webhook = webhook

    def sign(self, identifier: str, body: bytes, *, at: datetime) -> Signed:
        """Sign *body*, which is empty for a GET."""
        headers = {
            "webhook-id": identifier,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._webhook.sign(identifier, at, body.decode()),
            "content-type": "application/json",
            "accept": "application/json",
            "user-agent": "Rotation",
        }
        return Signed(headers=headers, body=body)
