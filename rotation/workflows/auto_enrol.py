"""`enrol: auto`: a policy that names ids, or says how many it may match at most, says yes by itself."""

from collections.abc import Mapping, Sequence

from rotation.domain.errors import NeedsPerson, Refused
from rotation.domain.identifiers import ObjectId, PolicyName
from rotation.workflows.enrolling import enrol
from rotation.workflows.notices import alarm
from rotation.workflows.previewing import Wish
from rotation.workflows.services import Services


async def enrol_by_policy(services: Services, matches: Mapping[PolicyName, Sequence[ObjectId]]) -> list[str]:
    """Enrol what policies match, and tell what was not enrolled and why; too many matches enrol nothing."""
    configuration = await services.configurations.current()
    remarks: list[str] = []
    for name, applications in matches.items():
        policy = configuration.policy(name)
        if policy is None:
            continue
        if policy.at_most is not None and len(applications) > policy.at_most:
            text = f"policy {name} matches {len(applications)} applications, at_most says {policy.at_most}"
            await alarm(services, f"at-most-{name}", text=f"{text}: nothing was enrolled")
            remarks.append(text)
            continue
        for application in applications:
            for line in sorted({entry.name for entry in policy.lines if entry.only_for in (None, application)}):
                try:
                    await enrol(services, Wish(application=application, line=line, by=f"policy {name}"))
                except (Refused, NeedsPerson) as error:
                    remarks.append(f"{application}|{line}: not enrolled by policy {name}: {error.message}")
    return remarks
