"""
Look whether what the code takes for granted holds in this tenant and vault, fact by fact, by its id.

Each id stands in docs/platform-facts.md with its source and with what would follow if it were otherwise.
"""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from rotation.domain.errors import NotFound, RotationError
from rotation.domain.identifiers import ClientId, KeyId
from rotation.domain.secret import SecretText
from rotation.ports.sign_in import Accepted, NotAccepted
from rotation.ports.usage import Look
from rotation.ports.vault import NewVersion
from rotation.workflows.rehearsing.acts import Play

WRONG_SECRET = 7000215
TAGS, TAG_LENGTH = 15, 256
NOBODYS_KEY = KeyId("00000000-0000-4000-8000-00000000dead")
TRIES_AFTER_REMOVAL = 8
REFUSALS_IN_A_ROW = 4


class Holds(StrEnum):
    """What was seen of a fact."""

    HOLDS = "holds"
    OTHERWISE = "otherwise"
    UNSEEN = "unseen"
    """It cannot be seen by a rehearsal, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact, and what was seen of it here."""

    id: str
    what: str
    holds: Holds
    says: str = ""


type Saw = tuple[bool, str]
type Look_ = Callable[[Play], Awaitable[Saw]]


async def _service_principals(play: Play) -> Saw:
    async with aclosing(play.real.directory.service_principals()) as pages:  # type: ignore[type-var]
        async for page in pages:
            return True, f"a page of them was read, {len(page)} bear credentials"
    return True, "a page of them was read, none bears credentials"


async def _by_client_id(play: Play) -> Saw:
    found = await play.real.directory.by_client_id(play.application.client_id)
    return found.object_id == play.application.object_id, "found by its client id"


async def _policies(play: Play) -> Saw:
    found = await play.real.directory.rules(play.application.object_id)
    return True, f"readable; new secrets are {'forbidden' if found.addition_forbidden else 'allowed'}"


async def _unknown_key(play: Play) -> Saw:
    await play.real.directory.remove(play.application.object_id, NOBODYS_KEY)
    return True, "removing a key id that is not there is answered, and read as gone"


async def _removed_secret(play: Play) -> Saw:
    """
    Try the removed secret: how long it still signs in is told, and nothing decides on it.

    One refusal is one replica of the sign-in service; several in a row are taken for all of them.
    """
    began = play.real.clock.now()
    signed_in = False
    refusals: list[float] = []
    for _try in range(TRIES_AFTER_REMOVAL):
        if isinstance(await play.real.sign_in.prove(play.application.client_id, play.old_text), Accepted):
            signed_in = True
            refusals.clear()
        else:
            refusals.append((play.real.clock.now() - began).total_seconds())
        if len(refusals) == REFUSALS_IN_A_ROW:
            when = f"refused {refusals[0]:.0f} s after its removal" if signed_in else "refused at once"
            return True, f"{when}, by {len(refusals)} sign-ins in a row"
        await play.rest(play.real.timing.look_spacing)
    lasted = (play.real.clock.now() - began).total_seconds()
    return True, f"still signs in {lasted:.0f} s after its removal: contain a compromise by more than removing"


async def _wrong_secret(play: Play) -> Saw:
    wrong = SecretText("this~is.not-the.secret~of.this-application")
    answer = await play.real.sign_in.prove(ClientId(play.application.client_id), wrong)
    code = answer.code if isinstance(answer, NotAccepted) else 0
    return code == WRONG_SECRET, f"a wrong secret is answered with AADSTS{code}"


async def _long_name(play: Play) -> Saw:
    vault = play.real.vaults.at(play.real.vault_url)
    await vault.write(play.stage.long_name, NewVersion(text=SecretText("probe"), tags={}, enabled=False))
    return True, f"a name of {len(play.stage.long_name)} characters is taken"


async def _many_tags(play: Play) -> Saw:
    vault = play.real.vaults.at(play.real.vault_url)
    tags = {f"tag-{number:02}": "x" * TAG_LENGTH for number in range(TAGS)}
    version = await vault.write(play.stage.long_name, NewVersion(text=SecretText("probe"), tags=tags, enabled=False))
    kept = {each.version: each.tags for each in await vault.versions(play.stage.long_name)}
    return kept.get(version) == tags, f"{TAGS} tags of {TAG_LENGTH} characters are kept"


async def _not_inherited(play: Play) -> Saw:
    vault, name = play.real.vaults.at(play.real.vault_url), play.stage.long_name
    await vault.write(name, NewVersion(text=SecretText("probe"), tags={"a": "b"}, enabled=False))
    version = await vault.write(name, NewVersion(text=SecretText("probe"), tags={}, enabled=False))
    kept = {each.version: each.tags for each in await vault.versions(name)}
    return not kept.get(version), "a new version has none of the tags of the one before"


