"""Settings of a secret in the Windows Credential Store, which a program's settings file refers to."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rotation.domain.capability import Activation, Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.integrations.kinds.agent.file_settings import Host, Port
from rotation.integrations.setting_types import Guid
from rotation.integrations.settings import KindSettings

CI_SYNC_FOLDER = r"C:\Program Files\Syncfish\CISynchronizerAgent\service"
_GROUP = r"^/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[-\w.()]{1,90}/providers"

type WindowsFolder = Annotated[str, Field(pattern=r'^[A-Za-z]:(\\[^\\/:*?"<>|\x00-\x1f]+)+$', max_length=250)]
type FileName = Annotated[str, Field(pattern=r'^[^\\/:*?"<>|\x00-\x1f]+\.json$', max_length=100)]
type ServiceName = Annotated[str, Field(pattern=r"^[^\\/'\"\x00-\x1f]+$", max_length=256)]
type Machine = Annotated[
    str,
    Field(pattern=rf"{_GROUP}/Microsoft\.(Compute/virtualMachines|HybridCompute/machines)/[\w.-]{{1,64}}$"),
]
type Discovery = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]

PROVIDERS = {
    "vm-run-command": "Microsoft.Compute/virtualMachines",
    "arc-run-command": "Microsoft.HybridCompute/machines",
}


class CredentialSettings(KindSettings):
    """Which program on which server, how to get there, and which discovery a person approved."""

    storage: Literal["wincred"]
    transport: Literal["ssh", "vm-run-command", "arc-run-command"]
    host: Host | None = None
    """For `ssh`."""
    port: Port = 22
    machine: Machine | None = None
    """For run commands: the resource id of the virtual machine or Arc-enabled server."""
    profile: Literal["syncfish-ci-sync"] | None = None
    """A known program: gives `folder` and `otherwise`."""
    application_id: Guid
    """Client id that the settings file names beside the credential; no other application's secret is delivered here."""
    folder: WindowsFolder | None = None
    """Where the service's program and its settings file lie."""
    file: FileName = "appsettings.json"
    service: ServiceName | None = None
    """The Windows service; without it the one whose program lies in `folder`."""
    discovered: Discovery | None = None
    """Fingerprint of what the check found and a person approved; nothing is delivered without it."""
    sign_in: bool = True
    """Let the server sign in to Entra with the value that it reads back."""
    otherwise: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] = ""
    """The hand-off preset that every refusal names."""
    timeout_seconds: Annotated[float, Field(gt=0, le=50)] = 45.0
    private_network: bool = False
    """For `ssh`: let the host have a private or loopback address."""

    @model_validator(mode="after")
    def _way_and_place_are_whole(self) -> Self:
        if self.transport == "ssh" and (self.host is None or self.machine is not None):
            raise ValueError("transport ssh needs `host`, and no `machine`")
        if self.transport != "ssh":
            if self.machine is None or self.host is not None:
                raise ValueError(f"transport {self.transport} needs `machine`, and no `host`")
            if PROVIDERS[self.transport].lower() not in self.machine.lower():
                raise ValueError(f"transport {self.transport} needs a `machine` of {PROVIDERS[self.transport]}")
        if self.folder is None and self.profile is None:
            raise ValueError("say `folder`, or a `profile` that knows it")
        return self

    @property
    def program(self) -> str:
        """The folder of service and settings file."""
        return self.folder or CI_SYNC_FOLDER

    @property
    def by_hand(self) -> str:
        """The preset that a person follows instead; empty: none is known."""
        return self.otherwise or ("syncfish-azure-source-onprem" if self.profile else "")

    @property
    def server(self) -> str:
        """Where it is, for people."""
        return self.host or str(self.machine).rpartition("/")[2]

    def identity(self) -> Mapping[str, object]:
        """Give the way there, the program, and what was discovered."""
        return {
            "way": [self.transport, (self.host or "").lower(), self.port, (self.machine or "").lower()],
            "program": [self.program.lower(), self.file.lower(), self.service],
            "application_id": self.application_id,
            "discovered": self.discovered,
            "sign_in": self.sign_in,
            "private_network": self.private_network,
            "value": False,
        }

    def capabilities(self) -> Capabilities:
        """Tell that the server proves what it reads back, and that the service is restarted."""
        return Capabilities(
            mode=DeliveryMode.AUTOMATIC,
            level=Level.AUTHENTICATES if self.sign_in else Level.STORED,
            reads_back=ReadBack.VALUE,
            activation=Activation.EXPLICIT,
            restarts=True,
        )

    def describe(self) -> Description:
        """Name program and server, and what they need."""
        ways = {
            "ssh": "an administrator's account on the server, for key-based SSH",
            "vm-run-command": "Virtual Machine Contributor on that machine (runCommands/write)",
            "arc-run-command": "Azure Connected Machine Resource Administrator on that machine (runCommands/write)",
        }
        return Description(
            where=f"the credential that {self.program}\\{self.file} refers to, on {self.server}",
            permissions=(
                ways[self.transport],
                "the server's managed identity: Key Vault Secrets User on the line's secret",
            ),
            secretless="Where the product lets its registration use a certificate, no secret is needed.",
            traps=(
                "The vendor does not support this; the companion script was never run against the real product.",
                "A credential has no room for our mark: what is written last stands.",
            ),
        )
