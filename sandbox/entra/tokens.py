"""Access tokens of the sandbox: issued by its sign-in, checked by every part that asks for one."""

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

VAULT = "https://vault.azure.net"
GRAPH = "https://graph.microsoft.com"
STORAGE = "https://storage.azure.com"
MANAGEMENT = "https://management.core.windows.net"


class TokenError(Exception):
    """A token that this part must refuse; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: an application's identity with its roles (application permissions)."""

    app_id: str
    object_id: str
    tenant_id: str
    audience: str
    roles: frozenset[str]
    claims: dict[str, Any] = field(default_factory=dict, repr=False)


class Tokens:
    """
    Issue and validate JSON web tokens (RS256, a key made at start).

    nbf and exp are of the real clock, never the moved one: Azurite checks them (platform.md L).
    """

    def __init__(self, *, tenant_id: str, lifetime_seconds: int = 3599) -> None:
        self.tenant_id = tenant_id
        self.lifetime_seconds = lifetime_seconds
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.key_id = uuid.uuid4().hex

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        return self._key.public_key()

    def issue(self, *, app_id: str, object_id: str, audience: str, roles: frozenset[str] | tuple[str, ...] = ()) -> str:
        """Give a token of `lifetime_seconds`; audience without a trailing slash is the caller's business."""
        now = int(time.time())
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self.tenant_id}/",
            "iat": now - 5,
            "nbf": now - 5,
            "exp": now + self.lifetime_seconds,
            "appid": app_id,
            "appidacr": "1",
            "idtyp": "app",
            "oid": object_id,
            "sub": object_id,
            "tid": self.tenant_id,
            "roles": sorted(roles),
            "uti": uuid.uuid4().hex,
            "ver": "1.0",
        }
        return self.sign(claims)

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.key_id})

    def validate(self, token: str, audience: str | tuple[str, ...]) -> Caller:
        """Give the caller, or raise TokenError: wrong signature, audience, issuer, tenant or time."""
        audiences = [audience] if isinstance(audience, str) else list(audience)
        wanted = [variant for name in audiences for variant in (name.rstrip("/"), name.rstrip("/") + "/")]
        try:
            claims = jwt.decode(
                token,
                self.public_key,
                algorithms=["RS256"],
                audience=wanted,
                issuer=f"https://sts.windows.net/{self.tenant_id}/",
                leeway=300,
            )
        except jwt.InvalidTokenError as error:
            raise TokenError(str(error)) from error
        return Caller(
            app_id=claims["appid"],
            object_id=claims["oid"],
            tenant_id=claims["tid"],
            audience=claims["aud"],
            roles=frozenset(claims["roles"]),
            claims=claims,
        )
