"""`enrol: auto`: a policy that names ids, or says how many it may match at most, says yes by itself."""

from collections.abc import Mapping, Sequence

from rotation.domain.errors import LeaseHeld, NeedsPerson, NewerVersion, Refused
from rotation.domain.identifiers import ObjectId, PolicyName
from rotation.domain.policy import Policy
from rotation.ledger import application as ledger
from rotation.workflows.enrolling import enrol
from rotation.workflows.notices import alarm
from rotation.workflows.previewing import Wish
from rotation.workflows.services import Services


async def enrol_by_policy(
    services: Services, fresh: Mapping[PolicyName, Sequence[ObjectId]], matches: Mapping[PolicyName, int]
) -> list[str]:
    """
    Enrol the *fresh* ones that policies match, and tell what was not enrolled and why.

    Too many *matches*, those that are enrolled already among them, enrol nothing.
    """
    configuration = await services.configurations.current()
    remarks: list[str] = []
    for name, applications in fresh.items():
        policy = configuration.policy(name)
        if policy is None:
            continue
        count = matches.get(name, len(applications))
        if policy.at_most is not None and count > policy.at_most:
            text = f"policy {name} matches {count} applications, at_most says {policy.at_most}"
            await alarm(services, f"at-most-{name}", text=f"{text}: nothing was enrolled")
            remarks.append(text)
            continue
        for application in applications:
            remarks.extend(await _lines(services, policy, application))
    return remarks


async def _lines(services: Services, policy: Policy, application: ObjectId) -> list[str]:
    remarks = []
    try:
        record = await ledger.read(services.tables, application)
    except NewerVersion as error:
        return [f"{application}: not enrolled by policy {policy.name}: {error.message}"]
    for line in sorted({entry.name for entry in policy.lines if entry.only_for in (None, application)}):
        if line in record.rebuilt:
            remarks.append(f"{application}|{line}: rebuilt after the ledger was lost: a person must enrol it again")
            continue
        try:
            await enrol(services, Wish(application=application, line=line, by=f"policy {policy.name}"))
        except (Refused, NeedsPerson, LeaseHeld) as error:
            remarks.append(f"{application}|{line}: not enrolled by policy {policy.name}: {error.message}")
    return remarks
