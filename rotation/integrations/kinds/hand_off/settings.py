"""Settings of `hand-off` destinations: one of the presets."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import ConfigDict, Field, RootModel

from rotation.domain.capability import Description
from rotation.domain.delivery import Capabilities
from rotation.integrations.kinds.hand_off.arctic_wolf import ArcticWolf
from rotation.integrations.kinds.hand_off.arctic_wolf_siblings import (
    ActiveResponse,
    AuroraDirectory,
    CloudSensor,
    FederatedSignIn,
)
from rotation.integrations.kinds.hand_off.custom import Custom
from rotation.integrations.kinds.hand_off.syncfish import (
    SyncfishAgent,
    SyncfishAzureSource,
    SyncfishOtherSource,
    SyncfishSaas,
)
from rotation.integrations.settings import Described

type AnyPreset = Annotated[
    ArcticWolf
    | CloudSensor
    | ActiveResponse
    | FederatedSignIn
    | AuroraDirectory
    | SyncfishAzureSource
    | SyncfishOtherSource
    | SyncfishAgent
    | SyncfishSaas
    | Custom,
    Field(discriminator="preset"),
]


class HandOffSettings(RootModel[AnyPreset], Described):
    """`preset:` says which; each is closed to settings that it does not know."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    def identity(self) -> Mapping[str, object]:
        """Give the preset's."""
        return self.root.identity()

    def capabilities(self) -> Capabilities:
        """Give the preset's."""
        return self.root.capabilities()

    def describe(self) -> Description:
        """Give the preset's."""
        return self.root.describe()
