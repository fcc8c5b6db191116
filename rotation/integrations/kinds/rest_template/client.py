"""The two requests of a template, filled for one shipment."""

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

from rotation.domain.delivery import Shipment
from rotation.domain.errors import DestinationRefused, RotationError
from rotation.domain.secret import SecretText
from rotation.integrations.kinds.rest_template.gaps import filled, filler, gaps_in
from rotation.integrations.kinds.rest_template.pointer import find
from rotation.integrations.kinds.rest_template.settings import RestTemplateSettings
from rotation.integrations.kinds.rest_template.sign_in import Signed
from rotation.integrations.outbound.bodies import body_of, object_in
from rotation.integrations.outbound.wire import Answer, Call, send
from rotation.integrations.services import IntegrationServices
from rotation.integrations.whole_object import Whole

MISSING = HTTPStatus.NOT_FOUND.value
CONFLICTS = frozenset({HTTPStatus.CONFLICT.value, HTTPStatus.PRECONDITION_FAILED.value})
LARGEST = 1024 * 1024
_HEADER_TEXT = re.compile(r"[\x21-\x7e]+")


class Rest:
    """One destination, signed in, for one shipment."""

    def __init__(
        self, services: IntegrationServices, settings: RestTemplateSettings, signed: Signed, shipment: Shipment | None
    ) -> None:
        self._services, self._settings, self._signed = services, settings, signed
        self._shipment = shipment
        self.template = settings.template

    def _fill(self, text: str, *, quoted: bool = False) -> str:
        if self._shipment is None:
            return text
        fill = filler(self._shipment)
        return re.sub(r"\$\{[^}]*\}", lambda gap: quote(fill(gap[0]), safe=""), text) if quoted else fill(text)

    async def look(self) -> Whole | None:
        """
        Read what is there; None where there is nothing.

        Raises:
            DestinationRefused: The answer is no JSON object (`unexpected-shape`).
        """
        look = self.template.verify
        assert look is not None, "the template has something to look at"
        call = self._call("GET", look.url, lambda: {k: self._fill(v) for k, v in look.headers.items()})
        answer = await self._send(call)
        if answer.status == MISSING:
            return None
        return Whole(content=object_in(answer, call), etag=answer.headers.get("etag"))

    def trouble(self, there: Whole | None) -> RotationError | None:
        """Tell why what is there is not what was meant, by `verify.expects`; names the places only."""
        look = self.template.verify
        if look is None or there is None:
            return None
        known = {name: value for name, value in look.expects.items() if self._shipment or not gaps_in(value)}
        wrong = [name for name, value in known.items() if find(there.content, name) != self._wanted(value)]
        if not wrong:
            return None
        return DestinationRefused(
            f"what {urlsplit(look.url).netloc} answers is not what was meant, at {', '.join(wrong)}",
            reason="not-as-expected",
        )

    def _wanted(self, value: str | bool | int | None) -> Any:
        return self._fill(value) if isinstance(value, str) else value

    def unfit(self, text: SecretText, there: Whole | None) -> RotationError | None:
        """Tell which rule the value breaks, without it."""
        content = there.content if there else {}
        for rule in self.template.rules:
            counts = all(find(content, pointer) == value for pointer, value in rule.given.items())
            if counts and re.fullmatch(rule.pattern, text.reveal()) is None:
                return DestinationRefused(f"the value does not fit: {rule.why}", reason="value-does-not-fit")
        if not _HEADER_TEXT.fullmatch(text.reveal()) and "${value}" in str(self.template.request.headers):
            return DestinationRefused("the value has characters that no header can hold", reason="value-does-not-fit")
        return None

    async def put(self, text: SecretText, there: Whole | None) -> None:
        """
        Send the request that writes.

        Raises:
            OutcomeUnknown: Its answer was lost.
            DestinationRefused: Another status than those that mean success.
        """
        assert self._shipment is not None
        request, fill = self.template.request, filler(self._shipment, text.reveal)

        def body() -> bytes:
            if request.form is not None:
                return urlencode(filled(request.form, fill)).encode()
            kept = {name: there.content[name] for name in request.keep if there and name in there.content}
            return b"" if request.body is None else body_of({**kept, **filled(request.body, fill)})

        call = self._call(request.method, request.url, lambda: filled(dict(request.headers), fill), body=body)
        self._taken(await self._send(call), call)

    async def read(self) -> Whole:
        """Read the object that is written whole (`whole_object.Place`)."""
        there = await self.look()
        return there or Whole(content={})

    async def write(self, whole: Whole) -> bool:
        """Write it whole, with its etag where it has one (`whole_object.Place`)."""
        request = self.template.request
        names = request.sends or tuple(whole.content)

        def headers() -> Mapping[str, str]:
            match = {"if-match": whole.etag} if whole.etag else {}
            return {**{k: self._fill(v) for k, v in request.headers.items()}, **match}

        def body() -> bytes:
            return body_of({name: whole.content[name] for name in names if name in whole.content})

        call = self._call(request.method, request.url, headers, body=body, answers=CONFLICTS)
        answer = await self._send(call)
        if answer.status in CONFLICTS:
            return False
        self._taken(answer, call)
        return True

    def _taken(self, answer: Answer, call: Call) -> None:
        if answer.status not in self.template.request.success:
            wanted = ", ".join(map(str, self.template.request.success))
            raise DestinationRefused(f"{call.host} answers {answer.status}; success is {wanted}", host=call.host)

    def _call(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH"],
        url: str,
        headers: Callable[[], Mapping[str, str]],
        *,
        body: Callable[[], bytes] = lambda: b"",
        answers: frozenset[int] = frozenset(),
    ) -> Call:
        form = self.template.request.form is not None
        usual = {"content-type": "application/x-www-form-urlencoded" if form else "application/json"}
        lowered = {name.lower(): text for name, text in headers().items()}
        return Call(
            method=method,
            url=self._fill(url, quoted=True),
            headers={"accept": "application/json", **(usual if method != "GET" else {}), **lowered, **self._signed()},
            body=body(),
            timeout=self._settings.timeout_seconds,
            private_network=self._settings.private_network,
            answers=answers | ({MISSING} if method == "GET" else frozenset()),
            denied="may the connection do that there?",
            largest=LARGEST,
        )

    async def _send(self, call: Call) -> Answer:
        return await send(call, self._services.open_client, now=self._services.clock.now())


def text_at(there: Whole | None, pointer: str) -> SecretText | None:
    """Hold what stands there so that nothing shows it; an empty one is none."""
    found = find(there.content, pointer) if there else None
    return SecretText(found) if isinstance(found, str) and found else None


def told_at(there: Whole, pointer: str) -> str:
    """Give a time that is told, as it is told, cut short; anything else is not repeated."""
    found = find(there.content, pointer)
    text = json.dumps(found) if isinstance(found, int) else found if isinstance(found, str) else ""
    return text if re.fullmatch(r"[0-9T:.+ Z-]{4,40}", text) else "a time that is not told"
