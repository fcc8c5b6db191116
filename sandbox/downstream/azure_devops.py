"""
As much of Azure DevOps as deliveries meet: variable groups and service connections (integrations.md B2, rows 4 and 5).

What the real service does and clients trip over: a PUT of a group deletes every variable that it leaves out, keeps a
secret one whose value is null, and wants the projects named; secrets are answered as null; a token that is not known
gets the sign-in page with status 203; a service connection that is not there is 200 with `null`.
"""

import base64
import copy
import itertools
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.shared import FaultMiddleware, Faults

PROJECT = {"id": "7c4a1f2e-0000-4000-8000-00000000abcd", "name": "Payments"}
GROUP_FIELDS = ("name", "description", "type", "providerData", "variables", "variableGroupProjectReferences")
PLACES = {
    "Location": (("e81700f7-3be2-46de-8624-2eb35882fcaa", "ResourceAreas", "_apis/{resource}/{areaId}"),),
    "distributedtask": (
        ("f5b09dd5-9d54-45a1-8b5a-1c8287d634cc", "variablegroups", "{project}/_apis/{area}/{resource}/{groupId}"),
        ("ef5b7057-ffc3-4c77-bbad-c10b4a4abcc7", "variablegroups", "_apis/{area}/{resource}/{groupId}"),
    ),
    "serviceendpoint": (
        ("e85f1c62-adfc-4b74-b618-11a150fb195e", "endpoints", "{project}/_apis/{area}/{resource}/{endpointId}"),
        ("14e48fdc-2c8b-41ce-a0c3-e26f6cc55bd0", "endpoints", "_apis/{area}/{resource}/{endpointId}"),
    ),
}
"""Ids and routes of the APIs, as azure-devops-node-api knows them."""
HIDDEN = ("serviceprincipalkey", "spnCertificate", "password", "apitoken")
"""Parameters of a service connection that are never shown."""


