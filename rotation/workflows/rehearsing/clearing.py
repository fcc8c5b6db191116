"""Delete what rehearsals left, found by its marks, and nothing else: the secrets first, the application last."""

from collections.abc import Sequence

from rotation.domain.errors import RotationError
from rotation.ports.throw_aways import ThrowAway
from rotation.workflows.services import Services


async def clear(services: Services, also: ThrowAway | None = None) -> tuple[str, ...]:
    """
    Delete every throw-away application that bears our marks, and its secrets.

    The application goes last: while anything of it is left, the next rehearsal finds it.

    Args:
        services: Where.
        also: One that was made just now and may not be listed yet.

    Returns:
        What could not be deleted and why, with the command that deletes it.
    """
    left: list[str] = []
    found: Sequence[ThrowAway] = ()
    try:
        found = await services.throw_aways.find()
    except RotationError as error:
        left.append(f"what an earlier rehearsal may have left could not be looked for: {error.message}")
    known = {each.object_id: each for each in (*found, *([also] if also else []))}
    for throw_away in known.values():
        left.extend(await _one(services, throw_away))
    return tuple(left)


async def _one(services: Services, throw_away: ThrowAway) -> list[str]:
    left = []
    for name in throw_away.stage.secret_names:
        try:
            await services.throw_aways.delete_secret(services.vault_url, name)
        except RotationError as error:
            left.append(
                f"secret {name}: {error.message}. az keyvault secret delete --id {services.vault_url}/secrets/{name}"
            )
    if left:
        return left
    try:
        await services.throw_aways.delete(throw_away)
    except RotationError as error:
        return [f"application {throw_away.object_id}: {error.message}. az ad app delete --id {throw_away.object_id}"]
    return []
