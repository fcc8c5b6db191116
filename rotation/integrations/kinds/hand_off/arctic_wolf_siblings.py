"""Arctic Wolf's four other places that hold a client secret (integrations.md A2, sibling hand-offs)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from rotation.domain.delivery import FormField
from rotation.integrations.kinds.hand_off.preset import EVERY_CHECKLIST, NOTHING, Form, Line, Link, Preset

VALUE_NOTE = "Open the link, show the secret value, copy it. It begins with $hint."
DATE_NOTE = "$expires_in_words; the last whole day (UTC) on which it works."
APPLICATION = FormField(label="Application ID", value="$client_id", note="To compare; it stays as it is.")

CLOUD_SENSOR = Form(
    title="Arctic Wolf cloud sensor $account: give it the new client secret of $application_name",
    where="$portal_url > Data Collection > Cloud Sensors > $account > View Account > Edit Information",
    fields=(
        APPLICATION,
        FormField(label="Client Secret", value="$secret_link", note=VALUE_NOTE, link=True),
        FormField(label="Credential Expiry", value="$expires_on", note=DATE_NOTE),
    ),
    checklist=(
        *EVERY_CHECKLIST,
        "Sign in to the Unified Portal; open Data Collection > Cloud Sensors.",
        "At $account click View Account, then Edit Information.",
        "Clear Use existing value beside the secret, and paste the new one.",
        "Set Credential Expiry.",
        "Click Save Changes.",
        "Wait until the sensor shows as connected.",
    ),
    questions=("Was Save Changes clicked?", "Does the sensor show as connected?"),
    warnings=("The page's form is documented for an API-token sensor; yours may be laid out a little differently.",),
)

ACTIVE_RESPONSE = Form(
    title="Arctic Wolf Microsoft 365 Active Response: give it the new client secret of $application_name",
    where="$portal_url > Microsoft 365 Active Response",
    fields=(
        FormField(label="Client ID", value="$client_id"),
        FormField(label="Tenant ID", value="$tenant_id"),
        FormField(label="Client Secret", value="$secret_link", note=VALUE_NOTE, link=True),
        FormField(label="Expires", value="$expires_on", note=DATE_NOTE),
    ),
    checklist=(
        *EVERY_CHECKLIST,
        "Open the Microsoft 365 Active Response credentials in the portal.",
        "Submit client id, tenant id and the new secret again.",
    ),
    questions=("Were the credentials submitted and accepted?",),
    warnings=("It must arrive before the old secret ends: afterwards responses fail until it does.",),
)

FEDERATED_SIGN_IN = Form(
    title="Arctic Wolf portal sign-in: give it the new client secret of $application_name",
    where="$portal_url > Organization Profile > Federated Authentication > Edit Configuration",
    fields=(
        APPLICATION,
        FormField(label="Client Secret", value="$secret_link", note=VALUE_NOTE, link=True),
        FormField(label="Expires", value="$expires_on", note=DATE_NOTE),
        FormField(
            label="Way back in",
            value="https://dashboard.arcticwolf.com/?federated-auth-recovery=1",
            note="Where the new secret does not work and nobody can sign in. Keep it at hand.",
        ),
    ),
    checklist=(
        *EVERY_CHECKLIST,
        "Keep a second browser signed in to the portal until the end.",
        "Open Organization Profile > Federated Authentication > Edit Configuration.",
        "Clear Client Secret, paste the new one, click Update Credentials.",
        "Sign out in the first browser and sign in again.",
    ),
    questions=("Were the credentials updated?", "Did signing out and in again work?"),
    warnings=("A wrong secret locks everybody out of the portal; the way back in is in the fields above.",),
)

AURORA_DIRECTORY = Form(
    title="Aurora Endpoint directory connection $directory: give it the new client secret of $application_name",
    where="$portal_url > Settings > Directory Connections > $directory > Connection Settings",
    fields=(
        APPLICATION,
        FormField(label="Client secret", value="$secret_link", note=VALUE_NOTE, link=True),
        FormField(label="Expires", value="$expires_on", note=f"{DATE_NOTE} The form does not ask for it."),
    ),
    checklist=(
        *EVERY_CHECKLIST,
        "Open Settings > Directory Connections > $directory > Connection Settings.",
        "Click Update client credentials; replace the secret only.",
        "Click Submit, then Save.",
    ),
    questions=("Was Save clicked, and did it succeed?",),
    warnings=("If the save fails, both former values come back: then say here that it is not done.",),
)


class _Sibling(Preset):
    """What the four have in common: a portal."""

    FORM: ClassVar[Form]
    preset: str
    portal_url: Link = "https://dashboard.arcticwolf.com"

    def form(self) -> Form:
        """Give the product's form."""
        return self.FORM

    def gaps(self, remembered: Mapping[str, str] = NOTHING) -> Mapping[str, str]:  # noqa: ARG002  # nothing is written down
        """Give the portal."""
        return {"portal_url": self.portal_url}

    def identity(self) -> Mapping[str, object]:
        """Give the portal and the place in it; a person carries the value there."""
        return {"preset": self.preset, "value": True, **self.gaps()}


class CloudSensor(_Sibling):
    """`preset: arctic-wolf-cloud-sensor`."""

    FORM: ClassVar[Form] = CLOUD_SENSOR
    preset: Literal["arctic-wolf-cloud-sensor"]
    account: Annotated[Line, Field(description="The sensor's account, as the portal lists it.")]

    def gaps(self, remembered: Mapping[str, str] = NOTHING) -> Mapping[str, str]:
        """Give portal and account."""
        return {**super().gaps(remembered), "account": self.account}


class ActiveResponse(_Sibling):
    """`preset: arctic-wolf-m365-active-response`."""

    FORM: ClassVar[Form] = ACTIVE_RESPONSE
    preset: Literal["arctic-wolf-m365-active-response"]


class FederatedSignIn(_Sibling):
    """`preset: arctic-wolf-federated-sign-in`."""

    FORM: ClassVar[Form] = FEDERATED_SIGN_IN
    preset: Literal["arctic-wolf-federated-sign-in"]


class AuroraDirectory(_Sibling):
    """`preset: arctic-wolf-aurora-directory`."""

    FORM: ClassVar[Form] = AURORA_DIRECTORY
    preset: Literal["arctic-wolf-aurora-directory"]
    directory: Line = "Microsoft Entra ID"
    """The connection's name in the list."""

    def gaps(self, remembered: Mapping[str, str] = NOTHING) -> Mapping[str, str]:
        """Give portal and connection."""
        return {**super().gaps(remembered), "directory": self.directory}