async def _disabled(play: Play) -> Saw:
    vault, name = play.real.vaults.at(play.real.vault_url), play.stage.long_name
    version = await vault.write(name, NewVersion(text=SecretText("probe"), tags={}, enabled=False))
    try:
        await vault.read(name, version)
    except NotFound:
        return True, "a disabled version is not read"
    return False, "a disabled version was read"


async def _vault_role(play: Play) -> Saw:
    vault, name = play.real.vaults.at(play.real.vault_url), play.stage.long_name
    version = await vault.write(name, NewVersion(text=SecretText("probe"), tags={}))
    await vault.read(name, version)
    await vault.disable(name, version)
    return True, "the role that is held lets us list, write, read and disable"


async def _report(play: Play) -> Saw:
    return await _source(play, "graph-report")


async def _workspace(play: Play) -> Saw:
    return await _source(play, "sign-in-log")


async def _source(play: Play, name: str) -> Saw:
    source = next((each for each in play.real.usage if each.name == name), None)
    if source is None:
        raise NotFound(f"usage source {name} is not configured here")
    async with aclosing(source.sightings(Look(client_id=play.application.client_id))) as found:  # type: ignore[type-var]
        async for _sighting in found:
            return True, "readable, and shows a sign-in of this rehearsal already"
    return True, "readable; sign-ins of this rehearsal are not shown yet"


async def _lifetime(play: Play) -> Saw:
    now = play.real.clock.now()
    found = (await play.real.directory.application(play.application.object_id)).secrets
    ends = [secret.end_at - now for secret in found if secret.marker is not None]
    asked = timedelta(days=30)
    return bool(ends) and all(abs(end - asked) < timedelta(hours=1) for end in ends), "the end that was asked is kept"


CHECKS: tuple[tuple[str, str, Look_], ...] = (
    ("A1-6", "an application is found by its client id", _by_client_id),
    ("A1-7", "service principals page like applications", _service_principals),
    ("A3-1", "a secret ends when it was asked to", _lifetime),
    ("A3-4", "removing a key id that is not there is answered as such", _unknown_key),
    ("A4-4", "the policies can be read with Policy.Read.All", _policies),
    ("A7-3", "how long a removed secret still signs in", _removed_secret),
    ("B1-2", "a wrong secret is told by its own code", _wrong_secret),
    ("C1-1", "tags are not inherited", _not_inherited),
    ("C1-2", "names of 127 characters", _long_name),
    ("C1-3", "15 tags of 256 characters", _many_tags),
    ("C3-2", "a disabled version cannot be read", _disabled),
    ("C3-5", "the role suffices for what is done with the vault", _vault_role),
    ("M-1", "the report of credential sign-ins can be read", _report),
    ("M-7", "the workspace of sign-in logs can be read", _workspace),
)

UNSEEN: tuple[tuple[str, str, str], ...] = (
    (
        "A4-3",
        "which app-management policy wins",
        "needs policies to be made; a mint says policy-forbids if it is otherwise",
    ),
    (
        "D2-7",
        "App Service strips the sign-in header",
        "only from outside the app: docs/deploy.md has the request to try",
    ),
    ("D2-8", "App Service tells the app of its sign-in", "where it does not, nobody can sign in, and nothing is open"),
    ("D2-10", "which address the front end appends", "only from outside the app; nothing is decided on it"),
    ("E-9", "queues deliver at least once, in any order", "nothing breaks where it is otherwise"),
    ("F-3", "what 202 of a Workflows address means", "only people can say: rotation notify test"),
)


async def look_at_all(play: Play) -> tuple[Fact, ...]:
    """Look at every fact, one after the other; one that cannot be looked at hides no other."""
    seen = [await _look(play, id_, what, look=look) for id_, what, look in CHECKS]
    unseen = [Fact(id=id_, what=what, holds=Holds.UNSEEN, says=why) for id_, what, why in UNSEEN]
    return tuple(sorted((*seen, *unseen), key=lambda fact: fact.id))


async def _look(play: Play, id_: str, what: str, *, look: Look_) -> Fact:
    try:
        holds, says = await look(play)
    except NotFound as error:
        return Fact(id=id_, what=what, holds=Holds.UNSEEN, says=error.message)
    except RotationError as error:
        return Fact(id=id_, what=what, holds=Holds.OTHERWISE, says=f"{error.reason}: {error.message}")
    return Fact(id=id_, what=what, holds=Holds.HOLDS if holds else Holds.OTHERWISE, says=says)
