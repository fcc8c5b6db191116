"""
What protects whoever has a page of ours open: headers of every answer, and the check of every form.

Two independent checks hold a form: the browser's own word for where it came from (`Sec-Fetch-Site`, `Origin`), and a
token that is signed, expires, and is bound to whom the page was given.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from rotation.domain.errors import Refused
from rotation.web.exchange import JSON, Request, Response
from rotation.web.forms import FORM, fields_of
from rotation.web.principal import Principal
from rotation.web.refusals import ForeignForm
from rotation.workflows import signing
from rotation.workflows.services import Services

FORM_LIFETIME = timedelta(hours=12)
FORM_FIELD = "token"
"""The hidden field of every form."""
PURPOSE = "form"

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_OTHER_POLICY = "default-src 'none'; frame-ancestors 'none'"
_ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Strict-Transport-Security": "max-age=31536000",
}
"""`no-referrer` would make browsers send `Origin: null` with our own forms; `same-origin` tells no other site."""


def protected(response: Response, request: Request) -> Response:
    """Add the headers that every answer carries; what the handler set itself stays, such as a longer caching."""
    policy = _PAGE_POLICY if response.media_type.startswith("text/html") else _OTHER_POLICY
    headers: Mapping[str, str] = {**_ALWAYS, "Content-Security-Policy": policy, **response.headers}
    return replace(response, headers=headers, body=None if request.method == "HEAD" else response.body)


def came_from_our_page(request: Request) -> None:
    """
    Pass where a browser says that the request came from our own page, or no browser sent it.

    A page of another site can send JSON only after asking us first (CORS), which we never grant: a body of another
    type may be a plain form of theirs, so it is refused unless a form of ours is expected.

    Raises:
        ForeignForm: It came from elsewhere.
    """
    site = request.headers.get("sec-fetch-site", "")
    origin = request.headers.get("origin", "")
    if site and site not in {"same-origin", "none"}:
        raise ForeignForm
    if origin and urlsplit(origin).netloc.lower() not in _own_hosts(request):
        raise ForeignForm
    is_json = request.headers.get("content-type", "").partition(";")[0].strip().lower() == JSON
    if not (site or origin or is_json or request.headers.get("content-type", "").lower().startswith(FORM)):
        raise ForeignForm


def _own_hosts(request: Request) -> set[str]:
    """Give the names under which the browser may know us: the front ends of App Service rewrite `Host`."""
    names = ("host", "x-forwarded-host", "disguised-host")
    return {request.headers[name].lower() for name in names if name in request.headers}


async def form_token(services: Services, principal: Principal) -> str:
    """Give what a form of this person must bring back, in the field `FORM_FIELD`."""
    return await signing.sign(services, PURPOSE, {"for": principal.subject}, lifetime=FORM_LIFETIME)


async def form_was_given(services: Services, request: Request) -> None:
    """
    Pass where the form was given to whoever sends it.

    Raises:
        ForeignForm: The token is missing, expired, or another person's.
    """
    try:
        found = await signing.opened(services, PURPOSE, fields_of(request).get(FORM_FIELD, [""])[-1])
    except Refused:
        raise ForeignForm from None
    if found.claims.get("for") != request.principal.subject:
        raise ForeignForm
