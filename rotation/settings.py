"""
The environment, read once into frozen settings; every problem is told together.

docs/settings.md lists all of them; a test keeps that table and this module in agreement. Names without `ROTATION_`
are those that Azure Functions and the SDKs read too (platform.md D4).
"""

import os
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    ValidationError,
    model_validator,
)

from rotation.domain.errors import Misconfigured, Misread
from rotation.domain.identifiers import ClientId, is_guid
from rotation.domain.schedule import WANTED
from rotation.domain.schedule import Schedule as Parsed

STORAGE = "AzureWebJobsStorage"
SERVICES = ("blob", "queue", "table")
DEFAULT_CONFIG = str(Path(__file__).resolve().parent.parent / "rotation.yaml")
_BLOB = re.compile(r"blob:[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])/.+")
_CRON_FIELD = r"[0-9A-Za-z*/,\-]+"
_CRON = re.compile(rf"{_CRON_FIELD}(?: {_CRON_FIELD}){{5}}")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _guid(text: str) -> str:
    if not is_guid(text.strip()):
        raise ValueError("is not a GUID such as 0f8fad5b-d9cb-469f-a165-70867728950e")
    return text.strip().lower()


def _listed(text: object) -> object:
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


def _setting(name: str, meaning: str, *, default: Any = ..., secret: bool = False) -> Any:
    return Field(default, validation_alias=name, description=meaning, repr=not secret)


class _Environment(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, validate_default=False)


