"""
What a preset is: a form of somebody's product as text with gaps, and its settings.

Gaps are written `$client_id`; `GAPS` lists those that every preset may use, and a preset adds its own settings.
"""

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import Template
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, Field

from rotation.domain.capability import Description
from rotation.domain.delivery import Capabilities, DeliveryMode, FormField, HandOff, Level, Shipment
from rotation.integrations.kinds.hand_off.preflight import Preflight
from rotation.integrations.kinds.hand_off.vault_link import vault_link
from rotation.integrations.settings import KindSettings

GAPS = (
    "application_name",
    "client_id",
    "tenant_id",
    "description",
    "key_id",
    "hint",
    "secret_link",
    "secret_id",
    "expires_on",
    "expires_in_words",
    "act_by",
)

EVERY_CHECKLIST = (
    "Do not delete the old secret: Rotation removes it once the new one is in use.",
    "Paste the Value (it begins with $hint), not the Secret ID, without spaces before or after it.",
)

NOTHING: Mapping[str, str] = MappingProxyType({})

type Line = Annotated[str, Field(min_length=1, max_length=300)]


def _https(text: str) -> str:
    if re.fullmatch(r"https://[^\s@]+", text) is None:
        raise ValueError("only https:// addresses are linked to")
    return text


type Link = Annotated[str, AfterValidator(_https)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One product's form, in the order in which it is filled in. All texts may have gaps."""

    title: str
    where: str
    fields: tuple[FormField, ...]
    checklist: tuple[str, ...]
    questions: tuple[str, ...]
    records: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def texts(self) -> tuple[str, ...]:
        """Give every text that may have gaps."""
        shown = tuple(text for each in self.fields for text in (each.label, each.value, each.note))
        return (self.title, self.where, *shown, *self.checklist, *self.questions, *self.records, *self.warnings)

    def fill(self, gaps: Mapping[str, str]) -> HandOff:
        """Fill every gap; KeyError for one without a value is a bug of the preset."""

        def filled(text: str) -> str:
            return Template(text).substitute(gaps)

        return HandOff(
            title=filled(self.title),
            where=filled(self.where),
            fields=tuple(
                FormField(label=filled(f.label), value=filled(f.value), note=filled(f.note), link=f.link)
                for f in self.fields
            ),
            checklist=tuple(map(filled, self.checklist)),
            questions=tuple(map(filled, self.questions)),
            records=tuple(map(filled, self.records)),
            warnings=tuple(map(filled, self.warnings)),
        )


class Preset(KindSettings):
    """Settings of one product's hand-offs."""

    @abstractmethod
    def form(self) -> Form:
        """Give the form."""

    def gaps(self, remembered: Mapping[str, str] = NOTHING) -> Mapping[str, str]:  # noqa: ARG002  # most remember nothing
        """Give the values of this preset's own gaps, from its settings and what was written down last time."""
        return {}

    def preflight(self) -> Preflight:
        """Say what is looked at before a person is bothered."""
        return Preflight()

    def expected_client_id(self) -> str | None:
        """Name the one application whose secrets belong there, where the settings know it."""
        return None

    def capabilities(self) -> Capabilities:
        """Tell that a person does it, and that nothing can be looked at but sign-ins."""
        return Capabilities(mode=DeliveryMode.ASSISTED, level=Level.ACCEPTED)

    def describe(self) -> Description:
        """Name the form's place; gaps that only a rotation fills stay as words."""
        where = Template(self.form().where).safe_substitute({name: f"<{name}>" for name in GAPS} | dict(self.gaps()))
        return Description(where=where, permissions=("a person who may open the vault secret (a reader)",))


def gaps(shipment: Shipment) -> dict[str, str]:
    """Give the values of the gaps that every preset may use; the value itself is none of them."""
    last_day = (shipment.end_at - timedelta(days=1)).date()
    act_by = "" if shipment.previous_end_at is None else in_words(shipment.previous_end_at)
    return {
        "application_name": shipment.application_name,
        "client_id": shipment.client_id,
        "tenant_id": shipment.tenant_id,
        "description": shipment.description,
        "key_id": shipment.key_id,
        "hint": f"{shipment.hint}..." if shipment.hint else "the characters shown with the link",
        "secret_link": vault_link(shipment),
        "secret_id": shipment.secret_id,
        "expires_on": last_day.isoformat(),
        "expires_in_words": f"{last_day:%A}, {last_day.day} {last_day:%B %Y}",
        "act_by": act_by,
    }


def in_words(at: datetime) -> str:
    """Write a day so that day and month cannot be swapped."""
    return f"{at.day} {at:%B %Y}"
