"""The types of settings: how each is written, and what is said of one that is not."""

import re
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from rotation.domain.errors import Misread
from rotation.domain.identifiers import is_guid
from rotation.domain.schedule import WANTED
from rotation.domain.schedule import Schedule as Parsed

_BLOB = re.compile(r"blob:[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])/.+")
_CRON_FIELD = r"[0-9A-Za-z*/,\-]+"
_CRON = re.compile(rf"{_CRON_FIELD}(?: {_CRON_FIELD}){{5}}")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _guid(text: str) -> str:
    if not is_guid(text.strip()):
        raise ValueError("is not a GUID such as 0f8fad5b-d9cb-469f-a165-70867728950e")
    return text.strip().lower()


def listed(text: object) -> object:
    """Take a list with commas, semicolons or spaces between."""
    return [part for part in re.split(r"[,;\s]+", text) if part] if isinstance(text, str) else text


def _with_scheme(text: object) -> object:
    """Take a bare host as azure-identity does."""
    return f"https://{text}" if isinstance(text, str) and "://" not in text else text


def _https(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("is not an address that begins with https:// and names a host")
    return text.rstrip("/")


def _service(text: str) -> str:
    """Allow http for an emulator on this machine only."""
    parts = urlsplit(text)
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return text.rstrip("/")
    return _https(text)


def _connection_string(text: str) -> str:
    if "Endpoint=" in text or ("AccountName=" in text and "AccountKey=" in text):
        return text
    raise ValueError("is not a connection string with AccountName and AccountKey, or with endpoints")


def _config(text: str) -> str:
    if text.startswith("blob:") and not _BLOB.fullmatch(text):
        raise ValueError("is not a path, or blob:<container>/<name>")
    return text


def _schedule(text: str) -> str:
    if not _CRON.fullmatch(" ".join(text.split())):
        raise ValueError(f"is not a schedule of {WANTED}")
    try:
        Parsed.parse(text)
    except Misread:
        raise ValueError(f"is not a schedule of {WANTED}") from None
    return text


def _span(unit: str) -> BeforeValidator:
    def read(value: object) -> timedelta:
        if isinstance(value, timedelta):
            return value
        if not re.fullmatch(r"[1-9]\d{0,6}", str(value).strip()):
            raise ValueError(f"is not a whole number of {unit} of at least 1")
        return timedelta(**{unit: int(str(value))})

    return BeforeValidator(read)


type Guid = Annotated[str, AfterValidator(_guid)]
type HttpsAddress = Annotated[str, AfterValidator(_https)]
type AuthorityHost = Annotated[str, AfterValidator(_https), BeforeValidator(_with_scheme)]
type ServiceAddress = Annotated[str, AfterValidator(_service)]
type ConnectionString = Annotated[str, AfterValidator(_connection_string)]
type ConfigPlace = Annotated[str, AfterValidator(_config)]
type Schedule = Annotated[str, AfterValidator(_schedule)]
type Seconds = Annotated[timedelta, _span("seconds")]
type Hours = Annotated[timedelta, _span("hours")]


def setting(name: str, meaning: str, *, default: Any = ..., secret: bool = False) -> Any:
    """Say which variable a setting is read from, and what it means (docs/settings.md)."""
    return Field(default, validation_alias=name, description=meaning, repr=not secret)


class Environment(BaseModel):
    """What all parts have in common: frozen, and no value is shown where one is wrong."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, validate_default=False, defer_build=True
    )
