"""Tell an error in three lines (what, where, how), and give the process its exit code."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Any

from rotation.domain.errors import (
    AccessDenied,
    ApplicationGone,
    Misconfigured,
    Misread,
    NewerVersion,
    NotFound,
    OutcomeUnknown,
    Refused,
    Retryable,
    RotationError,
    Superseded,
    VaultRefused,
)
from rotation.workflows.facts import facts


class Exit(IntEnum):
    """What the process ends with; `rotation --help` lists them."""

    FINE = 0
    FINDINGS = 1
    WRONG_USE = 2
    PERMISSION = 3
    INCOMPLETE = 4


EXIT_CODES = """Exit codes:

0 fine

1 findings: something needs a person, or is refused as things are

2 wrong use: options, settings, a name that is not there

3 permission: a right is missing, or nobody is signed in

4 incomplete: a service did not answer; run it again"""

_CODES: tuple[tuple[tuple[type[RotationError], ...], Exit], ...] = (
    ((Misread, Misconfigured, NotFound, ApplicationGone), Exit.WRONG_USE),
    ((AccessDenied, VaultRefused), Exit.PERMISSION),
    ((Retryable, OutcomeUnknown, Superseded), Exit.INCOMPLETE),
)

NOBODY = "who"
"""The slug of a refusal because nobody can be named."""
NO_INVENTORY = "no-inventory"
"""The slug where no scan was ever complete: not the name is wrong, there is nothing yet to find it in."""
_ENROLLED = "rotation status lists what is enrolled"
_SIGN_IN = "az login, where nobody is signed in; else "


def exit_code(error: RotationError) -> Exit:
    """Give the exit code for *error*; what no kind fits is a finding."""
    if isinstance(error, Refused) and error.reason == NOBODY:
        return Exit.PERMISSION
    if isinstance(error, NotFound) and error.reason == NO_INVENTORY:
        return Exit.INCOMPLETE
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), Exit.FINDINGS)


def remedy(error: RotationError) -> str:
    """Say what would help."""
    match error:
        case Refused():
            return error.remedy
        case NewerVersion():
            return "use the version that is deployed: docs/runbook/upgrade.md"
        case Retryable() | OutcomeUnknown() | Superseded():
            return "run it again in a moment"
        case AccessDenied() | VaultRefused():
            return f"{_SIGN_IN}give the identity that you are signed in with that right, or open the firewall to it"
        case Misconfigured():
            return "mend each of them: docs/settings.md has the settings, and rotation config check reads rotation.yaml"
        case NotFound() if error.reason == NO_INVENTORY:
            return "rotation scan asks for one; run it again when that is complete"
        case NotFound() if "line" in error.facts:
            return f"{_ENROLLED}; rotation enrol APPLICATION --line LINE --preview tells of one that is not"
        case NotFound() | ApplicationGone():
            return _ENROLLED
        case _:
            return ""


def lines(error: RotationError) -> Iterator[str]:
    """Write *error* for a person: what, where, how."""
    yield error.message
    where = {name: value for name, value in error.facts.items() if isinstance(value, str | int)}
    told = ", ".join(f"{name} {value}" for name, value in where.items())
    yield f"    where:  {error.reason}{f' ({told})' if told else ''}"
    if how := remedy(error):
        yield f"    remedy: {how}"


def document(error: RotationError) -> dict[str, Any]:
    """Write *error* as facts, for `--json`."""
    problems = {"problems": list(error.problems)} if isinstance(error, Misconfigured) else {}
    told: dict[str, Any] = facts(dict(error.facts) | problems)
    return {
        "error": error.reason,
        "detail": error.message,
        "facts": told,
        "remedy": remedy(error),
        "exit": int(exit_code(error)),
    }
