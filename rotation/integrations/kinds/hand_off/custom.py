"""Any other product: the form is written in the configuration."""

from collections.abc import Mapping
from string import Template
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from rotation.domain.delivery import Capabilities, DeliveryMode, FormField, Level
from rotation.domain.identifiers import is_guid
from rotation.integrations.kinds.hand_off.preset import EVERY_CHECKLIST, GAPS, Form, Line, Preset


def _guid(text: str) -> str:
    if not is_guid(text):
        raise ValueError("an application id is a GUID")
    return text.lower()


class CustomField(BaseModel):
    """One field of the form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: Line
    value: Line
    note: Annotated[str, Field(max_length=300)] = ""


class Custom(Preset):
    """`preset: custom`; every text may have gaps such as `$client_id`, and `$$` is a dollar sign."""

    preset: Literal["custom"]
    product: Line
    where: Line
    fields: Annotated[tuple[CustomField, ...], Field(min_length=1, max_length=30)]
    checklist: Annotated[tuple[Line, ...], Field(min_length=1, max_length=30)]
    questions: Annotated[tuple[Line, ...], Field(min_length=1, max_length=10)]
    warnings: Annotated[tuple[Line, ...], Field(max_length=10)] = ()
    application_id: Annotated[str, AfterValidator(_guid)] | None = None
    destructive: bool = False

    @model_validator(mode="after")
    def _gaps_are_known(self) -> Self:
        templates = [Template(text) for text in self.form().texts()]
        if not all(template.is_valid() for template in templates):
            raise ValueError("a lone $ in a text: write $$ for a dollar sign")
        unknown = {gap for template in templates for gap in template.get_identifiers()} - set(GAPS)
        if unknown:
            raise ValueError(f"no gap ${', $'.join(sorted(unknown))}; there are ${', $'.join(GAPS)}")
        if not any("$secret_link" in field.value for field in self.fields):
            raise ValueError("no field has the value $secret_link, so nobody would find the secret")
        return self

    def form(self) -> Form:
        """Give the configured form."""
        return Form(
            title=f"{self.product}: give it the new client secret of $application_name",
            where=self.where,
            fields=tuple(
                FormField(label=each.label, value=each.value, note=each.note, link=each.value == "$secret_link")
                for each in self.fields
            ),
            checklist=(*EVERY_CHECKLIST, *self.checklist),
            questions=self.questions,
            warnings=self.warnings,
        )

    def expected_client_id(self) -> str | None:
        """Name the application, where the settings do."""
        return self.application_id

    def identity(self) -> Mapping[str, object]:
        """Give product and place; a person carries the value there."""
        return {
            "preset": self.preset,
            "product": self.product,
            "where": self.where,
            "application_id": self.application_id,
            "value": True,
        }

    def capabilities(self) -> Capabilities:
        """Tell what the configuration says of it."""
        return Capabilities(mode=DeliveryMode.ASSISTED, level=Level.ACCEPTED, destructive=self.destructive)
