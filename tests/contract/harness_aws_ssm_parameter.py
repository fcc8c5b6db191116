"""`aws-ssm-parameter`, against moto."""

from collections.abc import Mapping

from tests.contract.aws_harness import AwsHarness

PARAMETER = "/erp/payments/client-secret"


class SsmParameterHarness(AwsHarness):
    kind = "aws-ssm-parameter"
    keeps_order = True
    service = "ssm"
    write = "PutParameter"

    @property
    def settings(self) -> Mapping[str, object]:
        return {**super().settings, "parameter": PARAMETER}

    async def taken(self) -> int:
        found = await self.administrate("describe_parameters")
        return sum(each["Version"] for each in found["Parameters"])
