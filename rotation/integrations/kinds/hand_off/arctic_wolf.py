"""Arctic Wolf Managed Security Awareness: Reset Integration, New Integration (integrations.md A2)."""

from collections.abc import Mapping
from typing import Literal

from rotation.domain.delivery import Capabilities, DeliveryMode, FormField, Level
from rotation.integrations.kinds.hand_off.preflight import Preflight
from rotation.integrations.kinds.hand_off.preset import EVERY_CHECKLIST, NOTHING, Form, Line, Link, Preset
from rotation.integrations.setting_types import Guid

AD_GROUP = "AD Group that was selected before Reset Integration"
USERS = "Number of users before Reset Integration"

FORM = Form(
    title="Arctic Wolf MA: give it the new client secret of $application_name",
    where="$portal_url > Settings > User Management > Saved Credentials > Reset Integration > New Integration",
    fields=(
        FormField(
            label="AD Group",
            value="$ad_group",
            note="Read it under Settings > User Management, before Reset Integration.",
        ),
        FormField(label="Integration Type", value="Microsoft Entra ID"),
        FormField(label="Integration Nickname", value="$description", note="The same at every rotation."),
        FormField(label="Application ID", value="$client_id"),
        FormField(label="Directory ID", value="$tenant_id"),
        FormField(
            label="Client Secret Value",
            value="$secret_link",
            note="Open the link, show the secret value, copy it. It begins with $hint.",
            link=True,
        ),
        FormField(
            label="Client Secret Value Expiration Date",
            value="$expires_on",
            note="$expires_in_words; the last whole day (UTC) on which it works.",
        ),
    ),
    checklist=(
        *EVERY_CHECKLIST,
        "Sign in to the MA Portal and open User Management.",
        "Write down the AD Group that is selected now, and the number of users: Reset Integration forgets them.",
        "On the Saved Credentials page click Reset Integration, then Yes.",
        "On the New Integration page fill in the six fields below the AD Group.",
        "Click Test Connection, then Acknowledge.",
        "Click Save Credentials.",
        "Open Settings > User Management, select the AD Group that you wrote down, and synchronise it.",
        "Compare the number of users with the one before.",
    ),
    questions=(
        "Did Test Connection succeed, and was it acknowledged?",
        "Were the credentials saved?",
        "Is the same AD Group selected and synchronised again?",
    ),
    records=(AD_GROUP, USERS),
    warnings=(
        "Reset Integration discards the saved integration, its group selection too; nothing brings it back.",
        "People are kept apart by e-mail address: their training history stays only where addresses stay the same.",
        "The expiration date typed there is a copy: a wrong one makes Arctic Wolf complain too early or too late.",
    ),
)


class ArcticWolf(Preset):
    """`preset: arctic-wolf-ma`."""

    preset: Literal["arctic-wolf-ma"]
    portal_url: Link = "https://dashboard.arcticwolf.com"
    """The MA Portal; some organisations have a direct address of their own."""
    ad_group: Line | None = None
    """The group that is synchronised; without it, what was written down last time."""
    ad_group_id: Guid | None = None
    """Its object id: then it is looked at with the new secret before anybody is bothered."""

    def form(self) -> Form:
        """Give New Integration."""
        return FORM

    def gaps(self, remembered: Mapping[str, str] = NOTHING) -> Mapping[str, str]:
        """Give the portal and the group."""
        group = self.ad_group or remembered.get(AD_GROUP) or "(write it down before Reset Integration)"
        return {"portal_url": self.portal_url, "ad_group": group}

    def preflight(self) -> Preflight:
        """Do what Test Connection does: sign in, with both permissions, and read the group."""
        return Preflight(signs_in=True, graph_roles=("Directory.Read.All", "User.Read.All"), group=self.ad_group_id)

    def identity(self) -> Mapping[str, object]:
        """Give the portal; a person carries the value there."""
        return {"preset": self.preset, "portal_url": self.portal_url, "value": True}

    def capabilities(self) -> Capabilities:
        """Tell that Reset Integration destroys what was there."""
        return Capabilities(mode=DeliveryMode.ASSISTED, level=Level.ACCEPTED, destructive=True)
