"""Tell a line that somebody could enrol from one that nobody has heard of."""

import shlex

from rotation.domain.errors import NotFound, Refused
from rotation.domain.identifiers import LineId, LineName
from rotation.ledger import application as ledger
from rotation.workflows.finding import Found
from rotation.workflows.services import Services


def enrol_command(found: Found, line: LineName) -> str:
    """Give the command that enrols."""
    return shlex.join(["rotation", "enrol", found.object_id, "--line", line])


async def must_be_enrolled(services: Services, found: Found, line_id: LineId) -> None:
    """
    Pass where the line is enrolled.

    Raises:
        Refused: It is not, and a policy knows it (`not-enrolled`): the remedy is the command that enrols.
        NotFound: No policy knows such a line (`no-such-line`).
    """
    if await ledger.line(services.tables, line_id) is not None:
        return
    configuration = await services.configurations.current()
    application = await services.directory.application(found.object_id)
    owners = (await services.directory.owners([found.object_id])).get(found.object_id, ())
    policy = configuration.policy_for(application, [owner.mail or "" for owner in owners])
    if policy is not None and policy.entry(line_id.name, found.object_id) is not None:
        raise Refused(
            f"line {line_id.name} of {found.display_name} is not enrolled, so it is not ours to rotate",
            reason="not-enrolled",
            remedy=enrol_command(found, line_id.name),
            line=str(line_id),
        )
    why = f"no policy names a line {line_id.name} for {found.display_name}"
    raise NotFound(why, reason="no-such-line", line=str(line_id))
