"""One app, or one of its slots, as Azure Resource Manager shows it (integrations.md B2, row 2)."""

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import ValidationError

from rotation.domain.errors import DestinationRefused, Unavailable
from rotation.integrations.kinds.app_service.reference import Reference
from rotation.integrations.outbound.arm import LOST_RACE, ask, resource_call
from rotation.integrations.outbound.bodies import body_of, object_in
from rotation.integrations.services import IntegrationServices
from rotation.integrations.whole_object import Whole

API_VERSION = "api-version=2022-03-01"
ROLE = "Website Contributor"


@dataclass(frozen=True, slots=True)
class Site:
    """An app; as a `whole_object.Place` it is its dictionary of settings, which has no etag."""

    services: IntegrationServices
    path: str
    """Resource id of the app or slot."""

    async def read(self) -> Whole:
        """List the settings, with their values: a POST, because they are secrets."""
        call = resource_call("POST", self._url("appsettings/list"), reads=True, role=ROLE)
        found = object_in(await ask(self.services, call), call)
        return Whole(content={"properties": found.get("properties")})

    async def write(self, whole: Whole) -> bool:
        """Replace all settings; the app restarts."""
        call = resource_call("PUT", self._url("appsettings"), body=body_of(whole.content), role=ROLE)
        return (await ask(self.services, call)).status not in LOST_RACE

    async def refresh(self) -> None:
        """
        Let all Key Vault references of the app be resolved anew; they are otherwise within a day.

        Raises:
            Unavailable: Another operation on the app is in progress (`conflict`).
        """
        call = resource_call("POST", self._url("configreferences/appsettings/refresh"), role=ROLE)
        if (await ask(self.services, call)).status in LOST_RACE:
            raise Unavailable("another operation on the app is in progress", reason="conflict")

    async def reference(self, setting: str) -> Reference:
        """Read how the reference in *setting* was resolved."""
        url = self._url(f"configreferences/appsettings/{quote(setting, safe='')}")
        call = resource_call("GET", url, role=ROLE, gone="is the site right, and is the setting a Key Vault reference?")
        found = object_in(await ask(self.services, call), call).get("properties")
        with suppress(ValidationError):
            return Reference.model_validate(found)
        raise DestinationRefused(
            f"App Service tells of {setting} in a form that we do not know", reason="unexpected-shape"
        )

    def _url(self, what: str) -> str:
        return f"{self.services.arm_url}{self.path}/config/{what}?{API_VERSION}"
