"""
Deliver to an app setting: tell its Key Vault reference to look again, or put the value in.

The dictionary of settings is read and written whole and has no etag; a write restarts the app.
"""

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Capabilities, Found, Level, Receipt, Shipment, Verdict
from rotation.domain.errors import DestinationGone, DestinationRefused, RotationError
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.kind import AutomaticIntegration
from rotation.integrations.kinds.app_service.reference import judge, trouble
from rotation.integrations.kinds.app_service.settings import AppServiceSettings
from rotation.integrations.kinds.app_service.site import Site
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read
from rotation.integrations.whole_object import Change, change_one, value_at

REFERENCE = "@Microsoft.KeyVault("


class AppServiceIntegration(AutomaticIntegration[AppServiceSettings]):
    """One app setting of an app."""

    def settings(self, of: Destination) -> AppServiceSettings:
        """Read them."""
        return read(AppServiceSettings, of)

    async def check(self, to: Destination) -> Check:
        """Look at the setting or its reference; a right to write cannot be seen by reading."""
        settings = self.settings(to)
        site = Site(self._services, settings.app)
        if settings.by_reference:
            wrong = trouble(await site.reference(settings.name))
        else:
            wrong = _unfit(await self._held(settings), settings)
        if wrong is not None:
            return Check(readiness=Readiness.MISCONFIGURED, why=wrong.message)
        return Check(readiness=Readiness.READY)

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """Tell the reference to look again, or change the one setting and prove that no other changed."""
        settings = self.settings(to)
        site, where = Site(self._services, settings.app), f"{settings.app}/{settings.name}"
        if settings.by_reference:
            _refuse(trouble(await site.reference(settings.name), shipment))
            await site.refresh()
            return Receipt(reference=where, facts={"written": "told to look again"})
        written = await change_one(site, _change(settings, text))
        return Receipt(reference=where, facts={"written": "yes" if written else "was there"})

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        """Ask which version the reference resolved to, or compare the setting with *text*, in constant time."""
        settings = self.settings(at)
        if settings.by_reference:
            return judge(await Site(self._services, settings.app).reference(settings.name), shipment)
        held = await self._held(settings)
        if held is None:
            return Verdict(found=Found.ABSENT, why="there is no such setting")
        if held == text:
            return Verdict(found=Found.CURRENT, level=Level.STORED, why="read back")
        if _is_reference(held):
            return Verdict(found=Found.ABSENT, why="it holds a Key Vault reference")
        return Verdict(found=Found.OLDER, why="it holds another text")

    async def _held(self, settings: AppServiceSettings) -> SecretText | None:
        whole = await Site(self._services, settings.app).read()
        return _text(value_at(whole, ("properties", settings.name)))


def make(services: IntegrationServices, capabilities: Capabilities) -> AppServiceIntegration:
    """Make the implementation of `app-service`."""
    return AppServiceIntegration(services, capabilities)


def _change(settings: AppServiceSettings, text: SecretText) -> Change:
    path = ("properties", settings.name)
    return Change(
        path=path,
        new=lambda _old: text.reveal(),
        refuses=lambda whole: _unfit(_text(value_at(whole, path)), settings),
        is_there=lambda old: _text(old) == text,
    )


def _text(value: object) -> SecretText | None:
    """Hold what lies there so that nothing shows it; an empty setting is none."""
    return SecretText(value) if isinstance(value, str) and value else None


def _is_reference(held: SecretText) -> bool:
    return held.reveal().startswith(REFERENCE)


def _unfit(held: SecretText | None, settings: AppServiceSettings) -> RotationError | None:
    """Tell why the value cannot go there."""
    if held is None and not settings.create:
        return DestinationGone(
            f"{settings.app} has no setting {settings.name!r}, in this spelling; set `create: true` to let it be made"
        )
    if held is not None and _is_reference(held):
        return DestinationRefused(
            f"{settings.name} holds a Key Vault reference, which is better than a copy: set `mode: reference`",
            reason="holds-a-reference",
        )
    return None


def _refuse(wrong: RotationError | None) -> None:
    if wrong is not None:
        raise wrong
