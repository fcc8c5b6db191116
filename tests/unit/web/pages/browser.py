"""A browser without a screen: it keeps to links and forms, as somebody does who has no script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urlsplit

from rotation.web import doors
from rotation.web.exchange import Request, Response
from rotation.web.principal import Role
from tests.fakes.world import World
from tests.unit.web.easy_auth import person

FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
VOID = frozenset({"meta", "link", "input", "br", "path", "circle", "rect", "line", "img", "hr"})
"""Elements that have no end."""


@dataclass
class Form:
    """One form with what stands in its fields."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    offered: dict[str, list[str]] = field(default_factory=dict)
    """Every field with all values that it may have."""


@dataclass
class Page:
    """What came back."""

    status: int
    html: str
    path: str
    headers: Mapping[str, str]
    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    unclosed: list[str] = field(default_factory=list)

    @property
    def form(self) -> Form:
        """Give its one form that acts."""
        (found,) = [form for form in self.forms if form.method == "post"]
        return found


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.page.tags.append((tag, told))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "a" and told.get("href"):
            self.page.links.append(str(told["href"]))
        if tag == "form":
            self.page.forms.append(Form(action=told.get("action") or "", method=(told.get("method") or "get").lower()))
        if tag == "input" and self.page.forms:
            self._input(told)

    def _input(self, told: Mapping[str, str | None]) -> None:
        form, name = self.page.forms[-1], told.get("name") or ""
        value = told.get("value") or ""
        form.offered.setdefault(name, []).append(value)
        if told.get("type") not in {"checkbox", "radio"} or "checked" in told:
            form.fields.append((name, value))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.page.unclosed.append(f"</{tag}> after {self.open[-3:]}")

    def handle_data(self, data: str) -> None:
        self.page.text += data


@dataclass
class Browser:
    """Somebody who has signed in."""

    world: World
    role: Role | None = Role.ADMINISTRATOR
    name: str = "ada"
    """Empty: nobody signed in."""

    async def get(self, address: str) -> Page:
        """Follow a link."""
        parts = urlsplit(address)
        return self._page(await self._send("GET", parts.path, query=dict(parse_qsl(parts.query))), parts.path)

    async def press(self, form: Form, **typed: str | Sequence[str]) -> Page:
        """Send a form with what is typed into it; what is typed as a list replaces all choices of that name."""
        fields = [(name, value) for name, value in form.fields if name not in typed]
        for name, values in typed.items():
            fields += [(name, value) for value in ([values] if isinstance(values, str) else values)]
        response = await self._send("POST", form.action, body=urlencode(fields).encode(), headers=FORM)
        return self._page(response, form.action)

    async def follow(self, page: Page) -> Page:
        """Go where a form sent us."""
        assert page.status == 303, page.text
        return await self.get(page.headers["Location"].partition("#")[0])

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        roles = () if self.role is None else (self.role,)
        told = {"accept": "text/html", "host": "rotation.example", **(headers or {})}
        told |= person(self.name, *roles) if self.name else {}
        request = Request(method=method, path=path, query=query or {}, headers=told, body=body)
        return await doors.open_door(self.world.calm, request, sign_in_stands=True)

    def _page(self, response: Response, path: str) -> Page:
        page = Page(status=response.status, html=response.text(), path=path, headers=response.headers)
        reader = _Reader(page)
        reader.feed(page.html)
        reader.close()
        page.unclosed += reader.open
        return page
