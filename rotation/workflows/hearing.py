"""Who hears of what: the owners of an application first, then its team, then those who hear what nobody else does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rotation.domain.audience import Hearers, owner
from rotation.domain.errors import NeedsPerson
from rotation.domain.identifiers import AudienceName, ObjectId
from rotation.ports.directory import Owner
from rotation.ports.notices import Channel
from rotation.workflows.notices import alarm
from rotation.workflows.reminders import Reminder
from rotation.workflows.services import Services


@dataclass(slots=True, kw_only=True)
class Heard:
    """Reminders by who hears them."""

    teams: dict[AudienceName, list[Reminder]] = field(default_factory=dict)
    owners: dict[str, list[Reminder]] = field(default_factory=dict)
    """By mail address."""


def owner_channels(services: Services) -> list[Channel]:
    """Give the channels on which owners can be told: by their addresses alone."""
    return [channel for channel in services.channels if channel.reaches(owner("somebody@localhost"))]


async def heard(services: Services, reminders: Sequence[Reminder], asked_for: Sequence[Reminder]) -> Heard:
    """
    Sort reminders by who hears them; owners are read for *asked_for* alone, those who have something new to say.

    Raises:
        Retryable: Owners could not be read now.
    """
    found, owners_hear = Heard(), bool(owner_channels(services))
    for reminder in reminders:
        if reminder.hears.owners_of is None or not owners_hear:
            _tell_team(found, reminder)
    addresses = await addresses_of(services, [ObjectId(each.hears.owners_of or "") for each in asked_for])
    for reminder in asked_for:
        own = addresses.get(ObjectId(reminder.hears.owners_of or ""), ())
        for address in own:
            found.owners.setdefault(address, []).append(reminder)
        if not own:
            _tell_team(found, replace(reminder, hears=Hearers(team=reminder.hears.team)))
    return found


def _tell_team(found: Heard, reminder: Reminder) -> None:
    if reminder.hears.team is not None:
        found.teams.setdefault(reminder.hears.team, []).append(reminder)


async def addresses_of(services: Services, applications: Sequence[ObjectId]) -> Mapping[ObjectId, tuple[str, ...]]:
    """
    Read the mail addresses of the people who own applications; nothing where we may not, and somebody is told so.

    Raises:
        Retryable: They could not be read now.
    """
    if not applications or not owner_channels(services):
        return {}
    try:
        found = await services.directory.owners(list(dict.fromkeys(applications)))
    except NeedsPerson as error:
        await alarm(services, "owners-unreadable", text=f"the owners of applications cannot be read: {error.message}")
        return {}
    return {application: _addresses(owners) for application, owners in found.items()}


def _addresses(owners: Sequence[Owner]) -> tuple[str, ...]:
    people = [each.mail.casefold() for each in owners if each.kind == "user" and each.mail]
    return tuple(dict.fromkeys(people))
