"""Syncfish CI Synchronizer on premises, the Azure source connection (integrations.md A1)."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator

from rotation.domain.delivery import FormField
from rotation.domain.identifiers import is_guid
from rotation.integrations.hand_off.preset import EVERY_CHECKLIST, Form, Line, Preset

FORM = Form(
    title="CI Sync Agent on $server: give the $connection connection the new client secret of $application_name",
    where="$server > $program > Source Systems > $connection",
    fields=(
        FormField(label="Server", value="$server", note="The CI Sync Agent Server; sign in there."),
        FormField(label="Program", value="$program", note="In the Start menu."),
        FormField(label="Tab", value="Source Systems", note="Not Configure: that one is the agent's own registration."),
        FormField(label="Connection", value="$connection", note="Double-click the row."),
        FormField(label="Application ID", value="$client_id", note="To compare; it stays as it is."),
        FormField(
            label="Client Secret",
            value="$secret_link",
            note="Open the link, show the secret value, copy it. It begins with $hint.",
            link=True,
        ),
        FormField(label="Expires", value="$expires_on", note="$expires_in_words; the form does not ask for it."),
    ),
    checklist=(
        *EVERY_CHECKLIST,
        "On $server run $program.",
        "Click the Source Systems tab and double-click $connection.",
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


def _guid(text: str) -> str:
    if not is_guid(text):
        raise ValueError("an application id is a GUID")
    return text.lower()


class SyncfishAzureSource(Preset):
    """`preset: syncfish-azure-source-onprem`."""

    preset: Literal["syncfish-azure-source-onprem"]
    application_id: Annotated[str, AfterValidator(_guid)]
    """Client id of the connection's registration, against a mix-up with the agent's own."""
    server: Line
    program: Line = "CISynchronizerAgent Config Utility"
    connection: Line = "Azure"

    def form(self) -> Form:
        """Give the Source Systems tab."""
        return FORM

    def gaps(self) -> Mapping[str, str]:
        """Give server, program and row."""
        return {"server": self.server, "program": self.program, "connection": self.connection}

    def expected_client_id(self) -> str | None:
        """Name the connection's registration."""
        return self.application_id

    def identity(self) -> Mapping[str, object]:
        """Give server, row and application; a person carries the value there."""
        return {
            "preset": self.preset,
            "server": self.server,
            "connection": self.connection,
            "application_id": self.application_id,
            "value": True,
        }
