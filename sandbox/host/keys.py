"""Who may call what: the master key opens everything, the function key what asks for the level `function`."""

import secrets
from dataclasses import dataclass

from starlette.requests import Request

from sandbox.host.functions import AuthLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Compare the key of a request, `x-functions-key` or `?code=`, with the host's keys."""

    master: str
    function: str

    def admit(self, request: Request, level: AuthLevel) -> bool:
        given = request.headers.get("x-functions-key") or request.query_params.get("code") or ""
        match level:
            case "anonymous":
                return True
            case "function":
                return _same(given, self.function) or _same(given, self.master)
            case "admin":
                return _same(given, self.master)


def _same(given: str, key: str) -> bool:
    return secrets.compare_digest(given.encode(), key.encode())
