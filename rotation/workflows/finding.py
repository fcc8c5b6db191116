"""Find what a person means: an application by id or exact display name, a rotation by its id or the end of it."""

import json
from dataclasses import dataclass

from rotation.domain.errors import ApplicationGone, NotFound, Refused
from rotation.domain.identifiers import ULID, ClientId, ObjectId, RotationId, is_guid
from rotation.workflows.inventory import SNAPSHOT
from rotation.workflows.services import Services

SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An application, by the names under which people know it."""

    object_id: ObjectId
    client_id: ClientId
    display_name: str


async def find_application(services: Services, text: str) -> Found:
    """
    Find one application.

    A GUID is asked of the directory, as object id first, then as client id; anything else is looked up in the
    inventory of the last complete pass, letter by letter.

    Raises:
        NotFound: There is none (`no-such-application`), or no pass was ever complete.
        Refused: Several bear that name (`ambiguous`); the facts list them.
    """
    wanted = text.strip()
    return await _by_id(services, wanted.lower()) if is_guid(wanted) else await _by_name(services, wanted)


async def _by_id(services: Services, guid: str) -> Found:
    try:
        found = await services.directory.application(ObjectId(guid))
    except ApplicationGone:
        try:
            found = await services.directory.by_client_id(ClientId(guid))
        except ApplicationGone:
            return await _enrolled_once(services, guid)
    return Found(object_id=found.object_id, client_id=found.client_id, display_name=found.display_name)


async def _enrolled_once(services: Services, guid: str) -> Found:
    """Find an application that the directory has no more through its line, which somebody must still release."""
    async for line in services.lines.all():
        if guid in {line.id.application, line.client_id}:
            return Found(object_id=line.id.application, client_id=line.client_id, display_name=line.display_name)
    why = f"no application has the object id or client id {guid}"
    raise NotFound(why, reason="no-such-application", application=guid)


async def _by_name(services: Services, name: str) -> Found:
    found = await _named(services, name)
    if not found:
        why = f"no application is called {name!r} in the last complete scan; names are matched letter by letter"
        raise NotFound(why, reason="no-such-application", name=name)
    if len(found) > 1:
        ids = [each.object_id for each in found]
        raise Refused(
            f"{len(found)} applications are called {name!r}: {', '.join(ids[:SHOWN])}",
            reason="ambiguous",
            remedy="give the object id of the one that you mean",
            object_ids=ids,
        )
    return found[0]


async def _named(services: Services, name: str) -> list[Found]:
    mark = json.dumps(name, ensure_ascii=False).encode()  # as the pass writes it: only such lines are worth parsing
    entries = [json.loads(line) async for line in services.snapshots.read(SNAPSHOT) if mark in line]
    return [
        Found(object_id=ObjectId(entry["id"]), client_id=ClientId(entry["appId"]), display_name=name)
        for entry in entries
        if entry["name"] == name
    ]


async def find_rotation(services: Services, text: str) -> RotationId:
    """
    Find one rotation: by `<object id>.<ulid>`, or by the ulid alone where it is its line's open or latest one.

    Raises:
        Misread: It is of neither form.
        NotFound: No line's latest rotation has that ulid. (A whole id is taken as it is.)
    """
    wanted = text.strip()
    if not ULID.fullmatch(wanted.upper()):
        object_id, mark, ulid = wanted.partition(".")
        return RotationId.parse(f"{object_id}{mark}{ulid.upper()}")
    ulid = wanted.upper()
    async for line in services.lines.all():
        if ulid in {line.open, line.latest}:
            return RotationId(line.id.application, ulid)
    why = f"no line's latest rotation is {ulid}; older ones are found by <object id>.{ulid}"
    raise NotFound(why, reason="no-such-rotation", rotation=ulid)
