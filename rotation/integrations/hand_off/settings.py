"""Settings of `hand-off` destinations: one of the presets."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import ConfigDict, Field, RootModel

from rotation.domain.delivery import Capabilities
from rotation.integrations.hand_off.arctic_wolf import ArcticWolf
from rotation.integrations.hand_off.custom import Custom
from rotation.integrations.hand_off.syncfish import SyncfishAzureSource
from rotation.integrations.settings import Described

type AnyPreset = Annotated[ArcticWolf | SyncfishAzureSource | Custom, Field(discriminator="preset")]


class HandOffSettings(RootModel[AnyPreset], Described):
    """`preset:` says which; each is closed to settings that it does not know."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    def identity(self) -> Mapping[str, object]:
        """Give the preset's."""
        return self.root.identity()

    def capabilities(self) -> Capabilities:
        """Give the preset's."""
        return self.root.capabilities()
