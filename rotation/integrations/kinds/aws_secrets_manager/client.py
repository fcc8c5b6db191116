"""One secret of AWS Secrets Manager (integrations.md B2, row 8)."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rotation.domain.errors import DestinationGone, DestinationRefused
from rotation.domain.secret import SecretText
from rotation.integrations.kinds.aws_secrets_manager.settings import SecretsManagerSettings
from rotation.integrations.outbound.aws import Aws


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What AWSCURRENT holds."""

    version: str
    whole: SecretText | None
    """The secret's text; None where it is binary or there is no version yet."""
    value: SecretText | None
    """Of the one key, or the whole."""
    tags: Mapping[str, str]


class SecretClient:
    """One secret, signed in."""

    def __init__(self, aws: Aws, settings: SecretsManagerSettings) -> None:
        self._aws, self._settings = aws, settings

    async def read(self) -> Held | None:
        """Read the current version and the mark; None where there is no such secret."""
        try:
            told = await self._aws.ask("describe_secret", lambda: {"SecretId": self._settings.secret})
        except DestinationGone:
            return None
        if told.get("DeletedDate"):
            raise DestinationGone("the secret is scheduled for deletion: restore it, or name another one")
        marks = {str(tag["Key"]): str(tag["Value"]) for tag in told.get("Tags", ())}
        try:
            current = await self._aws.ask("get_secret_value", lambda: {"SecretId": self._settings.secret})
        except DestinationGone:
            return Held(version="", whole=None, value=None, tags=marks)
        whole = SecretText(current["SecretString"]) if current.get("SecretString") else None
        return Held(version=current["VersionId"], whole=whole, value=self._value(whole), tags=marks)

    def _value(self, whole: SecretText | None) -> SecretText | None:
        if whole is None or self._settings.field is None:
            return whole
        found = _object(whole).get(self._settings.field)
        return SecretText(found) if isinstance(found, str) and found else None

    async def write(self, text: SecretText, *, token: str, over: Held) -> str:
        """Put a version under *token*, which AWS takes once, and give its id; other keys stay."""

        def arguments() -> Mapping[str, object]:
            new = self._with(text, over.whole)
            return {"SecretId": self._settings.secret, "ClientRequestToken": token, "SecretString": new}

        return str((await self._aws.change("put_secret_value", arguments))["VersionId"])

    async def create(self, text: SecretText, *, token: str, tags: Mapping[str, str]) -> str:
        """Make the secret with its first version and its mark."""

        def arguments() -> Mapping[str, object]:
            told = {"Name": self._settings.secret, "ClientRequestToken": token, "Tags": _tags(tags)}
            return {**told, "SecretString": self._with(text, None)}

        return str((await self._aws.change("create_secret", arguments))["VersionId"])

    async def mark(self, tags: Mapping[str, str]) -> None:
        """Note whose its current version is."""
        await self._aws.change("tag_resource", lambda: {"SecretId": self._settings.secret, "Tags": _tags(tags)})

    def _with(self, text: SecretText, whole: SecretText | None) -> str:
        if self._settings.field is None:
            return text.reveal()
        return json.dumps({**(_object(whole) if whole else {}), self._settings.field: text.reveal()})


def _object(whole: SecretText) -> dict[str, Any]:
    found: object = None
    with suppress(ValueError):
        found = json.loads(whole.reveal())
    if isinstance(found, dict):
        return found
    raise DestinationRefused(
        "the secret is no JSON object, so it has no keys: leave `field` out", reason="unexpected-shape"
    )


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]
