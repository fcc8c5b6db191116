"""
Send the request that the configuration describes, and look at what is there by the other one.

Order is kept by the line, whose newest publication is read again right before each write: no general API keeps a mark.
"""

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Capabilities, Found, Level, Receipt, Shipment, Verdict
from rotation.domain.errors import DestinationGone, RotationError
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.kind import AutomaticIntegration
from rotation.integrations.kinds.rest_template.client import Rest, text_at, told_at
from rotation.integrations.kinds.rest_template.gaps import gaps_in
from rotation.integrations.kinds.rest_template.pointer import parts_of
from rotation.integrations.kinds.rest_template.settings import RestTemplateSettings
from rotation.integrations.kinds.rest_template.sign_in import sign_in
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read
from rotation.integrations.whole_object import Change, Whole, change_one


class RestTemplateIntegration(AutomaticIntegration[RestTemplateSettings]):
    """Whatever has an HTTPS API."""

    def settings(self, of: Destination) -> RestTemplateSettings:
        """Read them."""
        return read(RestTemplateSettings, of)

    async def check(self, to: Destination) -> Check:
        """Look, where that needs nothing of a rotation; a right to write cannot be seen by reading."""
        settings = self.settings(to)
        rest = await self._rest(to, settings, None)
        look = rest.template.verify
        if look is None:
            return Check(readiness=Readiness.UNKNOWN, why="the template has no `verify`: nothing can be looked at")
        if gaps_in([look.url, dict(look.headers)]):
            return Check(readiness=Readiness.UNKNOWN, why="`verify` has gaps that only a rotation fills")
        there = await rest.look()
        wrong = rest.trouble(there)
        if there is None and _needs_what_is_there(rest):
            wrong = DestinationGone("what should be changed is not there")
        return Check(readiness=Readiness.READY) if wrong is None else _misconfigured(wrong)

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """Send the request unless the value can be seen to be there."""
        settings = self.settings(to)
        rest = await self._rest(to, settings, shipment)
        request, look = rest.template.request, rest.template.verify
        if request.replace is not None:
            written = await change_one(rest, _change(rest, text))
        else:
            there = await rest.look() if look is not None else None
            _refuse(_unfit(rest, text, there))
            written = look is None or look.value is None or text_at(there, look.value) != text
            if written:
                await rest.put(text, there)
        reference = f"{settings.describe().where}@{shipment.version}"
        return Receipt(reference=reference, facts={"written": "yes" if written else "was there"})

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        """Compare what is there with *text*, in constant time, or say when it was written, or that nobody can look."""
        rest = await self._rest(at, self.settings(at), shipment)
        look = rest.template.verify
        seen = f"sign-ins with key id {shipment.key_id} will show it"
        if look is None:
            return Verdict(found=Found.UNKNOWABLE, level=Level.ACCEPTED, why=f"nothing can be looked at; {seen}")
        there = await rest.look()
        if there is None:
            return Verdict(found=Found.ABSENT, why="there is no such thing")
        if look.value is None:
            when = f"written last at {told_at(there, look.timestamp)}; " if look.timestamp else ""
            return Verdict(found=Found.UNKNOWABLE, level=Level.ACCEPTED, why=f"{when}no value is shown; {seen}")
        held = text_at(there, look.value)
        if held is None:
            return Verdict(found=Found.ABSENT, why=f"no text stands at {look.value}")
        if held == text:
            return Verdict(found=Found.CURRENT, level=Level.STORED, why="read back")
        return Verdict(found=Found.OLDER, why="it holds another text")

    async def _rest(self, to: Destination, settings: RestTemplateSettings, shipment: Shipment | None) -> Rest:
        return Rest(self._services, settings, await sign_in(self._services, to, settings), shipment)


def make(services: IntegrationServices, capabilities: Capabilities) -> RestTemplateIntegration:
    """Make the implementation of `rest-template`."""
    return RestTemplateIntegration(services, capabilities)


def _needs_what_is_there(rest: Rest) -> bool:
    return bool(rest.template.request.keep or rest.template.request.replace)


def _unfit(rest: Rest, text: SecretText, there: Whole | None) -> RotationError | None:
    if (there is None or not there.content) and _needs_what_is_there(rest):
        return DestinationGone("what should be changed is not there")
    return rest.trouble(there) or rest.unfit(text, there)


def _change(rest: Rest, text: SecretText) -> Change:
    assert rest.template.request.replace is not None
    return Change(
        path=parts_of(rest.template.request.replace),
        new=lambda _old: text.reveal(),
        refuses=lambda whole: _unfit(rest, text, whole),
        is_there=lambda old: isinstance(old, str) and bool(old) and SecretText(old) == text,
    )


def _misconfigured(wrong: RotationError) -> Check:
    return Check(readiness=Readiness.MISCONFIGURED, why=wrong.message)


def _refuse(wrong: RotationError | None) -> None:
    if wrong is not None:
        raise wrong
