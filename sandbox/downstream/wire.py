"""How receivers reach the sandbox: sign in at the token endpoint, read a secret from a vault. Plain HTTPS."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

import httpx

from sandbox.shared import SandboxClock

GRAPH_SCOPE = "https://graph.microsoft.com/.default"
VAULT_SCOPE = "https://vault.azure.net/.default"
_API_VERSION = "7.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The receivers' own application: what they read vaults with."""

    client_id: str
    secret_text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A secret in a vault; version None is the latest."""

    vault_url: str
    name: str
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """One attempt to sign in: `code` is the AADSTS code of a refusal, `problem` says it in words."""

    at: datetime
    ok: bool
    code: int | None = None
    problem: str = ""
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a vault gave: the text, the version, the key id that the tags name."""

    text: str = field(repr=False)
    version: str
    key_id: str


class Unreadable(Exception):
    """A vault that did not give the secret; `status` is its answer, 0 when there was none."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """Talk to the sandbox's sign-in and vaults; every call opens its own connection, on any event loop."""

    clock: SandboxClock
    authority_url: Callable[[], str]
    tenant_id: str
    ca_file: str

    async def sign_in(
        self, client_id: str, text: str, *, scope: str = GRAPH_SCOPE, source: str = "downstream"
    ) -> SignedIn:
        """
        Sign in by client credentials (platform.md B1); a refusal is an answer, not an error.

        `source` is a label that the sandbox's sign-in keeps in its ground truth.
        """
        form = {"grant_type": "client_credentials", "scope": scope, "client_id": client_id, "client_secret": text}
        address = f"{self.authority_url()}/{self.tenant_id}/oauth2/v2.0/token"
        try:
            async with self._client() as client:
                answer = await client.post(address, data=form, headers={"x-sandbox-source": source})
        except httpx.TransportError as error:
            return SignedIn(at=self.clock.now(), ok=False, problem=type(error).__name__)
        if answer.is_success:
            return SignedIn(at=self.clock.now(), ok=True, token=answer.json()["access_token"])
        return SignedIn(at=self.clock.now(), ok=False, code=_code(answer), problem=f"HTTP {answer.status_code}")

    async def read(self, reference: Reference, *, identity: Identity) -> Found:
        """Read a secret with an identity of our own, or raise Unreadable."""
        signed_in = await self.sign_in(identity.client_id, identity.secret_text, scope=VAULT_SCOPE)
        if not signed_in.ok:
            raise Unreadable(401, f"own sign-in refused: {signed_in.code or signed_in.problem}")
        address = f"{reference.vault_url.rstrip('/')}/secrets/{reference.name}/{reference.version or ''}"
        try:
            async with self._client() as client:
                answer = await client.get(
                    address,
                    params={"api-version": _API_VERSION},
                    headers={"Authorization": f"Bearer {signed_in.token}"},
                )
        except httpx.TransportError as error:
            raise Unreadable(0, type(error).__name__) from error
        if not answer.is_success:
            raise Unreadable(answer.status_code, _vault_code(answer))
        bundle = answer.json()
        version = bundle["id"].rpartition("/")[2]
        return Found(text=bundle["value"], version=version, key_id=_key_id(bundle.get("tags") or {}))

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=_trusting(self.ca_file), trust_env=False)


@cache
def _trusting(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


def _code(answer: httpx.Response) -> int | None:
    try:
        codes = answer.json().get("error_codes")
    except ValueError:
        return None
    return int(codes[0]) if codes else None


def _vault_code(answer: httpx.Response) -> str:
    try:
        error = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return "no reason given"
    inner = error.get("innererror") or {}
    return str(inner.get("code") or error.get("code"))


def _key_id(tags: dict[str, str]) -> str:
    spelled = {name.lower().replace("-", "").replace("_", ""): value for name, value in tags.items()}
    return spelled.get("keyid") or spelled.get("entrakeyid") or ""
