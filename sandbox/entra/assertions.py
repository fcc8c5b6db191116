"""Client assertions: a JWT signed with an application's certificate, or of a federated identity."""

import base64
import binascii
from datetime import datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from sandbox.entra import dates
from sandbox.entra.objects import Entry
from sandbox.entra.refusals import Refusal
from sandbox.entra.tokens import Tokens

_EXCHANGE = "api://AzureADTokenExchange"


def check_assertion(application: Entry, assertion: str, *, tokens: Tokens, now: datetime) -> str:
    """Give the id of the certificate or federated credential that proves the caller, or raise 700027/700213."""
    app_id = application.current["appId"]
    claims = _unverified(assertion, app_id)
    if claims.get("iss") == app_id:
        return _by_certificate(application, assertion, now=now)
    for federated in application.federated:
        if federated["issuer"] == claims.get("iss") and federated["subject"] == claims.get("sub"):
            _verified(assertion, tokens.public_key, app_id=app_id)
            return str(federated["id"])
    raise Refusal(700213, app=app_id)


def _unverified(assertion: str, app_id: str) -> dict[str, Any]:
    try:
        return dict(jwt.decode(assertion, options={"verify_signature": False}))
    except jwt.InvalidTokenError as error:
        raise Refusal(700027, app=app_id) from error


def _verified(assertion: str, key: RSAPublicKey, *, app_id: str) -> None:
    """The sandbox trusts one foreign issuer: itself."""
    try:
        jwt.decode(assertion, key, algorithms=["RS256"], audience=_EXCHANGE)
    except jwt.InvalidTokenError as error:
        raise Refusal(700213, app=app_id) from error


def _by_certificate(application: Entry, assertion: str, *, now: datetime) -> str:
    for credential in application.current["keyCredentials"]:
        key = _public_key(credential.get("key"))
        if key is None or not dates.parse(credential["startDateTime"]) <= now < dates.parse(credential["endDateTime"]):
            continue
        try:
            options: Any = {"verify_aud": False}
            jwt.decode(assertion, key, algorithms=["RS256", "PS256"], options=options)
        except jwt.InvalidTokenError:
            continue
        return str(credential["keyId"])
    raise Refusal(700027, app=application.current["appId"])


def _public_key(text: str | None) -> RSAPublicKey | None:
    if not text:
        return None
    try:
        raw = base64.b64decode(text)
        certificate = (
            x509.load_pem_x509_certificate(raw) if raw.startswith(b"-----") else x509.load_der_x509_certificate(raw)
        )
    except (binascii.Error, ValueError):
        return None
    key = certificate.public_key()
    return key if isinstance(key, RSAPublicKey) else None
