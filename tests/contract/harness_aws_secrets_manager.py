"""`aws-secrets-manager`, against moto."""

from collections.abc import Mapping
from typing import Self

from moto.backends import get_backend

from tests.contract.aws_harness import REGION, AwsHarness

SECRET = "erp/payments"


class SecretsManagerHarness(AwsHarness):
    kind = "aws-secrets-manager"
    keeps_order = True
    service = "secretsmanager"
    write = "PutSecretValue"

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.administrate("create_secret", Name=SECRET)
        return self

    @property
    def settings(self) -> Mapping[str, object]:
        return {**super().settings, "secret": SECRET}

    async def taken(self) -> int:
        (backend,) = [each[REGION] for each in get_backend("secretsmanager").values() if each[REGION].secrets]
        return len(backend.secrets[SECRET].versions)