class StorageConnection(_Environment):
    """The storage account of the host, which is ours too: a connection string, or addresses and an identity."""

    connection_string: ConnectionString | None = _setting(
        STORAGE, "Connection string. With it, none of the others is needed.", default=None, secret=True
    )
    account_name: str | None = _setting(
        f"{STORAGE}__accountName", "Account, from which the three addresses follow.", default=None
    )
    endpoint_suffix: str = _setting(
        f"{STORAGE}__endpointSuffix", "Suffix of those addresses, for other clouds.", default="core.windows.net"
    )
    blob: ServiceAddress | None = _setting(f"{STORAGE}__blobServiceUri", "Address of blobs.", default=None)
    queue: ServiceAddress | None = _setting(f"{STORAGE}__queueServiceUri", "Address of queues.", default=None)
    table: ServiceAddress | None = _setting(f"{STORAGE}__tableServiceUri", "Address of tables.", default=None)
    client_id: Guid | None = _setting(
        f"{STORAGE}__clientId", "Client id of the user-assigned identity for storage.", default=None
    )
    credential: str | None = _setting(
        f"{STORAGE}__credential", "`managedidentity`; the host needs it where a client id is given.", default=None
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not self.connection_string and (missing := [each for each in SERVICES if not self.addresses.get(each)]):
            names = ", ".join(f"{STORAGE}__{each}ServiceUri" for each in missing)
            raise ValueError(f"{STORAGE} is not set, nor is {STORAGE}__accountName, nor {names}")
        return self

    @property
    def addresses(self) -> Mapping[str, str]:
        """The address of each service (`blob`, `queue`, `table`), where no connection string is set."""
        given = {"blob": self.blob, "queue": self.queue, "table": self.table}
        usual = f"https://{self.account_name}.{{}}.{self.endpoint_suffix}" if self.account_name else ""
        return {name: address or usual.format(name) for name, address in given.items() if address or usual}


class Settings(_Environment):
    """What differs from one deployment to the next."""

    tenant_id: Guid = _setting("ROTATION_TENANT_ID", "The tenant whose applications are watched.")
    vault_url: HttpsAddress = _setting("ROTATION_VAULT_URL", "Key Vault of every policy that names no other.")
    config: ConfigPlace = _setting(
        "ROTATION_CONFIG", "The configuration: a path, or `blob:<container>/<name>`.", default=DEFAULT_CONFIG
    )
    client_id: Guid | None = _setting(
        "AZURE_CLIENT_ID", "Client id of our user-assigned identity; without it, the system-assigned one.", default=None
    )
    own_client_ids: Annotated[tuple[Guid, ...], BeforeValidator(_listed)] = _setting(
        "ROTATION_OWN_CLIENT_IDS",
        "Client ids of Rotation's own applications, with commas between; they can never be enrolled.",
        default=(),
    )
    graph_url: HttpsAddress = _setting(
        "ROTATION_GRAPH_URL", "Microsoft Graph, without version.", default="https://graph.microsoft.com"
    )
    arm_url: HttpsAddress = _setting(
        "ROTATION_ARM_URL", "Azure Resource Manager.", default="https://management.azure.com"
    )
    authority_host: AuthorityHost = _setting(
        "AZURE_AUTHORITY_HOST", "The sign-in service.", default="https://login.microsoftonline.com"
    )
    sign_in_workspaces: Annotated[tuple[Guid, ...], BeforeValidator(_listed)] = _setting(
        "ROTATION_SIGN_IN_WORKSPACES",
        "Ids of Log Analytics workspaces that get the tenant's service-principal sign-ins, with commas between.",
        default=(),
    )
    logs_url: HttpsAddress = _setting(
        "ROTATION_LOGS_URL", "Log Analytics' query service.", default="https://api.loganalytics.io"
    )
    verify_vault_challenge: bool = _setting(
        "ROTATION_VERIFY_VAULT_CHALLENGE",
        "Check that a vault asks for tokens of its own domain; `false` only for an emulator.",
        default=True,
    )
    dashboard_url: HttpsAddress | None = _setting(
        "ROTATION_DASHBOARD_URL", "Where people find the dashboard; messages link to it.", default=None
    )
    scan_schedule: Schedule | None = _setting(
        "SCAN_SCHEDULE", "When the nightly scan begins, UTC; usually `0 0 2 * * *`.", default=None
    )
    recover_schedule: Schedule | None = _setting(
        "RECOVER_SCHEDULE", "When open work is looked at; usually each minute: `0 * * * * *`.", default=None
    )
    weekly_schedule: Schedule | None = _setting(
        "WEEKLY_SCHEDULE", "When certificates and service principals are read; usually `0 0 4 * * 0`.", default=None
    )
    digest_schedule: Schedule | None = _setting(
        "DIGEST_SCHEDULE", "When people are told; usually `0 0 7 * * *`.", default=None
    )
    lease: Seconds = _setting(
        "ROTATION_LEASE_SECONDS",
        "How long a worker holds what it works on; renewed while it does.",
        default=timedelta(seconds=120),
    )
    look_spacing: Seconds = _setting(
        "ROTATION_LOOK_SPACING_SECONDS",
        "Between two looks where reads lag writes.",
        default=timedelta(seconds=30),
    )
    phase_deadline: Hours = _setting(
        "ROTATION_PHASE_DEADLINE_HOURS",
        "How long one phase is tried again before it is blocked.",
        default=timedelta(hours=24),
    )
    paused_recheck: Seconds = _setting(
        "ROTATION_PAUSED_RECHECK_SECONDS", "How often a paused step looks again.", default=timedelta(seconds=300)
    )
    scan_heartbeat: Seconds = _setting(
        "ROTATION_SCAN_HEARTBEAT_SECONDS", "How often a scan notes its progress.", default=timedelta(seconds=30)
    )
    scan_silent_after: Seconds = _setting(
        "ROTATION_SCAN_SILENT_SECONDS",
        "A scan without progress for so long is begun again.",
        default=timedelta(seconds=900),
    )
    storage: Annotated[StorageConnection, SkipValidation] = Field(description="The storage account.")

    @model_validator(mode="after")
    def _heart_beats_in_time(self) -> Self:
        if self.scan_silent_after < 2 * self.scan_heartbeat:
            raise ValueError("ROTATION_SCAN_SILENT_SECONDS is less than twice ROTATION_SCAN_HEARTBEAT_SECONDS")
        return self

    @property
    def never_enrolled(self) -> frozenset[ClientId]:
        """Client ids that may never be enrolled: our own identity's and those named."""
        own = (self.client_id, self.storage.client_id, *self.own_client_ids)
        return frozenset(ClientId(each) for each in own if each)


SCHEDULES = ("scan_schedule", "recover_schedule", "weekly_schedule", "digest_schedule")


def read(environment: Mapping[str, str] | None = None, *, hosted: bool = True) -> Settings:
    """
    Read the settings from *environment*, by default this process's; an empty value counts as not set.

    *hosted* is what the Functions host runs, which also needs the schedules; a terminal does not.

    Raises:
        Misconfigured: With every problem at once. Values are not shown: one of them may be a secret.
    """
    source = os.environ if environment is None else environment
    given = {name: value for name, value in source.items() if value.strip()}
    problems: list[str] = []
    storage = _part(StorageConnection, given, problems)
    settings = _part(Settings, given | {"storage": storage or StorageConnection.model_construct()}, problems)
    if hosted:
        problems += _missing_schedules(given)
    if problems or settings is None:
        raise Misconfigured(problems)
    return settings


def _part[Part: BaseModel](model: type[Part], given: Mapping[str, Any], problems: list[str]) -> Part | None:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        for finding in error.errors(include_url=False, include_input=False):
            message = "is not set" if finding["type"] == "missing" else finding["msg"].removeprefix("Value error, ")
            problems.append(": ".join([*(str(step) for step in finding["loc"][:1]), _plain(message)]))
        return None


def _plain(message: str) -> str:
    return message.replace("Input should be", "is not") if message.startswith("Input should be") else message


def _missing_schedules(given: Mapping[str, str]) -> Iterable[str]:
    for field in SCHEDULES:
        name = str(Settings.model_fields[field].validation_alias)
        if name not in given:
            yield f"{name}: is not set; the host cannot start its timer without it"
