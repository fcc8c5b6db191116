"""Ready-made templates. Each is no more than a `Template`, so all that holds for one holds for these."""

from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field

from rotation.integrations.kinds.rest_template.template import Look, Part, Rule, Template, Write
from rotation.integrations.outbound.addresses import BaseAddress

JSON_API = {"content-type": "application/vnd.api+json"}
KEPT_BY_GITLAB = ("variable_type", "protected", "masked", "raw", "description")
GITLAB_RULES = (
    Rule(
        pattern=r"[0-9A-Za-z+/=@:.~_-]{8,}",
        given={"/masked": True, "/raw": False},
        why="GitLab masks 8 or more characters of base64 and @ : . ~ _ - only",
    ),
    Rule(pattern=r"\S{8,}", given={"/masked": True}, why="GitLab masks 8 or more characters without spaces"),
)


class GitLabVariable(Part):
    """A CI/CD variable of a GitLab project, which is there already."""

    name: Literal["gitlab-variable"]
    address: BaseAddress = "https://gitlab.com"
    project: Annotated[str, Field(pattern=r"^[0-9A-Za-z._/-]{1,255}$")]
    """Its number, or its path such as contoso/erp."""
    key: Annotated[str, Field(pattern=r"^[0-9A-Za-z_]{1,255}$")]
    environment_scope: Annotated[str, Field(min_length=1, max_length=255)] = "*"
    """Of several variables of one name, the one with this scope."""
    hidden: bool = False
    """Yes, the variable is hidden: GitLab shows its value to nobody."""

    def template(self) -> Template:
        """Expand it; the variable's flags are read, and sent along unchanged."""
        scope = quote(self.environment_scope, safe="")
        place = f"{self.address}/api/v4/projects/{quote(self.project, safe='')}/variables/{self.key}"
        url = f"{place}?filter%5Benvironment_scope%5D={scope}"
        expects: dict[str, str | bool | int | None] = {"/environment_scope": self.environment_scope}
        return Template(
            request=Write(method="PUT", url=url, body={"value": "${value}"}, keep=KEPT_BY_GITLAB, success=(200,)),
            verify=Look(url=url, value=None if self.hidden else "/value", expects=expects),
            rules=GITLAB_RULES,
        )


class TerraformVariable(Part):
    """A sensitive variable of a workspace of HCP Terraform (Terraform Cloud) or Terraform Enterprise."""

    name: Literal["terraform-cloud-variable"]
    address: BaseAddress = "https://app.terraform.io"
    workspace: Annotated[str, Field(pattern=r"^ws-[0-9A-Za-z]{1,60}$")]
    variable: Annotated[str, Field(pattern=r"^var-[0-9A-Za-z]{1,60}$")]
    key: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,255}$")]
    """The variable's name, so that a wrong id is noticed."""

    def template(self) -> Template:
        """Expand it; what is sensitive is shown to nobody."""
        place = f"{self.address}/api/v2"
        body = {"data": {"type": "vars", "id": self.variable, "attributes": {"value": "${value}"}}}
        return Template(
            request=Write(
                method="PATCH", url=f"{place}/vars/{self.variable}", headers=JSON_API, body=body, success=(200,)
            ),
            verify=Look(
                url=f"{place}/workspaces/{self.workspace}/vars/{self.variable}",
                expects={"/data/attributes/key": self.key, "/data/attributes/sensitive": True},
            ),
        )


class Auth0Connection(Part):
    """The client secret of an enterprise connection of Auth0 to Entra (`waad`)."""

    name: Literal["auth0-connection"]
    address: BaseAddress
    """The tenant, such as https://contoso.eu.auth0.com."""
    connection_id: Annotated[str, Field(pattern=r"^con_[0-9A-Za-z]{1,60}$")]

    def template(self) -> Template:
        """Expand it; a PATCH overrides `options` entire, and `display_name` too where it is left out."""
        url = f"{self.address}/api/v2/connections/{self.connection_id}"
        secret = "/options/client_secret"  # noqa: S105  # a place
        return Template(
            request=Write(method="PATCH", url=url, replace=secret, sends=("options", "display_name"), success=(200,)),
            verify=Look(url=url, value=secret, expects={"/strategy": "waad", "/options/client_id": "${client_id}"}),
        )
