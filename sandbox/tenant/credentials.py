"""Credential objects as Graph lists them (platform.md A2)."""

from base64 import b64encode
from datetime import datetime, timedelta
from random import Random

from sandbox.tenant.identity import drawn_guid
from sandbox.tenant.instants import NEVER, drawn_span, drawn_text
from sandbox.tenant.kinds import Kind
from sandbox.tenant.model import Json
from sandbox.tenant.vocabulary import WORDS

CROWD = 60
PERSONAL_LIMIT = 2
_HINT_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def passwords(rng: Random, kind: Kind, now: datetime) -> list[Json]:
    """Make the passwordCredentials of an application of *kind*."""
    match kind:
        case Kind.PLAIN | Kind.BOTH:
            return [password(rng, now, end=_mixed_end(rng, now))]
        case Kind.SEVERAL:
            return [password(rng, now, end=_mixed_end(rng, now)) for _ in range(rng.randint(2, 5))]
        case Kind.LONG_EXPIRED:
            return [password(rng, now, end=_long_ago(rng, now)) for _ in range(rng.randint(1, 3))]
        case Kind.NEVER:
            return [password(rng, now, end=None)]
        case Kind.PERSONAL:
            ends = (_mixed_end(rng, now) for _ in range(rng.randint(1, PERSONAL_LIMIT)))
            return [password(rng, now, end=end) for end in ends]
        case Kind.OLD_PORTAL:
            return [_old_portal(rng, now)]
        case Kind.CROWDED:
            return [password(rng, now, end=_mixed_end(rng, now)) for _ in range(CROWD)]
        case _:
            return []


def certificates(rng: Random, kind: Kind, now: datetime) -> list[Json]:
    """Make the keyCredentials of an application of *kind*."""
    if kind not in {Kind.CERTIFICATE, Kind.BOTH}:
        return []
    count = 1 if kind is Kind.BOTH else rng.randint(1, 3)
    return [certificate(rng, now, end=_mixed_end(rng, now)) for _ in range(count)]


def password(rng: Random, now: datetime, *, end: datetime | None) -> Json:
    """Make one passwordCredential whose text nobody knows; *end* None is the portal's "never"."""
    ends_at = rng.choice(NEVER) if end is None else drawn_text(rng, end)
    starts_at = (end or now) - drawn_span(rng, least=90 if end else 400, most=731 if end else 3_000)
    return {
        "customKeyIdentifier": None,
        "displayName": None if rng.random() < 0.3 else rng.choice(WORDS.credential_names),
        "endDateTime": ends_at,
        "hint": None if rng.random() < 0.1 else "".join(rng.choices(_HINT_LETTERS, k=3)),
        "keyId": drawn_guid(rng),
        "secretText": None,
        "startDateTime": drawn_text(rng, min(starts_at, now)),
    }


def certificate(rng: Random, now: datetime, *, end: datetime) -> Json:
    """Make one X.509 keyCredential; customKeyIdentifier is its thumbprint."""
    subject = rng.choice(WORDS.systems).lower().replace(" ", "-")
    return {
        "customKeyIdentifier": b64encode(rng.randbytes(20)).decode(),
        "displayName": rng.choice((None, f"CN={subject}", f"CN={subject}.contoso.example, O=Contoso")),
        "endDateTime": drawn_text(rng, end),
        "key": None,
        "keyId": drawn_guid(rng),
        "startDateTime": drawn_text(rng, min(end - timedelta(days=365), now)),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }


def signing_certificate(rng: Random, now: datetime) -> tuple[list[Json], Json]:
    """Make a SAML signing certificate with a drawn end; see `signing_records`."""
    thumbprint = b64encode(rng.randbytes(20)).decode()
    return signing_records(rng, end=_mixed_end(rng, now), thumbprint=thumbprint)


def signing_records(rng: Random, *, end: datetime, thumbprint: str) -> tuple[list[Json], Json]:
    """
    Make the three records of a SAML signing certificate, linked by customKeyIdentifier.

    Returns:
        keyCredentials of usage Sign and Verify, and the passwordCredential of the
        PFX, whose keyId is the Sign key's: never a client secret (platform.md A2).
    """
    shared = {
        "customKeyIdentifier": thumbprint,
        "displayName": "CN=Microsoft Azure Federated SSO Certificate",
        "endDateTime": drawn_text(rng, end),
        "startDateTime": drawn_text(rng, end - timedelta(days=3 * 365)),
    }
    sign_id = drawn_guid(rng)
    sign = shared | {"key": None, "keyId": sign_id, "type": "X509CertAndPassword", "usage": "Sign"}
    verify = shared | {"key": None, "keyId": drawn_guid(rng), "type": "AsymmetricX509Cert", "usage": "Verify"}
    return [sign, verify], shared | {"hint": None, "keyId": sign_id, "secretText": None}


def federated(rng: Random, count: int) -> list[Json]:
    """Make federatedIdentityCredentials, which have no end."""
    return [
        {
            "id": drawn_guid(rng),
            "name": f"github-{number}",
            "issuer": "https://token.actions.githubusercontent.com",
            "subject": f"repo:contoso/{rng.choice(WORDS.systems).lower().replace(' ', '-')}:ref:refs/heads/main",
            "audiences": ["api://AzureADTokenExchange"],
            "description": None,
        }
        for number in range(count)
    ]


def _old_portal(rng: Random, now: datetime) -> Json:
    """The old portal kept the description as base64 of UTF-16 in customKeyIdentifier, and no display name."""
    description = rng.choice(("prod key", "key 1", "ticket 4711"))
    found = password(rng, now, end=None if rng.random() < 0.5 else _mixed_end(rng, now))
    identifier = b64encode(description.encode("utf-16-le")).decode()
    return found | {"customKeyIdentifier": identifier, "displayName": None, "hint": None}


def _mixed_end(rng: Random, now: datetime) -> datetime:
    """Draw an end: most lie ahead, some within the next weeks, some are over."""
    shape = rng.random()
    if shape < 0.10:
        return now + drawn_span(rng, least=0, most=60)
    if shape < 0.14:
        return now - drawn_span(rng, least=0, most=30)
    if shape < 0.25:
        return now - drawn_span(rng, least=30, most=400)
    return now + drawn_span(rng, least=60, most=730)


def _long_ago(rng: Random, now: datetime) -> datetime:
    return now - drawn_span(rng, least=2 * 365, most=9 * 365)
