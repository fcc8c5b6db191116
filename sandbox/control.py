"""
The sandbox's control server: JSON over HTTPS, no sign-in, never part of the product.

GET /state; GET, POST /clock {"offset_seconds"} or {"shift_seconds"}; GET, POST, DELETE /faults[/{id}];
GET, POST /behaviour (members of Behaviour; "refuse_sign_in": {client id: AADSTS number or null}; "vault":
settings of the vault); GET /truth/{entra, vault, downstream, canaries, mails}; GET /inbox[/{number}] (the
mails, to look at in a browser); POST /tenant (a tenant document, or a list of applications); POST /secrets
{"app_id", ...} and DELETE /secrets/{app_id}/{key_id} for foreign hands.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox import inbox
from sandbox.entra import dates
from sandbox.entra.answers import GraphError
from sandbox.entra.service import SOMEBODY, Entra
from sandbox.shared import Faults, SandboxClock
from sandbox.tenant.document import from_document
from sandbox.tenant.refusal import NotATenant


@dataclass(slots=True, kw_only=True)
class Control:
    """What can be asked and told. `vaults` and `downstream` are their parts' ground-truth objects."""

    entra: Entra
    clock: SandboxClock
    faults: Faults
    urls: Callable[[], Mapping[str, str]]
    vaults: Mapping[str, Any] = field(default_factory=dict)
    downstream: Any = None

    async def state(self, _request: Request) -> Response:
        directory = self.entra.directory
        counts = {
            "applications": len(directory.applications),
            "servicePrincipals": len(directory.principals),
            "users": len(directory.users),
            "signIns": len(directory.truth.sign_ins),
            "mails": len(directory.truth.mails),
        }
        settings = {"behaviour": self.entra.behaviour.as_json(), "faults": self.faults.rules()}
        return JSONResponse(
            {"tenantId": self.entra.tenant_id, "urls": dict(self.urls()), **self._clock(), **counts, **settings}
        )

    def _clock(self) -> dict[str, Any]:
        return {"now": self.clock.now().isoformat(), "offset_seconds": self.clock.offset.total_seconds()}

    async def get_clock(self, _request: Request) -> Response:
        return JSONResponse(self._clock())

    async def move_clock(self, request: Request) -> Response:
        asked = await request.json()
        if "offset_seconds" in asked:
            self.clock.set_offset(timedelta(seconds=float(asked["offset_seconds"])))
        if "shift_seconds" in asked:
            self.clock.shift(timedelta(seconds=float(asked["shift_seconds"])))
        return JSONResponse(self._clock())

    async def list_faults(self, _request: Request) -> Response:
        return JSONResponse({"value": self.faults.rules()})

    async def add_fault(self, request: Request) -> Response:
        return JSONResponse({"id": self.faults.add(await request.json())}, status_code=201)

    async def remove_faults(self, request: Request) -> Response:
        rule_id = request.path_params.get("id")
        if rule_id is None:
            self.faults.clear()
        elif not self.faults.remove(rule_id):
            return JSONResponse({"error": f"no rule {rule_id}"}, status_code=404)
        return Response(status_code=204)

    async def get_behaviour(self, _request: Request) -> Response:
        return JSONResponse(self.entra.behaviour.as_json())

    async def change_behaviour(self, request: Request) -> Response:
        asked = dict(await request.json())
        for app_id, number in dict(asked.pop("refuse_sign_in", {})).items():
            self.entra.refuse_sign_in(app_id, number)
        if settings := asked.pop("vault", None):
            for vault in self.vaults.values():
                vault.behave(settings)
        self.entra.behaviour.update(asked)
        return JSONResponse(self.entra.behaviour.as_json())

    async def truth(self, request: Request) -> Response:
        with self.entra.directory.lock:
            return JSONResponse(self._truth(request.path_params["part"]))

    def _truth(self, part: str) -> Any:
        match part:
            case "entra":
                return self.entra.truth.as_json()
            case "mails":
                return {"value": self.entra.truth.mails}
            case "vault":
                return {name: vault.truth() for name, vault in self.vaults.items()}
            case "downstream":
                return {"value": [] if self.downstream is None else self.downstream.truth()}
            case "canaries":
                held = [text for vault in self.vaults.values() for text in vault.canaries()]
                pasted = [] if self.downstream is None else self.downstream.canaries()
                return {"value": sorted({*self.entra.canaries(), *held, *pasted})}
            case _:
                raise ValueError(f"no ground truth of {part!r}")

    async def inbox(self, _request: Request) -> Response:
        with self.entra.directory.lock:
            return HTMLResponse(inbox.listed(self.entra.truth.mails))

    async def one_mail(self, request: Request) -> Response:
        with self.entra.directory.lock:
            return HTMLResponse(inbox.shown(self.entra.truth.mails[request.path_params["number"]]))

    async def load(self, request: Request) -> Response:
        """Take a tenant document (sandbox/tenant/document.py), or a list of applications as Graph gives them."""
        document = await request.json()
        applications = document.get("value") if isinstance(document, Mapping) and "format" not in document else document
        if isinstance(applications, list):
            self.entra.load(applications)
        else:
            self.entra.load_tenant(from_document(document))
        return JSONResponse({"applications": len(self.entra.directory.applications)})

    async def add_secret(self, request: Request) -> Response:
        asked = dict(await request.json())
        for name in ("start", "end"):
            if name in asked:
                asked[name] = dates.parse(asked[name])
        return JSONResponse(self.entra.add_secret(asked.pop("app_id"), **asked), status_code=201)

    async def remove_secret(self, request: Request) -> Response:
        path = request.path_params
        self.entra.remove_secret(path["app_id"], path["key_id"], by=request.query_params.get("by", SOMEBODY))
        return Response(status_code=204)


async def _refuse(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=400)


def make_control(control: Control) -> Starlette:
    """Give the ASGI application of the control server; a request that makes no sense is 400 with the reason."""
    refused = (ValueError, KeyError, TypeError, LookupError, OverflowError, re.PatternError, GraphError, NotATenant)
    return Starlette(
        routes=[
            Route("/state", control.state),
            Route("/clock", control.get_clock),
            Route("/clock", control.move_clock, methods=["POST"]),
            Route("/faults", control.list_faults),
            Route("/faults", control.add_fault, methods=["POST"]),
            Route("/faults", control.remove_faults, methods=["DELETE"]),
            Route("/faults/{id}", control.remove_faults, methods=["DELETE"]),
            Route("/behaviour", control.get_behaviour),
            Route("/behaviour", control.change_behaviour, methods=["POST"]),
            Route("/truth/{part}", control.truth),
            Route("/inbox", control.inbox),
            Route("/inbox/{number:int}", control.one_mail),
            Route("/tenant", control.load, methods=["POST"]),
            Route("/secrets", control.add_secret, methods=["POST"]),
            Route("/secrets/{app_id}/{key_id}", control.remove_secret, methods=["DELETE"]),
        ],
        exception_handlers=dict.fromkeys(refused, _refuse),
    )
