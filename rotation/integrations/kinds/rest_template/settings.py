"""Settings of `rest-template` destinations."""

from collections.abc import Mapping
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from rotation.domain.capability import Concurrency, Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.integrations.kinds.rest_template.presets import Auth0Connection, GitLabVariable, TerraformVariable
from rotation.integrations.kinds.rest_template.template import Look, Rule, Template, Write
from rotation.integrations.outbound.addresses import Seconds
from rotation.integrations.settings import KindSettings


class RestTemplateSettings(KindSettings):
    """A preset, or a request of one's own."""

    preset: Annotated[GitLabVariable | TerraformVariable | Auth0Connection, Field(discriminator="name")] | None = None
    """A template that is ready-made."""
    request: Write | None = None
    """What writes the value."""
    verify: Look | None = None
    """What looks at it; without it, nobody can tell what is there."""
    rules: Annotated[tuple[Rule, ...], Field(max_length=10)] = ()
    """What a value must look like, checked before anything is sent."""
    scope: Annotated[str, Field(pattern=r"^[^\s]{1,200}$")] | None = None
    """What a `client-secret` connection asks Entra for, such as api://erp/.default."""
    private_network: bool = False
    """Let the host have a private or loopback address; link-local and metadata addresses never."""
    timeout_seconds: Seconds = 15.0

    @model_validator(mode="after")
    def _is_one_template(self) -> Self:
        if (self.preset is None) == (self.request is None):
            raise ValueError("describe a `request`, or choose a `preset`; one of them")
        if self.preset is not None and (self.verify or self.rules):
            raise ValueError("a preset has its own `verify` and `rules`")
        _ = self.template
        return self

    @property
    def template(self) -> Template:
        """
        Give the declarative shape, whichever way it was told.

        Raises:
            ValueError: Every problem; never after the settings were read.
        """
        if self.preset is not None:
            return self.preset.template()
        assert self.request is not None
        return Template(request=self.request, verify=self.verify, rules=self.rules)

    def identity(self) -> Mapping[str, object]:
        """Give the whole template: whatever is changed in it may lead elsewhere."""
        return {"template": self.template.model_dump(mode="json"), "scope": self.scope, "value": True}

    def capabilities(self) -> Capabilities:
        """Tell by what `verify` can see."""
        look, whole = self.template.verify, self.template.request.replace is not None
        reads = ReadBack.NONE
        if look is not None and (look.value or look.timestamp):
            reads = ReadBack.VALUE if look.value else ReadBack.TIMESTAMP
        return Capabilities(
            mode=DeliveryMode.AUTOMATIC,
            level=Level.STORED if look is not None and look.value else Level.ACCEPTED,
            reads_back=reads,
            concurrency=Concurrency.LEASE if whole else Concurrency.NONE,
            whole_object=whole,
        )

    def resource(self) -> str | None:
        """Give the object that is written whole."""
        return self.template.request.url if self.template.request.replace is not None else None

    def describe(self) -> Description:
        """Name the request, without its query."""
        request, look = self.template.request, self.template.verify
        parts = urlsplit(request.url)
        reads = (f"GET {urlsplit(look.url).path} at {urlsplit(look.url).netloc}",) if look else ()
        traps = ("It cannot be read back: usage of the new key shows the switch.",)
        return Description(
            where=f"{request.method} {parts.path} at {parts.netloc}",
            permissions=(f"{request.method} {parts.path} at {parts.netloc}", *reads),
            secretless="Ask the product for federated credentials or OpenID Connect; many CI systems have them.",
            traps=() if look is not None and look.value else traps,
        )