class AzureDevOps:
    """One organisation with one project; its tokens are what `tokens` holds."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = set(tokens)
        self.groups: dict[int, dict[str, Any]] = {}
        self.connections: dict[str, dict[str, Any]] = {}
        self.seen: list[str] = []
        """Method and address of every request."""
        self._times = itertools.count(1)

    def add_group(self, number: int, variables: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Make a variable group."""
        home = {"projectReference": PROJECT, "name": f"group-{number}", "description": None}
        group = {"id": number, "name": f"group-{number}", "type": "Vsts", "variables": dict(variables)}
        told = {"createdBy": _person("Ada"), "createdOn": self._now(), "isShared": False}
        self.groups[number] = {**group, **told, "variableGroupProjectReferences": [home], **more}
        return self.groups[number]

    def add_connection(self, identifier: str, authorization: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Make a service connection."""
        self.connections[identifier] = {
            "id": identifier,
            "name": "azure-production",
            "type": "azurerm",
            "url": "https://management.azure.com/",
            "description": "deploys payments",
            "authorization": copy.deepcopy(dict(authorization)),
            "data": {"environment": "AzureCloud", "scopeLevel": "Subscription", "creationMode": "Manual"},
            "isShared": False,
            "isReady": True,
            "isOutdated": False,
            "owner": "library",
            "createdBy": _person("Ada"),
            "serviceEndpointProjectReferences": [{"projectReference": PROJECT, "name": "azure-production"}],
            **more,
        }
        return self.connections[identifier]

    def put_group(self, number: int, sent: Mapping[str, Any]) -> None:
        """Replace a group as the service does."""
        kept, group = self.groups[number]["variables"], self.groups[number]
        group |= {name: sent.get(name) for name in GROUP_FIELDS}
        group["variables"] = {
            name: {**value, "value": _value(value, kept.get(name))} for name, value in (sent["variables"] or {}).items()
        }
        group |= {"modifiedBy": _person("Rotation"), "modifiedOn": self._now()}

    def put_connection(self, identifier: str, sent: Mapping[str, Any]) -> None:
        """Replace a service connection as the service does; a hidden parameter that is null stays what it was."""
        before = self.connections[identifier]["authorization"].get("parameters", {})
        parameters = {
            name: before.get(name) if value is None and name in HIDDEN else value
            for name, value in sent["authorization"]["parameters"].items()
        }
        written = {**sent, "authorization": {**sent["authorization"], "parameters": parameters}}
        changed = {"modifiedBy": _person("Rotation"), "modificationDate": self._now()}
        self.connections[identifier] = {**written, **changed, "operationStatus": {"state": "Ready"}}

    def app(self, faults: Faults) -> Starlette:
        """Give the ASGI application (faults: part "azure-devops")."""
        doors = _Doors(self)
        places = _Places()
        groups, connections = "_apis/distributedtask/variablegroups/{id:int}", "_apis/serviceendpoint/endpoints/{id}"
        return Starlette(
            routes=[
                Route(f"/contoso/{{project}}/{groups}", doors.group, methods=["GET"]),
                Route(f"/contoso/{groups}", doors.replace_group, methods=["PUT"]),
                Route(f"/contoso/{{project}}/{connections}", doors.connection, methods=["GET"]),
                Route(f"/contoso/{connections}", doors.replace_connection, methods=["PUT"]),
                Route("/contoso/_apis/ResourceAreas", places.areas, methods=["GET"]),
                Route("/contoso/_apis/{area}", places.of_area, methods=["OPTIONS"]),
            ],
            middleware=[Middleware(FaultMiddleware, faults=faults, part="azure-devops")],
        )

    def _now(self) -> str:
        return f"2026-03-02T02:00:{next(self._times) % 60:02}.123Z"


class _Doors:
    def __init__(self, devops: AzureDevOps) -> None:
        self._devops = devops

    async def group(self, request: Request) -> Response:
        number = request.path_params["id"]
        refused = self._refusal(request, known=number in self._devops.groups)
        return refused or JSONResponse(shown_group(self._devops.groups[number]))

    async def replace_group(self, request: Request) -> Response:
        number = request.path_params["id"]
        if (refused := self._refusal(request, known=number in self._devops.groups)) is not None:
            return refused
        sent = await request.json()
        if not sent.get("variableGroupProjectReferences"):
            return _error(400, "Project information name is not valid for variable group.")
        if not sent.get("name") or not sent.get("variables"):
            return _error(400, "A variable group has a name and at least one variable.")
        self._devops.put_group(number, sent)
        return JSONResponse(shown_group(self._devops.groups[number]))

    async def connection(self, request: Request) -> Response:
        found = self._devops.connections.get(request.path_params["id"])
        return self._refusal(request, known=True) or JSONResponse(shown_connection(found) if found else None)

    async def replace_connection(self, request: Request) -> Response:
        identifier = request.path_params["id"]
        if (refused := self._refusal(request, known=identifier in self._devops.connections)) is not None:
            return refused
        sent = await request.json()
        if sent.get("id") != identifier or not sent.get("serviceEndpointProjectReferences"):
            return _error(400, "The service connection and its projects must be sent whole.")
        self._devops.put_connection(identifier, sent)
        return JSONResponse(shown_connection(self._devops.connections[identifier]))

    def _refusal(self, request: Request, *, known: bool) -> Response | None:
        self._devops.seen.append(f"{request.method} {request.url}")
        if _token(request) not in self._devops.tokens:
            page = HTMLResponse("<html>Azure DevOps Services | Sign In</html>", 203)
            return page if request.method == "GET" else Response(status_code=401)
        said = "api-version" in request.query_params or "api-version" in request.headers.get("accept", "")
        if not said and request.method != "GET":
            return _error(400, "No api-version was supplied for the request.")
        return None if known else _error(404, "It does not exist, or you do not have permission to see it.")


class _Places:
    """What Microsoft's own clients ask first: where each API is, by its id."""

    async def areas(self, _request: Request) -> Response:
        """Say that all areas are here, as Azure DevOps Server does."""
        return JSONResponse({"count": 0, "value": None})

    async def of_area(self, request: Request) -> Response:
        area = request.path_params["area"]
        told = [_place(area, each) for each in PLACES.get(area, ())]
        return JSONResponse({"count": len(told), "value": told})


def _place(area: str, place: tuple[str, str, str]) -> dict[str, Any]:
    identifier, resource, route = place
    versions = {"minVersion": "1.0", "maxVersion": "7.2", "releasedVersion": "0.0", "resourceVersion": 4}
    return {"id": identifier, "area": area, "resourceName": resource, "routeTemplate": route, **versions}


def shown_group(group: Mapping[str, Any]) -> dict[str, Any]:
    """Give a group as it is answered: without the values of secret variables."""
    variables = {
        name: {**value, "value": None} if value.get("isSecret") else value for name, value in group["variables"].items()
    }
    return {**group, "variables": variables}


def shown_connection(connection: Mapping[str, Any]) -> dict[str, Any]:
    """Give a service connection as it is answered: without its key."""
    authorization = connection["authorization"]
    parameters = {
        name: None if name in HIDDEN else value for name, value in authorization.get("parameters", {}).items()
    }
    return {**connection, "authorization": {**authorization, "parameters": parameters}}


def _value(sent: Mapping[str, Any], kept: Mapping[str, Any] | None) -> str | None:
    null = sent.get("value") is None and sent.get("isSecret") and kept is not None and kept.get("isSecret")
    return kept["value"] if null and kept else sent.get("value")


def _token(request: Request) -> str:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        return base64.b64decode(text).decode().partition(":")[2]
    return text if scheme == "Bearer" else ""


def _person(name: str) -> dict[str, str]:
    return {"displayName": name, "id": "00000000-0000-4000-8000-000000000001", "uniqueName": f"{name}@contoso.example"}


def _error(status: int, message: str) -> Response:
    return JSONResponse({"$id": "1", "message": message, "typeKey": "VssServiceException", "errorCode": 0}, status)
