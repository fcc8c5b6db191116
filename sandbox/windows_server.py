"""
A Windows server with one service and its credential, which answers as the companion script would.

PowerShell cannot be had here, so the script itself runs nowhere in our tests: this is its algorithm once more, by
the same words (integrations.md A1). What it proves is our side, the request and the judgement of the answer.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

FOLDER = r"C:\Program Files\Syncfish\CISynchronizerAgent\service"
REQUEST = re.compile(r"^\$Request = '([A-Za-z0-9+/=]+)'$", re.MULTILINE)
REACHABLE = frozenset({"LocalSystem", r"NT AUTHORITY\LocalService", r"NT AUTHORITY\NetworkService"})

type Fetch = Callable[[str], Awaitable[str | None]]
"""Gives a vault version's text by its id, with the server's identity; None: it may not."""
type SignIn = Callable[[str, str], Awaitable[str]]
"""Signs in with a client id and a text: "yes", "no", or why nobody knows."""


class _Stop(Exception):
    def __init__(self, reason: str, why: str) -> None:
        super().__init__(reason)
        self.told = {"ok": False, "reason": reason, "why": why}


async def _yes(_client_id: str, _text: str) -> str:
    return "yes"


@dataclass(slots=True, kw_only=True)
class WindowsServer:
    """What is installed, what the settings file says, and what the credential store of the account holds."""

    fetch: Fetch
    sign_in: SignIn = _yes
    services: dict[str, str] = field(default_factory=lambda: {"CISynchronizerAgent": FOLDER + r"\Agent.exe"})
    account: str = "LocalSystem"
    settings: Any = None
    credentials: dict[str, str] = field(default_factory=dict, repr=False)
    forbids_credentials: bool = False
    stays_up: bool = True
    writes: int = 0
    restarts: int = 0
    stale: bool = False
    """The service has not been restarted since the credential was written."""

    async def execute(self, script: str) -> str:
        """Run the script, and give what it writes."""
        found = REQUEST.search(script)
        assert found is not None, "the script bears no request"
        asked = json.loads(base64.b64decode(found[1]))
        try:
            reply: dict[str, Any] = {"ok": True, "phase": asked["phase"], "result": await self._phase(asked)}
        except _Stop as stopped:
            reply = stopped.told
        line = base64.b64encode(json.dumps(reply).encode()).decode()
        return f"ROTATION-ANSWER:{line[:60]}\r\n{line[60:]}:END\r\n"

    async def _phase(self, asked: dict[str, Any]) -> dict[str, Any]:
        found = self._discovery(asked)
        if asked["phase"] == "discover":
            return found
        if found["fingerprint"] != asked["discovered"]:
            raise _Stop("discovery-drifted", f"it is now {found['fingerprint']} and not {asked['discovered']}")
        match asked["phase"]:
            case "deliver":
                return await self._deliver(asked, found["target"])
            case "restart":
                return self._restart()
            case _:
                return await self._verify(asked, found["target"])

    async def _deliver(self, asked: dict[str, Any], target: str) -> dict[str, Any]:
        value = await self.fetch(asked["secretId"])
        if value is None:
            raise _Stop("value-unreadable", "the key vault did not give that version to the identity of this server")
        if self.credentials[target] == value:
            return {"written": False, "target": target}
        self.credentials[target] = value
        self.writes += 1
        self.stale = True
        return {"written": True, "target": target}

    def _restart(self) -> dict[str, Any]:
        if not self.stale:
            return {"restarted": False}
        self.restarts += 1
        if not self.stays_up:
            raise _Stop("service-failed", "CISynchronizerAgent was restarted and does not stay up (Stopped)")
        self.stale = False
        return {"restarted": True}

    async def _verify(self, asked: dict[str, Any], target: str) -> dict[str, Any]:
        text = self.credentials[target]
        told = {"ok": True, "proof": hmac.digest(text.encode(), asked["nonce"].encode(), "sha256").hex()}
        if asked["signIn"]:
            told["signedIn"] = await self.sign_in(asked["signIn"]["clientId"], text)
        return told

    def _discovery(self, asked: dict[str, Any]) -> dict[str, Any]:
        if self.forbids_credentials:
            raise _Stop("credential-refused", "the policy DisableDomainCreds forbids to store credentials")
        folder = asked["folder"].rstrip("\\").lower() + "\\"
        services = [
            name
            for name, program in self.services.items()
            if program.lower().startswith(folder) and asked["service"] in {"", name}
        ]
        if len(services) != 1:
            raise _Stop("discovery-ambiguous", f"{len(services)} services run from {folder}")
        candidates = list(_candidates(self.settings, "", asked["clientId"]))
        if self.account not in REACHABLE and not self.account.endswith("$"):
            raise _Stop("account-out-of-reach", f"{self.account} signs in with a password that we do not have")
        matching = [(path, target) for path, target in candidates if target in self.credentials]
        if len(matching) != 1:
            raise _Stop("discovery-ambiguous", f"{len(matching)} of {len(candidates)} texts name a credential")
        (path, target) = matching[0]
        names = "|".join((services[0], self.account, path, target)).lower()
        return {
            "service": services[0],
            "account": self.account,
            "path": path,
            "target": target,
            "fingerprint": hashlib.sha256(names.encode()).hexdigest()[:16],
        }


def _candidates(node: Any, path: str, client_id: str) -> Iterator[tuple[str, str]]:
    """Give each text that stands in an object beside the client id, with its path."""
    if isinstance(node, dict):
        texts = {name: value for name, value in node.items() if isinstance(value, str)}
        if any(value.lower() == client_id for value in texts.values()):
            others = {name: value for name, value in texts.items() if value and value.lower() != client_id}
            yield from ((f"{path}/{name}", value) for name, value in others.items())
    below = enumerate(node) if isinstance(node, list) else node.items() if isinstance(node, dict) else ()
    for name, value in below:
        yield from _candidates(value, f"{path}/{name}", client_id)
