"""
Log Analytics' query API over AADServicePrincipalSignInLogs, with its blind spots (protocol.md "Usage sources").

It shows app-only sign-ins with their address and resource, late; it never shows one with a user in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.entra import dates
from sandbox.entra.directory import Directory
from sandbox.entra.kql import BadQuery, Row, run_query
from sandbox.entra.policies import span
from sandbox.entra.tokens import TokenError, Tokens
from sandbox.entra.truth import SignIn
from sandbox.shared import FaultMiddleware, Faults

AUDIENCE = "https://api.loganalytics.io"
TABLE = "AADServicePrincipalSignInLogs"


@dataclass(slots=True, kw_only=True)
class SignInLogs:
    """
    One workspace that the tenant's sign-ins go to, and `further` ones that get none of them.

    `refused` names the client ids that lack the role to read them.
    """

    directory: Directory
    tokens: Tokens
    workspace_id: str
    further: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)

    async def query(self, request: Request) -> Response:
        _, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            caller = self.tokens.validate(token, AUDIENCE)
        except TokenError as error:
            return _error(401, "InvalidTokenError", f"The provided authentication is not valid: {error}")
        if request.path_params["workspace"] not in {self.workspace_id, *self.further}:
            return _error(404, "WorkspaceNotFoundError", "The workspace could not be found")
        if caller.app_id in self.refused:
            return _error(403, "InsufficientAccessError", "The provided credentials have insufficient access")
        asked = dict(request.query_params) if request.method == "GET" else await request.json()
        workspaces = {request.path_params["workspace"], *(asked.get("workspaces") or ())}
        try:
            with self.directory.lock:
                found = self._run(str(asked.get("query", "")), str(asked.get("timespan") or ""), workspaces)
        except (BadQuery, ValueError) as error:
            return _error(400, "BadArgumentError", f"The request had some invalid properties: {error}")
        return JSONResponse(_body(found, self.directory.behaviour.sign_in_log_rows))

    def _run(self, query: str, timespan: str, workspaces: set[str]) -> list[Row]:
        if unknown := workspaces - {self.workspace_id} - self.further:
            raise BadQuery(f"the workspace '{min(unknown)}' could not be found")
        now = self.directory.clock.now()
        first, last = _window(timespan, now)
        kept = self._rows(now) if self.workspace_id in workspaces else ()
        rows = [row for row in kept if first <= row["TimeGenerated"] <= last]
        return run_query(query, {TABLE: rows}, now=now)

    def _rows(self, now: datetime) -> Iterator[Row]:
        caught_up_to = now - timedelta(seconds=self.directory.behaviour.sign_in_log_lag_seconds)
        for sign_in in self.directory.truth.sign_ins:
            if sign_in.at <= caught_up_to and not sign_in.with_user:
                yield self._row(sign_in)

    def _row(self, sign_in: SignIn) -> Row:
        principal = self.directory.principals.find_by_app_id(sign_in.app_id)
        return {
            "TimeGenerated": sign_in.at,
            "ResultType": str(sign_in.error),
            "AppId": sign_in.app_id,
            "ServicePrincipalId": "" if principal is None else principal.id,
            "ServicePrincipalName": "" if principal is None else str(principal.current.get("displayName")),
            "ServicePrincipalCredentialKeyId": sign_in.key_id or "",
            "IPAddress": sign_in.address,
            "ResourceDisplayName": sign_in.resource,
            "ResourceIdentity": sign_in.resource,
            "CorrelationId": sign_in.request_id,
            "Id": sign_in.request_id,
        }


def _window(timespan: str, now: datetime) -> tuple[datetime, datetime]:
    """Read an ISO 8601 duration, or start/end; nothing means everything."""
    if not timespan:
        return now - timedelta(days=36500), now
    first, _, last = timespan.partition("/")
    if not last:
        return now - span(first), now
    end = dates.parse(last)
    return (end - span(first) if first.startswith("P") else dates.parse(first)), end


def _body(rows: list[Row], at_most: int) -> dict[str, Any]:
    """Give the answer; what is too much comes with status 200, in part, and with an error beside it."""
    if len(rows) <= at_most:
        return {"tables": [_table(rows)]}
    message = f"The results of this query exceed the set limit of {at_most} records"
    error = {"code": "PartialError", "message": "There were some errors when processing your query."}
    details = [{"code": "EngineError", "message": message, "innererror": {"code": "-2133196797"}}]
    return {"tables": [_table(rows[:at_most])], "error": {**error, "details": details}}


def _table(rows: list[Row]) -> dict[str, Any]:
    names = list(rows[0]) if rows else []
    kinds = {datetime: "datetime", int: "long"}
    columns = [{"name": name, "type": kinds.get(type(rows[0][name]), "string")} for name in names]
    return {"name": "PrimaryResult", "columns": columns, "rows": [[_cell(row[name]) for name in names] for row in rows]}


def _cell(value: Any) -> Any:
    return dates.wire(value) if isinstance(value, datetime) else value


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


def make_sign_in_logs(logs: SignInLogs, *, faults: Faults) -> Starlette:
    """Give the ASGI application (faults: part "logs")."""
    return Starlette(
        routes=[Route("/v1/workspaces/{workspace}/query", logs.query, methods=["GET", "POST"])],
        middleware=[Middleware(FaultMiddleware, faults=faults, part="logs")],
    )
