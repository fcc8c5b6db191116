"""Refusals as Key Vault words them: status, code, inner code (platform.md C2, C3)."""

from typing import Any

_DELETED_HINT = (
    "If you recently deleted this secret you may be able to recover it using the correct recovery command. "
    "For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"
)


class Refusal(Exception):
    """One refused request; `inner` is what clients decide by."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        inner: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner
        self.headers = headers or {}

    @property
    def outcome(self) -> str:
        """Name the refusal in one word, for the journal."""
        return self.inner or self.code

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.inner is not None:
            error["innererror"] = {"code": self.inner}
        return {"error": error}


def unauthorized(challenge: str, reason: str | None) -> Refusal:
    """Ask for a token, or say why the one that came is refused (platform.md C2)."""
    message = reason or "AKV10000: Request is missing a Bearer or PoP token."
    return Refusal(401, "Unauthorized", message, headers={"WWW-Authenticate": challenge})


def bad_parameter(message: str) -> Refusal:
    return Refusal(400, "BadParameter", message)


def invalid_property(name: str) -> Refusal:
    return bad_parameter(f"Property {name} has invalid value\r\n")


def not_found(name: str) -> Refusal:
    message = f"A secret with (name/id) {name} was not found in this key vault. {_DELETED_HINT}"
    return Refusal(404, "SecretNotFound", message)


def deleted_not_found(name: str) -> Refusal:
    return Refusal(404, "SecretNotFound", f"Deleted Secret not found: {name}")


def disabled() -> Refusal:
    message = "Operation get is not allowed on a disabled secret."
    return Refusal(403, "Forbidden", message, inner="SecretDisabled")


def deleted_but_recoverable(name: str) -> Refusal:
    message = (
        f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; "
        "in this state, the secret can only be recovered or purged."
    )
    return Refusal(409, "Conflict", message, inner="ObjectIsDeletedButRecoverable")


def in_transition(name: str, doing: str) -> Refusal:
    """Refuse while the vault is still deleting or recovering; `doing` is "Deleted" or "Recovered"."""
    message = f"Secret {name} is currently being {doing.lower()}, retry later."
    return Refusal(409, "Conflict", message, inner=f"ObjectIsBeing{doing}")


def purge_protected(vault: str) -> Refusal:
    message = (
        'Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service '
        f"will automatically purge it after the retention period has passed.\r\nVault: {vault};location=sandbox"
    )
    return Refusal(403, "Forbidden", message)


def by_firewall(vault: str, address: str) -> Refusal:
    message = (
        "Client address is not authorized and caller is not a trusted service.\r\n"
        f"Client address: {address}\r\nVault: {vault};location=sandbox"
    )
    return Refusal(403, "Forbidden", message, inner="ForbiddenByFirewall")


def by_role(vault: str, caller: str, action: str) -> Refusal:
    message = (
        "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or "
        f"role definitions were changed recently, please observe propagation time.\r\nCaller: {caller}\r\n"
        f"Action: 'Microsoft.KeyVault/vaults/secrets/{action}'\r\nAssignment: (not found)\r\n"
        f"Vault: {vault};location=sandbox\r\n"
    )
    return Refusal(403, "Forbidden", message, inner="ForbiddenByRbac")


def by_policy(reason: str) -> Refusal:
    return Refusal(403, "Forbidden", reason, inner="ForbiddenByPolicy")


def throttled(retry_after: float) -> Refusal:
    message = "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached"
    return Refusal(429, "Throttled", message, headers={"Retry-After": f"{retry_after:g}"})
