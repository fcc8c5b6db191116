"""What every kind's settings can tell about themselves."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, ValidationError

from rotation.domain.capability import Description
from rotation.domain.delivery import Capabilities
from rotation.domain.errors import Misconfigured
from rotation.domain.policy import Destination


class Described(ABC):
    """Settings that say where they lead and what can be done there."""

    @abstractmethod
    def identity(self) -> Mapping[str, object]:
        """
        Give what an approval is about: address, path, connection, and whether the value leaves.

        A change of anything in here makes another destination of it (protocol.md, Enrolment and lines); time-outs
        and wording stay out.
        """

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """Tell what a destination with these settings can do."""

    @abstractmethod
    def describe(self) -> Description:
        """Say in words where it leads, what it needs there, and how its consumer could do without a secret."""

    def resource(self) -> str | None:
        """Give the address of what a delivery writes whole; None where it writes the one value alone."""
        return None

    def secrets(self) -> tuple[str, ...]:
        """Give the vault references among the settings, whose own end dates are watched."""
        return ()


class KindSettings(BaseModel, Described):
    """The usual base: closed and frozen, so that a misspelt setting is refused instead of ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)


def read[S: BaseModel](model: type[S], destination: Destination) -> S:
    """
    Read a destination's settings.

    Raises:
        Misconfigured: Every problem, each with the destination and the setting's path.
    """
    try:
        return model.model_validate(dict(destination.settings))
    except ValidationError as error:
        problems = [
            f"destinations.{destination.name}.{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_context=False, include_url=False)
        ]
    raise Misconfigured(problems)
