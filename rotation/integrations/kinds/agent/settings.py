"""Settings of `agent` destinations: a file on a Linux server, or a Windows credential."""

from typing import Annotated

from pydantic import ConfigDict, Field, RootModel

from rotation.domain.capability import Description
from rotation.domain.delivery import Capabilities
from rotation.integrations.kinds.agent.credential_settings import CredentialSettings
from rotation.integrations.kinds.agent.file_settings import FileSettings
from rotation.integrations.settings import Described

type AnyAgent = Annotated[FileSettings | CredentialSettings, Field(discriminator="storage")]


class AgentSettings(RootModel[AnyAgent], Described):
    """`storage:` says which; each is closed to settings that it does not know."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    def identity(self) -> dict[str, object]:
        """Give the storage's."""
        return dict(self.root.identity())

    def capabilities(self) -> Capabilities:
        """Give the storage's."""
        return self.root.capabilities()

    def describe(self) -> Description:
        """Give the storage's."""
        return self.root.describe()

    def resource(self) -> str | None:
        """Give the storage's."""
        return self.root.resource()
