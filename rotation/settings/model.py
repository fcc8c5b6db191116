"""What differs from one deployment to the next."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SkipValidation, model_validator

from rotation.domain.identifiers import ClientId
from rotation.settings.spellings import (
    AuthorityHost,
    ConfigPlace,
    Environment,
    Guid,
    Hours,
    HttpsAddress,
    Schedule,
    Seconds,
    listed,
    setting,
)
from rotation.settings.storage import StorageConnection

DEFAULT_CONFIG = str(Path(__file__).resolve().parents[2] / "rotation.yaml")


class Settings(Environment):
    """What differs from one deployment to the next."""

    tenant_id: Guid = setting("ROTATION_TENANT_ID", "The tenant whose applications are watched.")
    vault_url: HttpsAddress = setting("ROTATION_VAULT_URL", "Key Vault of every policy that names no other.")
    config: ConfigPlace = setting(
        "ROTATION_CONFIG", "The configuration: a path, or `blob:<container>/<name>`.", default=DEFAULT_CONFIG
    )
    client_id: Guid | None = setting(
        "AZURE_CLIENT_ID", "Client id of our user-assigned identity; without it, the system-assigned one.", default=None
    )
    own_client_ids: Annotated[tuple[Guid, ...], BeforeValidator(listed)] = setting(
        "ROTATION_OWN_CLIENT_IDS",
        "Client ids of Rotation's own applications, with commas between; they can never be enrolled.",
        default=(),
    )
    graph_url: HttpsAddress = setting(
        "ROTATION_GRAPH_URL", "Microsoft Graph, without version.", default="https://graph.microsoft.com"
    )
    arm_url: HttpsAddress = setting(
        "ROTATION_ARM_URL", "Azure Resource Manager.", default="https://management.azure.com"
    )
    authority_host: AuthorityHost = setting(
        "AZURE_AUTHORITY_HOST", "The sign-in service.", default="https://login.microsoftonline.com"
    )
    sign_in_workspaces: Annotated[tuple[Guid, ...], BeforeValidator(listed)] = setting(
        "ROTATION_SIGN_IN_WORKSPACES",
        "Ids of Log Analytics workspaces that get the tenant's service-principal sign-ins, with commas between.",
        default=(),
    )
    logs_url: HttpsAddress = setting(
        "ROTATION_LOGS_URL", "Log Analytics' query service.", default="https://api.loganalytics.io"
    )
    verify_vault_challenge: bool = setting(
        "ROTATION_VERIFY_VAULT_CHALLENGE",
        "Check that a vault asks for tokens of its own domain; `false` only for an emulator.",
        default=True,
    )
    dashboard_url: HttpsAddress | None = setting(
        "ROTATION_DASHBOARD_URL", "Where people find the dashboard; messages link to it.", default=None
    )
    scan_schedule: Schedule | None = setting(
        "SCAN_SCHEDULE", "When the nightly scan begins, UTC; usually `0 0 2 * * *`.", default=None
    )
    recover_schedule: Schedule | None = setting(
        "RECOVER_SCHEDULE", "When open work is looked at; usually each minute: `0 * * * * *`.", default=None
    )
    weekly_schedule: Schedule | None = setting(
        "WEEKLY_SCHEDULE", "When certificates and service principals are read; usually `0 0 4 * * 0`.", default=None
    )
    digest_schedule: Schedule | None = setting(
        "DIGEST_SCHEDULE", "When people are told; usually `0 0 7 * * *`.", default=None
    )
    lease: Seconds = setting(
        "ROTATION_LEASE_SECONDS",
        "How long a worker holds what it works on; renewed while it does.",
        default=timedelta(seconds=120),
    )
    look_spacing: Seconds = setting(
        "ROTATION_LOOK_SPACING_SECONDS",
        "Between two looks where reads lag writes.",
        default=timedelta(seconds=30),
    )
    write_quota: Seconds = setting(
        "ROTATION_WRITE_QUOTA_SECONDS",
        "Over which Graph counts our writes; Microsoft's number, shorter only where a quota is tried out.",
        default=timedelta(seconds=150),
    )
    phase_deadline: Hours = setting(
        "ROTATION_PHASE_DEADLINE_HOURS",
        "How long one phase is tried again before it is blocked.",
        default=timedelta(hours=24),
    )
    paused_recheck: Seconds = setting(
        "ROTATION_PAUSED_RECHECK_SECONDS", "How often a paused step looks again.", default=timedelta(seconds=300)
    )
    scan_heartbeat: Seconds = setting(
        "ROTATION_SCAN_HEARTBEAT_SECONDS", "How often a scan notes its progress.", default=timedelta(seconds=30)
    )
    scan_silent_after: Seconds = setting(
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
