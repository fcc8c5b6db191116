"""
Web apps as Azure Resource Manager shows them: their settings, slots, and Key Vault references (integrations.md B2).

What the real service does and clients trip over: the PUT of the settings replaces all of them, has no etag, and
restarts the app; a reference is resolved at a restart and when told to look again, and otherwise stays as it is.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

REFERENCE = "@Microsoft.KeyVault("
_URI = re.compile(
    r"SecretUri=https://(?P<vault>[^./:)]+)[^/)]*/secrets/(?P<name>[^/)]+)/?(?P<version>[0-9a-fA-F]*)/?\)"
)
_NAMED = re.compile(r"VaultName=(?P<vault>[^;)]+);SecretName=(?P<name>[^;)]+)(;SecretVersion=(?P<version>[^;)]*))?\)")

type Latest = Callable[[str, str], str | None]
"""Gives the newest enabled version of a secret, by its vault's name and its own; None: there is none."""
type Guard = Callable[[Request], Response | None]
"""Refuses a request that bears no good token."""


@dataclass(slots=True)
class Site:
    """One app, or one of its slots."""

    path: str
    settings: dict[str, str]
    sticky: frozenset[str] = frozenset()
    """Settings that stay with the slot when slots are swapped (`slotConfigNames`); no PUT of settings changes them."""
    restarts: int = 0
    refreshed: int = 0
    resolved: dict[str, str] = field(default_factory=dict)
    """The version that each reference was last resolved to."""


class Sites:
    """All apps by their resource ids, which take any case."""

    def __init__(self, latest: Latest) -> None:
        self._latest = latest
        self._sites: dict[str, Site] = {}
        self.seen: list[str] = []
        """Method and address of every request."""

    def add(self, path: str, settings: Mapping[str, str], *, sticky: Iterable[str] = ()) -> Site:
        """Make an app, or a slot of one."""
        site = Site(path, dict(settings), sticky=frozenset(sticky))
        self._sites[path.lower()] = site
        self._resolve(site)
        return site

    def __getitem__(self, path: str) -> Site:
        """Give the app of that resource id."""
        return self._sites[path.lower()]

    def routes(self, guard: Guard) -> list[Route]:
        """Give the routes, for apps and for slots alike."""
        doors = _Doors(self, guard)
        root = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{name}"
        config = [f"{root}/config", f"{root}/slots/{{slot}}/config"]
        return [
            route
            for base in config
            for route in (
                Route(f"{base}/appsettings/list", doors.listed, methods=["POST"]),
                Route(f"{base}/appsettings", doors.replaced, methods=["PUT"]),
                Route(f"{base}/configreferences/appsettings/refresh", doors.refresh, methods=["POST"]),
                Route(f"{base}/configreferences/appsettings/{{setting}}", doors.reference, methods=["GET"]),
            )
        ]

    def put(self, site: Site, settings: Mapping[str, str]) -> None:
        """Replace all settings; the app restarts, and its references are resolved anew."""
        site.settings = dict(settings)
        site.restarts += 1
        self._resolve(site)

    def refresh(self, site: Site) -> None:
        """Resolve all references; the app restarts where one leads to another version now."""
        before = dict(site.resolved)
        site.refreshed += 1
        self._resolve(site)
        site.restarts += site.resolved != before

    def find(self, request: Request) -> Site | None:
        """Find the app that a request is about."""
        self.seen.append(f"{request.method} {request.url}")
        return self._sites.get(request.url.path.partition("/config/")[0].lower())

    def _resolve(self, site: Site) -> None:
        site.resolved = {}
        for name, value in site.settings.items():
            found = parts(value)
            version = (found["version"] or self._latest(found["vault"], found["name"])) if found else None
            if version is not None:
                site.resolved[name] = version


def parts(value: str) -> dict[str, str] | None:
    """Take a Key Vault reference apart into vault, name and version; None: it is none, or none that can be read."""
    match = (_URI.search(value) or _NAMED.search(value)) if value.startswith(REFERENCE) else None
    return {key: text or "" for key, text in match.groupdict().items()} if match else None


class _Doors:
    def __init__(self, sites: Sites, guard: Guard) -> None:
        self._sites, self._guard = sites, guard

    async def listed(self, request: Request) -> Response:
        return self._refusal(request) or _settings(self._site(request))

    async def replaced(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        settings = (await request.json()).get("properties")
        if not isinstance(settings, dict) or not all(isinstance(value, str) for value in settings.values()):
            return _error(400, "BadRequest", "properties is a dictionary of texts")
        self._sites.put(self._site(request), settings)
        return _settings(self._site(request))

    async def refresh(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        self._sites.refresh(self._site(request))
        return JSONResponse({"value": []})

    async def reference(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        site, name = self._site(request), request.path_params["setting"]
        value = site.settings.get(name, "")
        if not value.startswith(REFERENCE):
            return _error(404, "NotFound", f"there is no reference {name}")
        return JSONResponse(_envelope(site, f"configreferences/appsettings/{name}", _told(site, name, value)))

    def _refusal(self, request: Request) -> Response | None:
        if "api-version" not in request.query_params:
            return _error(400, "MissingApiVersionParameter", "the query parameter api-version is required")
        missing = self._sites.find(request) is None
        return self._guard(request) or (_error(404, "ResourceNotFound", "there is no such app") if missing else None)

    def _site(self, request: Request) -> Site:
        site = self._sites.find(request)
        assert site is not None
        return site


def _settings(site: Site) -> Response:
    return JSONResponse(_envelope(site, "appsettings", site.settings))


def _told(site: Site, name: str, value: str) -> dict[str, Any]:
    found, version = parts(value), site.resolved.get(name)
    common = {"reference": value, "source": "KeyVault", "identityType": {"type": "SystemAssigned"}}
    if found is None:
        return {**common, "status": "InvalidSyntax"}
    named = {"vaultName": found["vault"], "secretName": found["name"], "secretVersion": found["version"] or None}
    status = "Resolved" if version else "SecretNotFound"
    return {**common, **named, "status": status, "details": f"The reference is {status}.", "activeVersion": version}


def _envelope(site: Site, what: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    head = {"id": f"{site.path}/config/{what}", "name": what.rpartition("/")[2], "type": "Microsoft.Web/sites/config"}
    return {**head, "location": "West Europe", "properties": dict(properties)}


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
