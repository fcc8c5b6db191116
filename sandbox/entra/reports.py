"""Graph beta's report of credential use: late, and silent about what was never used (protocol.md)."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sandbox.entra import dates
from sandbox.entra.answers import Answer, GraphError, GraphRequest, answer
from sandbox.entra.directory import Directory
from sandbox.entra.listing import next_link
from sandbox.entra.queries import parse_query
from sandbox.entra.rights import READ_REPORTS, need
from sandbox.entra.truth import SignIn

_NO_OPTIONS: frozenset[str] = frozenset()


def credential_use(directory: Directory, request: GraphRequest) -> Answer:
    """Page through one row per credential that was ever used, as far as the report has caught up."""
    need(request.caller, READ_REPORTS)
    _beta_only(request)
    query = parse_query(request, known=_NO_OPTIONS)
    keep = query.filter.keep if query.filter else lambda _row: True
    rows = [row for row in _rows(directory) if keep(row)]
    page = rows[query.after : query.after + query.top]
    context = f"{request.base}/{request.version}/$metadata#reports/appCredentialSignInActivities"
    body: dict[str, Any] = {"@odata.context": context}
    if len(rows) > query.after + query.top:
        body["@odata.nextLink"] = next_link(request, query.after + query.top)
    return answer(200, {**body, "value": page})


def one_credential_use(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_REPORTS)
    _beta_only(request)
    for row in _rows(directory):
        if row["id"] == request.arguments["id"]:
            return answer(200, row)
    raise GraphError(404, "NotFound", "The credential activity was not found.")


def _beta_only(request: GraphRequest) -> None:
    if request.version != "beta":
        raise GraphError(400, "BadRequest", "Resource not found for the segment 'appCredentialSignInActivities'.")


def _rows(directory: Directory) -> Iterator[dict[str, Any]]:
    caught_up_to = directory.clock.now() - timedelta(seconds=directory.behaviour.sign_in_report_lag_seconds)
    for key_id, sign_ins in directory.truth.by_key.items():
        known = [s for s in sign_ins if s.at <= caught_up_to]
        if known:
            yield _row(directory, key_id, max(known, key=lambda s: s.at))


def _row(directory: Directory, key_id: str, last: SignIn) -> dict[str, Any]:
    minted = directory.truth.minted.get(key_id)
    application = directory.applications.find_by_app_id(last.app_id)
    principal = directory.principals.find_by_app_id(last.app_id)
    return {
        "id": base64.urlsafe_b64encode(f"{last.app_id}.{key_id}".encode()).decode().rstrip("="),
        "keyId": key_id,
        "keyType": "clientSecret" if minted else "certificate",
        "keyUsage": "verify",
        "appId": last.app_id,
        "appObjectId": None if application is None else application.id,
        "servicePrincipalObjectId": None if principal is None else principal.id,
        "resourceId": last.resource,
        "credentialOrigin": "application",
        "createdDateTime": dates.wire(minted.start) if minted else None,
        "expirationDateTime": dates.wire(minted.end) if minted else None,
        "signInActivity": {
            "lastSignInDateTime": dates.wire(last.at, digits=0),
            "lastSignInRequestId": last.request_id,
        },
    }
