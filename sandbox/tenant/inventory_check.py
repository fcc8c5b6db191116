"""Say what keeps a JSON value from being the output of `az ad app list`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.tenant.instants import parse_graph_text

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_IDS = ("id", "appId")
CREDENTIALS = ("passwordCredentials", "keyCredentials")
_STRANGERS = {
    "userPrincipalName": "users (az ad user list)",
    "servicePrincipalType": "service principals (az ad sp list)",
    "securityEnabled": "groups (az ad group list)",
    "objectId": "applications as az before 2.37 printed them (objectId instead of id)",
}


def problems_of(found: object) -> list[str]:
    """Return every problem of *found* with index and field; none means that it can be loaded."""
    if isinstance(found, Mapping):
        return [_object_problem(found)]
    if not isinstance(found, list):
        return [f"the file holds one {type(found).__name__}, not a list of applications"]
    stranger = _stranger(found)
    if stranger:
        return [f"[0]: this is a list of {stranger}, not of applications"]
    problems = [problem for number, entry in enumerate(found) for problem in _entry_problems(number, entry)]
    return problems + list(_repeated(found))


def _object_problem(found: Mapping[str, Any]) -> str:
    if isinstance(found.get("value"), list):
        return "the file holds one page of a Graph answer (az rest?): the pages after it would be missing"
    if "appId" in found:
        return "the file holds a single application (az ad app show?), not a list"
    return f"the file holds an object with {', '.join(sorted(found)[:5]) or 'nothing'}, not a list of applications"


def _stranger(found: list[Any]) -> str | None:
    first = found[0] if found else None
    if not isinstance(first, Mapping):
        return None
    return next((name for field, name in _STRANGERS.items() if field in first), None)


def _entry_problems(number: int, entry: object) -> Iterator[str]:
    if not isinstance(entry, Mapping):
        yield f"[{number}]: an application is needed, found {type(entry).__name__}"
        return
    where = f"[{number}]{_called(entry)}"
    for field in _IDS:
        yield from _guid_problem(f"{where}.{field}", entry.get(field))
    if not isinstance(entry.get("displayName"), str | None):
        yield f"{where}.displayName: a text is needed, found {type(entry['displayName']).__name__}"
    for field in CREDENTIALS:
        yield from credentials_problems(f"{where}.{field}", entry.get(field))


def credentials_problems(where: str, found: object) -> Iterator[str]:
    """Yield what is wrong with a list of credentials that stands at *where*; null is an empty one."""
    if not isinstance(found, list | None):
        yield f"{where}: a list is needed, found {type(found).__name__}"
        return
    for number, credential in enumerate(found or []):
        place = f"{where}[{number}]"
        if not isinstance(credential, Mapping):
            yield f"{place}: a credential is needed, found {type(credential).__name__}"
            continue
        yield from _guid_problem(f"{place}.keyId", credential.get("keyId"))
        for field in ("startDateTime", "endDateTime"):
            yield from _instant_problem(f"{place}.{field}", credential.get(field))


def _guid_problem(where: str, found: object) -> Iterator[str]:
    if found is None:
        yield f"{where}: is missing"
    elif not isinstance(found, str) or not _GUID.fullmatch(found):
        yield f"{where}: {str(found)[:60]!r} is not a GUID"


def _instant_problem(where: str, found: object) -> Iterator[str]:
    if found is None:
        return
    try:
        parse_graph_text(str(found))
    except ValueError:
        yield f"{where}: {str(found)[:60]!r} is not a date with a time and a zone"


def _repeated(found: list[Any]) -> Iterator[str]:
    """Ids that appear twice: the file was put together from several."""
    for field in _IDS:
        first: dict[str, int] = {}
        for number, entry in enumerate(found):
            value = entry.get(field) if isinstance(entry, Mapping) else None
            if isinstance(value, str) and first.setdefault(value.lower(), number) != number:
                yield f"[{number}].{field}: {value} is already that of [{first[value.lower()]}]"


def _called(entry: Mapping[str, Any]) -> str:
    name = entry.get("displayName")
    return f" {name[:40]!r}" if isinstance(name, str) else ""
