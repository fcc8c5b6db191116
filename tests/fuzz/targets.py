"""Every reader of what somebody else writes, with what it may be given and what it may answer with."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from hypothesis import strategies as st

from rotation.adapters.graph import wire
from rotation.adapters.graph.listing import read_listing
from rotation.adapters.graph.pages import items_of
from rotation.config import ConfigurationRefused, load
from rotation.domain import messages
from rotation.domain.credential import Marker
from rotation.domain.errors import BrokenInvariant, DestinationRefused, Misread, NewerVersion, Unavailable
from rotation.domain.identifiers import RotationId
from rotation.domain.messages import UnreadableMessage
from rotation.domain.retry_after import retry_after
from rotation.domain.schedule import Schedule
from rotation.integrations.catalogue import KINDS
from rotation.integrations.kinds.agent.formats import FORMATS
from rotation.integrations.kinds.webhook import receipt
from rotation.integrations.mark import Mark
from rotation.integrations.outbound.bodies import object_in
from rotation.integrations.outbound.wire import Answer, Call
from rotation.ledger.notices import OUTBOX
from rotation.web.bodies import BadRequest, Body, read
from rotation.web.exchange import Request
from sandbox.tenant import azure_cli, document
from sandbox.tenant.model import Tenant
from sandbox.tenant.refusal import NotATenant
from tests.contract.harness_base import shipment
from tests.fuzz.inputs import ANY_JSON, damaged, documents, raw, texts

ONE = "0f8fad5b-d9cb-469f-a165-70867728950e"
ULID = "01KJP4DZV00000000000000006"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One reader: what it is given, and the errors that are answers."""

    name: str
    given: st.SearchStrategy[Any]
    read: Callable[[Any], object]
    answers: tuple[type[Exception], ...] = ()

    def try_on(self, what: Any) -> None:
        """Let it read *what*; only an error that is no answer comes out."""
        with suppress(*self.answers):
            self.read(what)


LISTED = {
    "id": ONE,
    "appId": ONE,
    "displayName": "billing",
    "isDisabled": False,
    "tags": ["a"],
    "passwordCredentials": [
        {"keyId": ONE, "displayName": f"billing (rotation:{ULID}.1)", "endDateTime": "2026-12-05T07:00:00.1234567Z"},
        {"keyId": ONE, "displayName": None, "endDateTime": None},
    ],
}
PAGE = {"@odata.nextLink": "https://graph.microsoft.com/v1.0/applications?$skiptoken=x", "value": [LISTED]}
OWNERS = {
    "value": [{"@odata.type": "#microsoft.graph.user", "id": ONE, "displayName": "Ada", "mail": "ada@contoso.com"}]
}
USAGE = {"appId": ONE, "keyId": ONE, "signInActivity": {"lastSignInDateTime": "2026-11-05T07:00:00Z"}}
BATCH = {"responses": [{"id": "1", "status": 200, "headers": {"Retry-After": "7"}, "body": OWNERS}]}
HEADERS = st.text(max_size=30) | st.sampled_from(
    ["7", "²", "1e999", "-1", "9" * 400, "0.5", "Wed, 21 Oct 2026 07:28:00 GMT", "nan"]
)


def _wire(name: str, model: type[wire.Wire], good: Any) -> Target:
    return Target(
        name=f"graph: {name}",
        given=raw(documents(good)),
        read=lambda body: wire.validated(model, body, "read it"),
        answers=(Unavailable,),
    )


GRAPH = (
    Target(
        name="graph: page of applications",
        given=raw(documents(PAGE)),
        read=lambda body: read_listing(body, "read it"),
        answers=(Unavailable,),
    ),
    Target(
        name="graph: other pages",
        given=raw(documents(PAGE)),
        read=lambda body: items_of(body, "it"),
        answers=(Unavailable,),
    ),
    _wire("application", wire.WireApplication, LISTED),
    _wire("owners", wire.WireOwners, OWNERS),
    _wire("usage", wire.WireUsage, USAGE),
    _wire("batch", wire.WireBatch, BATCH),
    Target(name="graph: marker in a display name", given=texts(f"billing (rotation:{ULID}.1)"), read=Marker.read),
)


def _message(name: str, reader: Callable[[str], object], good: Any) -> Target:
    return Target(name=f"queue: {name}", given=documents(good), read=reader, answers=(UnreadableMessage, NewerVersion))


QUEUES = (
    _message("scans", messages.read_scan, {"v": 1, "scan": ULID}),
    _message("rotations", messages.read_rotation, {"v": 1, "rotation": f"{ONE}.{ULID}"}),
    _message("deliveries", messages.read_delivery, {"v": 1, "rotation": f"{ONE}.{ULID}", "destination": "there"}),
    Target(name="queue: references for logs", given=documents({"v": 1, "key": "digest-1"}), read=messages.references),
    _message("notices", messages.read_notice, {"v": 1, "key": "digest-1"}),
)


