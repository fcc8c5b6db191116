"""The four client secrets of Syncfish CI Synchronizer, each of a registration of its own (integrations.md A1)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from rotation.domain.delivery import FormField
from rotation.domain.identifiers import is_guid
from rotation.integrations.kinds.hand_off.preset import EVERY_CHECKLIST, NOTHING, Form, Line, Link, Preset

VALUE_NOTE = "Open the link, show the secret value, copy it. It begins with $hint."
APPLICATION = FormField(label="Application ID", value="$client_id", note="To compare; it stays as it is.")
EXPIRES = FormField(label="Expires", value="$expires_on", note="$expires_in_words; the form does not ask for it.")
SERVER = FormField(label="Server", value="$server", note="The CI Sync Agent Server; sign in there.")
PROGRAM = FormField(label="Program", value="$program", note="In the Start menu.")
SECRET = FormField(label="Client Secret", value="$secret_link", note=VALUE_NOTE, link=True)

SOURCE = Form(
    title="CI Sync Agent on $server: give the $source_system connection the new client secret of $application_name",
    where="$server > $program > Source Systems > $source_system",
    fields=(
        SERVER,
        PROGRAM,
        FormField(label="Tab", value="Source Systems", note="Not Configure: that one is the agent's own registration."),
        FormField(label="Connection", value="$source_system", note="Double-click the row."),
        APPLICATION,
        SECRET,
        EXPIRES,
    ),
    checklist=(
        *EVERY_CHECKLIST,
        "On $server run $program.",
        "Click the Source Systems tab and double-click $source_system.",
        "Compare the connection's application id with $client_id; stop where it differs.",
        "Replace the client secret.",
        "Click Setup & Test, then Yes.",
        "Click Save.",
    ),
    questions=(
        "Did Setup & Test succeed?",
        "Was Save clicked afterwards?",
    ),
    warnings=(
        "The agent's own registration (Configure tab) is another application: pasted there, every source stops.",
        "Without Save the test succeeds and the old secret stays in use.",
    ),
)

AGENT = Form(
    title="CI Sync Agent on $server: give the agent itself the new client secret of $application_name",
    where="$server > $program > Configure",
    fields=(
        SERVER,
        PROGRAM,
        FormField(label="Tab", value="Configure", note="Not Source Systems: those are the sources' registrations."),
        APPLICATION,
        SECRET,
        EXPIRES,
    ),
    checklist=(
        *EVERY_CHECKLIST,
        "On $server run $program.",
        "Click the Configure tab.",
        "Compare the application id with $client_id; stop where it differs.",
        "Replace the client secret.",
        "Click Test, then Save.",
        "Look whether the service runs and whether the next synchronisation arrives.",
    ),
    questions=(
        "Did the test succeed?",
        "Was Save clicked afterwards?",
        "Did a synchronisation arrive since?",
    ),
    warnings=(
        "This is the agent's own registration: a wrong secret stops every source, not one.",
        "A source's registration (Source Systems tab) is another application.",
    ),
)

SAAS = Form(
    title="CI Sync at $address: give $source_system the new client secret of $application_name",
    where="$address > Source systems > $source_system",
    fields=(
        FormField(label="CI Sync", value="$address", note="The web interface; no server is involved."),
        FormField(label="Source system", value="$source_system", note="Open its settings."),
        APPLICATION,
        SECRET,
        EXPIRES,
    ),
    checklist=(
        *EVERY_CHECKLIST,
        "Sign in at $address and open the settings of $source_system.",
        "Compare the application id with $client_id; stop where it differs.",
        "Replace the client secret, test it, save it.",
    ),
    questions=("Did the test succeed?", "Was it saved afterwards?"),
    warnings=("The on-premises agent has registrations of its own; this one is the SaaS agent's.",),
)


def _guid(text: str) -> str:
    if not is_guid(text):
        raise ValueError("an application id is a GUID")
    return text.lower()


class _Syncfish(Preset):
    """What the four secrets of CI Sync have in common: each belongs to one registration and is easily mixed up."""

    FORM: ClassVar[Form]
    preset: str
    application_id: Annotated[str, AfterValidator(_guid)]
    """Client id of the registration whose secret belongs there, against a mix-up with its siblings."""

    def form(self) -> Form:
        """Give the product's form."""
        return self.FORM

    def expected_client_id(self) -> str | None:
        """Name the registration."""
        return self.application_id

    def identity(self) -> Mapping[str, object]:
        """Give the place and the application; a person carries the value there."""
        place = {name: value for name, value in self.gaps().items() if name != "program"}
        return {"preset": self.preset, **place, "application_id": self.application_id, "value": True}


class _OnServer(_Syncfish):
    """On the CI Sync Agent Server."""

    server: Line
    program: Line = "CISynchronizerAgent Config Utility"

    def gaps(self, remembered: Mapping[str, str] = NOTHING) -> Mapping[str, str]:  # noqa: ARG002  # nothing is written down
        """Give server and program."""
        return {"server": self.server, "program": self.program}


class SyncfishAzureSource(_OnServer):
    """`preset: syncfish-azure-source-onprem`."""

    FORM: ClassVar[Form] = SOURCE
    preset: Literal["syncfish-azure-source-onprem"]
    source_system: Line = "Azure"
    """The row on the tab Source Systems."""

    def gaps(self, remembered: Mapping[str, str] = NOTHING) -> Mapping[str, str]:
        """Give server, program and row."""
        return {**super().gaps(remembered), "source_system": self.source_system}


class SyncfishOtherSource(_OnServer):
    """`preset: syncfish-other-source-onprem`: Defender for Endpoint, Intune and the like."""

    FORM: ClassVar[Form] = SOURCE
    preset: Literal["syncfish-other-source-onprem"]
    source_system: Line
    """The row on the tab Source Systems."""

    def gaps(self, remembered: Mapping[str, str] = NOTHING) -> Mapping[str, str]:
        """Give server, program and row."""
        return {**super().gaps(remembered), "source_system": self.source_system}


class SyncfishAgent(_OnServer):
    """`preset: syncfish-agent-self`: the agent's own registration (CKB054)."""

    FORM: ClassVar[Form] = AGENT
    preset: Literal["syncfish-agent-self"]


class SyncfishSaas(_Syncfish):
    """`preset: syncfish-azure-source-saas`: the agent that the vendor runs."""

    FORM: ClassVar[Form] = SAAS
    preset: Literal["syncfish-azure-source-saas"]
    address: Link
    """`https://<your company>.syncfish.app`."""
    source_system: Line = "Azure"

    def gaps(self, remembered: Mapping[str, str] = NOTHING) -> Mapping[str, str]:  # noqa: ARG002  # nothing is written down
        """Give address and source."""
        return {"address": self.address, "source_system": self.source_system}
