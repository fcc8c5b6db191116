"""Which resources the sandbox issues tokens for, from a v2 scope or a v1 resource."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sandbox.entra.directory import Directory
from sandbox.entra.refusals import Refusal
from sandbox.entra.tokens import GRAPH, STORAGE, VAULT

_GRAPH_NAMES = {GRAPH, "00000003-0000-0000-c000-000000000000"}
LOGS = "https://api.loganalytics.io"
RESOURCE_MANAGER = "https://management.azure.com"
_KNOWN = {
    VAULT: VAULT,
    STORAGE: STORAGE,
    RESOURCE_MANAGER: RESOURCE_MANAGER,
    "https://management.core.windows.net": "https://management.core.windows.net",
    LOGS: LOGS,
    "https://communication.azure.com": "https://communication.azure.com",
    "https://azconfig.io": "https://azconfig.io",
}


class Audiences:
    """Resolve what a client asks for to the token's audience; Refusal 500011 or 1002012 otherwise."""

    def __init__(
        self,
        directory: Directory,
        graph_url: Callable[[], str],
        others: Mapping[str, Callable[[], str]] = MappingProxyType({}),
    ) -> None:
        self._directory = directory
        self._graph_url = graph_url
        self._others = others
        self.extra: set[str] = set()

    def of_scope(self, scope: str) -> str:
        """Take `{resource}/.default`; the resource may end in a slash of its own (azure-cli.md)."""
        names = [name for name in scope.split() if name not in {"openid", "profile", "offline_access", "email"}]
        if len(names) != 1 or not names[0].endswith("/.default"):
            raise Refusal(1002012, resource=scope)
        return self.of_resource(names[0].removesuffix("/.default"))

    def of_resource(self, resource: str) -> str:
        name = resource.rstrip("/")
        if name in _GRAPH_NAMES or name == self._graph_url().rstrip("/"):
            return GRAPH
        for known, url in self._others.items():
            if name and name == url().rstrip("/"):
                return known
        if name in _KNOWN:
            return _KNOWN[name]
        if name in self.extra or name.endswith(
            (".blob.core.windows.net", ".queue.core.windows.net", ".table.core.windows.net")
        ):
            return name
        if self._of_application(name):
            return name
        raise Refusal(500011, resource=resource)

    def _of_application(self, name: str) -> bool:
        app_id = name.removeprefix("api://")
        if self._directory.principals.find_by_app_id(app_id) is not None:
            return True
        return name.startswith("api://") and any(
            name in a.current["identifierUris"] for a in self._directory.applications
        )
