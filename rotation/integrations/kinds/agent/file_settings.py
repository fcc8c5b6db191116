"""Settings of a secret in a file on a Linux server, reached over SSH."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from rotation.domain.capability import Activation, Concurrency, Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.integrations.kinds.agent.formats import FORMATS, Format
from rotation.integrations.outbound.addresses import host_name
from rotation.integrations.settings import KindSettings

type Host = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.:-]*$"), AfterValidator(host_name)]
type Port = Annotated[int, Field(ge=1, le=65535)]
type LinuxPath = Annotated[str, Field(pattern=r"^(/[^/\x00-\x1f]+)+$", max_length=1000)]
type Unit = Annotated[str, Field(pattern=r"^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*$", max_length=255)]
type Argument = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00\r\n]*$")]


class FileSettings(KindSettings):
    """Which value of which file of which server, what to restart, and how to try it."""

    storage: Literal["dotenv", "ini", "json", "xml"]
    """The file's format."""
    transport: Literal["ssh"] = "ssh"
    host: Host
    port: Port = 22
    path: LinuxPath
    """The file itself, not a link to it."""
    at: Annotated[str, Field(min_length=1, max_length=1000)]
    """Where in the file: a variable, `[section] key`, a JSON Pointer, or an XML path."""
    service: Unit | None = None
    """The systemd unit to restart; without it nothing is restarted."""
    sudo: bool = False
    """Call systemctl through `sudo -n`."""
    stays_up_seconds: Annotated[float, Field(ge=0, le=20)] = 5.0
    """How long the unit must stay active after its restart."""
    test: Annotated[tuple[Argument, ...], Field(min_length=1, max_length=50)] | None = None
    """A command, as a list, that ends with 0 when the program can use the secret; it changes nothing."""
    test_signs_in: bool = False
    """The test signs in to Entra with the secret."""
    timeout_seconds: Annotated[float, Field(gt=0, le=50)] = 30.0
    private_network: bool = False
    """Let the host have a private or loopback address; link-local and metadata addresses never."""

    @model_validator(mode="after")
    def _place_is_of_the_format(self) -> Self:
        if self.format.form.fullmatch(self.at) is None:
            raise ValueError(f"`at` of {self.storage} is {self.format.example}")
        if self.test_signs_in and self.test is None:
            raise ValueError("`test_signs_in` speaks of a `test`, and there is none")
        if self.sudo and self.service is None:
            raise ValueError("`sudo` is for restarting a `service`, and there is none")
        return self

    @property
    def format(self) -> Format:
        """How the file is read."""
        return FORMATS[self.storage]

    @property
    def address(self) -> str:
        """The file, as an address."""
        return f"ssh://{self.host.lower()}:{self.port}{self.path}"

    def identity(self) -> Mapping[str, object]:
        """Give server, file, place, and all that is run there."""
        return {
            "address": self.address,
            "storage": self.storage,
            "at": self.at,
            "service": self.service,
            "sudo": self.sudo,
            "test": self.test,
            "private_network": self.private_network,
            "value": True,
        }

    def capabilities(self) -> Capabilities:
        """Tell that the value can be read back, and that the file is written whole."""
        return Capabilities(
            mode=DeliveryMode.AUTOMATIC,
            level=Level.AUTHENTICATES if self.test_signs_in else Level.STORED,
            reads_back=ReadBack.VALUE,
            activation=Activation.EXPLICIT if self.service else Activation.NONE,
            concurrency=Concurrency.LEASE,
            whole_object=True,
            restarts=self.service is not None,
        )

    def describe(self) -> Description:
        """Name file and server, and who must be let in."""
        own = "read and write the file, and make files in its folder, as the file's owner (or root)"
        restart = f"{'sudo -n ' if self.sudo else ''}systemctl restart {self.service}"
        return Description(
            where=f"{self.at} in {self.path} on {self.host}",
            permissions=(own, restart) if self.service else (own,),
            secretless=(
                "A program on an Azure VM or an Arc-enabled server can sign in by the server's managed identity, "
                "or read the vault with it, instead of keeping a secret in a file."
            ),
            traps=(
                "Access lists, extended attributes and SELinux labels are those that a new file gets in that folder.",
                "A file has no room for our mark: what is written last stands.",
            ),
        )

    def resource(self) -> str:
        """Give the file: two values of one file are written in turns."""
        return self.address
