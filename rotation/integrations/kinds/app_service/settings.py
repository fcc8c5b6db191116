"""Settings of `app-service` destinations."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from rotation.domain.capability import Activation, Concurrency, Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.integrations.settings import KindSettings

EASY_AUTH_SETTING = "MICROSOFT_PROVIDER_AUTHENTICATION_SECRET"
"""Where App Service's own authentication keeps its client secret, unless its settings name another."""
_SITE = re.compile(
    r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/\s?#]{1,90}/providers/Microsoft\.Web/sites/[0-9a-z-]{1,60}",
    re.IGNORECASE,
)


def _site(text: str) -> str:
    if _SITE.fullmatch(text) is None:
        raise ValueError(
            "a site's resource id looks like /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Web/sites/"
            "<name>; a slot is named in `slot`"
        )
    return text


class AppServiceSettings(KindSettings):
    """Which app setting of which app, and what lies in it."""

    site: Annotated[str, AfterValidator(_site)]
    """Resource id of the web or function app."""
    slot: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,59}$")] | None = None
    """Deployment slot; without it, the production slot."""
    preset: Literal["easy-auth"] | None = None
    """`easy-auth`: the client secret of App Service's own authentication."""
    mode: Literal["reference", "setting"] | None = None
    """`reference`: the setting is a Key Vault reference, which is told to look again. `setting`: the value is in it."""
    setting: Annotated[str, Field(pattern=r"^[0-9A-Za-z._:-]{1,256}$")] | None = None
    """Name of the app setting."""
    create: bool = False
    """Yes, make the setting when there is none of that name."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.setting is None and self.preset is None:
            raise ValueError("name the app setting in `setting`, or choose `preset: easy-auth`")
        if self.create and self.by_reference:
            raise ValueError("`create` is for `mode: setting`; a reference is set up once, by whoever owns the app")
        return self

    @property
    def name(self) -> str:
        """The app setting that is meant."""
        return self.setting or EASY_AUTH_SETTING

    @property
    def by_reference(self) -> bool:
        """Tell whether the value stays in the vault; the preset's own way is the setting."""
        return (self.mode or ("setting" if self.preset else "reference")) == "reference"

    @property
    def app(self) -> str:
        """Path of the app, or of its slot."""
        return f"{self.site}/slots/{self.slot}" if self.slot else self.site

    def identity(self) -> Mapping[str, object]:
        """Give app, setting, and whether the value leaves; Resource Manager takes names in any case."""
        return {"app": self.app.lower(), "setting": self.name, "value": not self.by_reference}

    def resource(self) -> str | None:
        """Give the dictionary of settings that a delivery writes whole."""
        return None if self.by_reference else f"{self.app.lower()}/config/appsettings"

    def capabilities(self) -> Capabilities:
        """Tell that both ways restart the app, and both can be read again."""
        if self.by_reference:
            return Capabilities(
                mode=DeliveryMode.REFERENCE,
                level=Level.STORED,
                reads_back=ReadBack.VERSION,
                activation=Activation.IMPLICIT,
                restarts=True,
            )
        return Capabilities(
            mode=DeliveryMode.AUTOMATIC,
            level=Level.STORED,
            reads_back=ReadBack.VALUE,
            activation=Activation.IMPLICIT,
            concurrency=Concurrency.LEASE,
            whole_object=True,
            restarts=True,
        )

    def describe(self) -> Description:
        """Name app, slot and setting."""
        app = self.site.rpartition("/")[2]
        slot = f", slot {self.slot}" if self.slot else ""
        what = "reference" if self.by_reference else "app setting"
        return Description(
            where=f"{what} {self.name} of {app}{slot}",
            permissions=("Website Contributor on the app (or its slot)",),
            secretless=_EASY_AUTH_ADVICE if self.preset else _IDENTITY_ADVICE,
            traps=_TRAPS[self.by_reference],
        )


_IDENTITY_ADVICE = (
    "Give the app a managed identity and let its code sign in as that (DefaultAzureCredential); where it must act as "
    "this application, add the identity to the application as a federated credential. Then remove the setting."
)
_EASY_AUTH_ADVICE = (
    "App Service authentication can sign in by a user-assigned managed identity instead of a secret: add it to the "
    "application as a federated credential, and name the app setting OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID as the "
    "provider's client secret setting, with the identity's client id in it."
)
_TRAPS = {
    True: ("A reference with a version in it never sees a new secret.", "Looking again may restart the app."),
    False: (
        "Each write restarts the app.",
        "Each write replaces all its settings: what somebody else changes at that very moment is lost.",
        "A Key Vault reference is better: the value then stays in the vault.",
    ),
}
