"""Make a page of a template. Jinja is loaded when the first page is asked for: indexing must not wait for it."""

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from rotation.notifications.words import plain, safe_link
from rotation.web.exchange import HTML, Request, Response
from rotation.web.pages import files, words
from rotation.web.principal import Role
from rotation.workflows.services import Services

if TYPE_CHECKING:
    from jinja2 import Environment


def href(*steps: object, **asked: object) -> str:
    """Give the address of a page: its steps, percent-encoded, and what is asked that is not empty."""
    path = "/" + "/".join(quote(str(step), safe="") for step in steps)
    query = urlencode({name: text for name, text in asked.items() if text not in {"", None, False}})
    return f"{path}?{query}" if query else path


def file(name: str) -> str:
    """Give the address of a file of ours, which changes with its content."""
    return href("static", files.stamp(name), name)


def render(services: Services, request: Request, template: str, *, status: int = 200, **told: Any) -> Response:
    """Give the page that *template* makes of what is told."""
    frame = {"now": services.clock.now(), "tenant": services.tenant_id}
    return Response(status=status, body=draw(request, template, **frame | told), media_type=HTML)


def draw(request: Request, template: str, **told: Any) -> str:
    """Give the HTML of a page for whoever asks, with the frame that fits their role."""
    principal = request.principal
    role = max(principal.roles, default=None)
    frame = {
        "who": principal.name if principal.is_known else "",
        "role": role.name.title() if role else "no role",
        "may_read": principal.may(Role.READER),
        "may_operate": principal.may(Role.OPERATOR),
        "may_administer": principal.may(Role.ADMINISTRATOR),
        "here": request.path.strip("/").partition("/")[0],
        "said": request.query.get("said", ""),
        "now": None,
        "tenant": "",
    }
    return environment().get_template(f"pages/{template}").render(**frame | told)


@cache
def environment() -> "Environment":
    """Make the one environment: everything escaped, a name that is not told is a bug."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  # cold start (docs/performance.md)

    made = Environment(
        loader=PackageLoader("rotation.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"plain": plain, "safe_link": safe_link, "utc": utc, "iso": iso, "number": number}
    made.filters |= {"span": words.span, "sentence": words.sentence}
    made.globals |= {
        name: getattr(words, name)
        for name in ("away", "days_away", "endless", "counted", "STATE_WORDS", "LEVELS", "MODES", "SAID")
    }
    made.globals |= {"href": href, "file": file}
    return made


def number(count: int) -> str:
    """Write a number as people read it: `12,431`."""
    return f"{count:,}"


def utc(at: datetime, form: str = "%Y-%m-%d %H:%M UTC") -> str:
    """Write an instant as it is in UTC."""
    return f"{at.astimezone(UTC):{form}}"


def iso(at: datetime) -> str:
    """Write an instant for machines."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
