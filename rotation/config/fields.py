"""
The types of values in a configuration, each with its reader and its JSON Schema.

The readers raise `fault`, so pydantic collects what, allowed and meant for all of them at once.
"""

from datetime import time, timedelta
from enum import Enum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, WithJsonSchema

from rotation.config import spellings, times
from rotation.domain.audience import Security
from rotation.domain.policy import Enrol, Mode, Proof, Retire
from rotation.domain.window import Freeze


def _duration(usual: str, *, zero: bool = False) -> BeforeValidator:
    return BeforeValidator(lambda value: times.duration(value, usual=usual, zero=zero))


def _said(pattern: str | None = None, *, also: dict[str, Any] | None = None) -> WithJsonSchema:
    return WithJsonSchema({"type": "string"} | ({"pattern": f"^(?:{pattern})$"} if pattern else {}) | (also or {}))


def _words(kind: type[Enum]) -> WithJsonSchema:
    return WithJsonSchema({"enum": [each.value for each in kind]})


_SPAN = _said(r"\d+[wdhms]")
_GUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_DATE_PATTERN = r"\d{4}-\d{2}-\d{2}(?:\s*\.\.\s*\d{4}-\d{2}-\d{2})?"

Days = Annotated[timedelta, _duration("d"), _SPAN]
DaysOrZero = Annotated[timedelta, _duration("d", zero=True), _SPAN]
Minutes = Annotated[timedelta, _duration("m"), _SPAN]
MinutesOrZero = Annotated[timedelta, _duration("m", zero=True), _SPAN]
Name = Annotated[str, BeforeValidator(spellings.name), _said(r"[a-z0-9-]{1,40}")]
Guid = Annotated[str, BeforeValidator(spellings.guid), _said(_GUID)]
Text = Annotated[str, BeforeValidator(spellings.text), _said()]
Folded = Annotated[str, BeforeValidator(spellings.folded), _said()]
Description = Annotated[str, BeforeValidator(spellings.description), _said(also={"maxLength": 50})]
Positive = Annotated[
    int,
    BeforeValidator(lambda value: spellings.count(value, least=1)),
    WithJsonSchema({"type": "integer", "minimum": 1}),
]
Natural = Annotated[
    int,
    BeforeValidator(lambda value: spellings.count(value, least=0)),
    WithJsonSchema({"type": "integer", "minimum": 0}),
]
Yes = Annotated[bool, BeforeValidator(spellings.yes), WithJsonSchema({"const": True})]
YesOrNo = Annotated[bool, BeforeValidator(spellings.yes_or_no), WithJsonSchema({"type": "boolean"})]
Approval = Annotated[bool, BeforeValidator(spellings.approval), WithJsonSchema({"enum": ["required", "none"]})]
VaultAddress = Annotated[str, BeforeValidator(spellings.vault), _said(r"https://.+")]
MailAddress = Annotated[str, BeforeValidator(spellings.mail), _said(r".+@.+")]
Zone = Annotated[ZoneInfo, BeforeValidator(times.zone), _said()]
Weekday = Annotated[int, BeforeValidator(times.weekday), WithJsonSchema({"enum": list(times.DAYS)})]
Hours = Annotated[tuple[time, time], BeforeValidator(times.hours), _said(r"\d\d:\d\d\s*-\s*\d\d:\d\d")]
FreezeDates = Annotated[
    Freeze,
    BeforeValidator(times.freeze),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^(?:{_DATE_PATTERN})$"},
                {
                    "type": "object",
                    "properties": {
                        "dates": {"type": "string", "pattern": f"^(?:{_DATE_PATTERN})$"},
                        "why": {"type": "string"},
                    },
                    "required": ["dates"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
Hearing = Annotated[
    tuple[str, ...],
    BeforeValidator(spellings.hearing),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": "^(?:[a-z0-9-]{1,40})$"},
                {
                    "type": "array",
                    "items": {"type": "string", "pattern": "^(?:[a-z0-9-]{1,40})$"},
                    "minItems": 2,
                    "maxItems": 2,
                },
            ]
        }
    ),
]
Port = Annotated[
    int,
    BeforeValidator(spellings.port),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 65535}),
]
Host = Annotated[str, BeforeValidator(spellings.host), _said(r"[0-9A-Za-z.-]{1,253}")]
SecurityWord = Annotated[Security, BeforeValidator(spellings.choice(Security)), _words(Security)]
Rung = Annotated[int, BeforeValidator(times.rung), _said(r"\d+[wd]|expired")]
VaultSecret = Annotated[str, BeforeValidator(spellings.vault_secret), _said(r"[0-9A-Za-z-]{1,127}")]
SecretTemplate = Annotated[str, BeforeValidator(spellings.template), _said()]
ModeWord = Annotated[Mode, BeforeValidator(spellings.choice(Mode)), _words(Mode)]
EnrolWord = Annotated[Enrol, BeforeValidator(spellings.choice(Enrol)), _words(Enrol)]
ProofWord = Annotated[Proof, BeforeValidator(spellings.choice(Proof)), _words(Proof)]
RetireWord = Annotated[Retire, BeforeValidator(spellings.choice(Retire)), _words(Retire)]