class _Everything(Body):
    application: str
    line: str = "default"
    key_ids: tuple[str, ...] = ()
    yes: bool = False


def _body(body: bytes) -> object:
    return read(_Everything, Request(method="POST", path="/api/rotations", body=body))


SMALL = """\
defaults: {lifetime: 180d, window: {days: [mon], hours: "22:00-05:00", zone: Europe/Amsterdam}}
policies:
  - name: billing
    select: {client_ids: [6c4b2f6e-6e0b-4f5e-9c52-0d5f7f1a2b3c], names: ["a*"]}
    mode: rotate
    destinations: [there]
destinations:
  there: {kind: webhook, url: "https://deploy.contoso.com/x", signing_secret: key}
audiences: {platform: {mail: [a@contoso.com]}}
reminders: {rungs: [60d, expired], fallback: platform, sender: rotation@contoso.com}
"""

OURS = (
    Target(
        name="http: bodies",
        given=raw(documents({"application": "x", "keyIds": [ONE], "yes": True})),
        read=_body,
        answers=(BadRequest,),
    ),
    Target(
        name="rotation.yaml",
        given=texts(SMALL),
        read=lambda text: load(text, name="r.yaml", kinds=KINDS),
        answers=(ConfigurationRefused,),
    ),
    Target(
        name="schedule",
        given=texts("0 0 2 * * *", "*/5 1-3,7 0 1 JAN MON-FRI"),
        read=Schedule.parse,
        answers=(Misread,),
    ),
    Target(name="rotation id", given=texts(f"{ONE}.{ULID}"), read=RotationId.parse, answers=(Misread,)),
    Target(
        name="ledger: a row's record",
        given=documents({"kind": "rotated", "audience": "x", "message": {"title": "a", "summary": "b", "items": []}}),
        read=lambda text: OUTBOX.record({"state": text}),
        answers=(BrokenInvariant,),
    ),
)

CALL = Call(method="GET", url="https://there.example/x", headers={})
SHIPMENT = shipment(now=datetime(2026, 11, 30, tzinfo=UTC))
STATE = {"key_id": SHIPMENT.key_id, "version": SHIPMENT.version, "signed_in": True}
TAGS = {"managed-by": "Rotation", "rotation": f"{ONE}.{ULID}", "line": "default", "key-id": ONE}
PLACES = {"dotenv": "SECRET", "ini": "[azure] secret", "json": "/azure/secret", "xml": "/a/b[@key='x']/@value"}
FILES = {
    "dotenv": "A=1\nexport SECRET='x y' # told\n",
    "ini": "[azure]\nsecret = x\n; told\n",
    "json": '{"azure": {"secret": "x"}, // told\n "b": [1, null,]}',
    "xml": "<?xml version='1.0'?><a><!-- told --><b key='x' value='y'/><b>z</b></a>",
}


def _file(name: str) -> Target:
    return Target(
        name=f"file on a server: {name}",
        given=texts(FILES[name]),
        read=lambda text: FORMATS[name].locate(text, PLACES[name]),
    )


def _are_texts(tags: Any) -> bool:
    return isinstance(tags, dict) and all(isinstance(each, str) for each in tags.values())


DESTINATIONS = (
    Target(name="webhook: receipt", given=raw(documents(STATE)), read=lambda body: receipt.verdict(body, SHIPMENT)),
    Target(
        name="destinations: JSON answers",
        given=raw(documents(STATE)),
        read=lambda body: object_in(Answer(status=200, headers=httpx.Headers(), body=body), CALL),
        answers=(DestinationRefused,),
    ),
    Target(name="Retry-After", given=HEADERS, read=lambda told: retry_after(told, now=SHIPMENT.end_at)),
    Target(name="destinations: our mark", given=damaged(TAGS).filter(_are_texts), read=Mark.read),
    *(_file(name) for name in sorted(FILES)),
)


def _tenant_file(body: bytes) -> object:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "applications.json"
        path.write_bytes(body)
        return azure_cli.load(path)


TENANTS = (
    Target(name="sandbox: az ad app list", given=raw(documents([LISTED])), read=_tenant_file, answers=(NotATenant,)),
    Target(
        name="sandbox: tenant document",
        given=ANY_JSON
        | damaged(document.to_document(Tenant(tenant_id=ONE, display_name="a", default_domain="a.example"))),
        read=document.from_document,
        answers=(NotATenant,),
    ),
)

TARGETS: Sequence[Target] = (*GRAPH, *QUEUES, *OURS, *DESTINATIONS, *TENANTS)
