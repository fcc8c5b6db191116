"""Tell what enrolling a line would mean: what would be handed over, delivered, watched, and what stands against it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rotation.domain.credential import DESCRIPTION_LIMIT, Application, Credential
from rotation.domain.errors import Refused
from rotation.domain.evidence import outlasts
from rotation.domain.identifiers import KeyId, LineId, LineName, ObjectId, SecretVersion
from rotation.domain.line import ApprovedDestination, Enrolment
from rotation.domain.policy import Configuration, LineEntry, Mode, Policy
from rotation.domain.rebuilt import RebuiltLine
from rotation.ledger import application as ledger
from rotation.ledger.application import ApplicationRecord
from rotation.ports.directory import Owner
from rotation.ports.vault import VersionProperties
from rotation.workflows import tags
from rotation.workflows.services import Services

TIER_ZERO_ROLES = frozenset(
    {
        "RoleManagement.ReadWrite.Directory",
        "AppRoleAssignment.ReadWrite.All",
        "Application.ReadWrite.All",
        "Directory.ReadWrite.All",
        "Group.ReadWrite.All",
        "PrivilegedAccess.ReadWrite.AzureAD",
        "Policy.ReadWrite.ConditionalAccess",
        "User.ReadWrite.All",
        "Domain.ReadWrite.All",
    }
)
"""Graph application roles that write the directory or manage roles."""

DEFAULT_LINE = LineName("default")

_NAME_LIMIT = 120
_SLUG = re.compile(r"[^0-9a-zA-Z-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to enrol."""

    application: ObjectId
    line: LineName = DEFAULT_LINE
    by: str
    key_ids: tuple[KeyId, ...] | None = None
    """
    Handed over by key id. None: every secret that no line holds and that bears no marker, or that was this line's own
    before the ledger was lost.
    """
    adopt: bool = False
    """The vault's secret of that name is this line's own."""
    tier_zero: bool = False
    where: str = ""
    """From where it was said, for the audit trail."""
    unrehearsed: bool = False
    """Yes, although no rehearsal has passed here (`rotation rehearse`); it is in the audit trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What enrolling would mean."""

    application: Application
    policy: Policy
    entry: LineEntry
    enrolment: Enrolment
    handed_over: tuple[Credential, ...]
    foreign: tuple[Credential, ...]
    owners: tuple[Owner, ...]
    roles: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = field(default=())
    rebuilt: RebuiltLine | None = None
    """What is known of the line from before the ledger was lost."""


async def preview(services: Services, wish: Wish) -> Preview:
    """
    Tell what enrolling would mean; writes nothing.

    Raises:
        ApplicationGone: There is no such application.
        Refused: No policy speaks of it, or the policy has no such line.
    """
    configuration = await services.configurations.current()
    application = await services.directory.application(wish.application)
    owners = (await services.directory.owners([wish.application])).get(wish.application, ())
    policy, entry = _entry(configuration, application, wish, owners=[owner.mail or "" for owner in owners])
    record = await ledger.read(services.tables, wish.application)
    roles = await services.directory.directory_roles(application.client_id)
    handed, foreign = _handed_over(application, record, wish)
    enrolment = await _enrolment(services, configuration, wish, policy=policy, entry=entry, application=application)
    enrolment = replace(enrolment, handed_over=tuple(secret.key_id for secret in handed))
    rebuilt = record.rebuilt.get(wish.line)
    if rebuilt is not None:  # where its readers read it: names are made once
        enrolment = replace(enrolment, vault_url=rebuilt.vault_url, secret_name=rebuilt.secret_name)
    refusals = [*_refusals(services, application, record, wish=wish, policy=policy, roles=roles)]
    refusals += await _unrehearsed(services, wish)
    versions = await services.vaults.at(enrolment.vault_url).versions(enrolment.secret_name)
    enrolment, taken = _vault_name(enrolment, versions, wish)
    staged = await services.vaults.at(enrolment.vault_url).versions(f"{enrolment.secret_name}-staged")
    taken = (*taken, *_staged_name(enrolment, staged, wish))
    return Preview(
        application=application,
        policy=policy,
        entry=entry,
        enrolment=enrolment,
        handed_over=handed,
        foreign=foreign,
        owners=owners,
        roles=roles,
        warnings=tuple(_warnings(configuration, entry, application, foreign=foreign)),
        refusals=(*refusals, *taken),
        rebuilt=rebuilt,
    )


def _entry(
    configuration: Configuration, application: Application, wish: Wish, *, owners: Sequence[str]
) -> tuple[Policy, LineEntry]:
    policy = configuration.policy_for(application, owners)
    if policy is None:
        raise Refused(
            f"no policy speaks of {application.display_name}",
            reason="no-policy",
            remedy="add a policy with mode: rotate and its object id to rotation.yaml",
        )
    entry = policy.entry(wish.line, application.object_id)
    if entry is None:
        names = ", ".join(sorted({entry.name for entry in policy.lines})) or "none"
        raise Refused(
            f"policy {policy.name} has no line {wish.line}",
            reason="no-such-line",
            remedy=f"lines of this policy: {names}",
        )
    return policy, entry


def _handed_over(
    application: Application, record: ApplicationRecord, wish: Wish
) -> tuple[tuple[Credential, ...], tuple[Credential, ...]]:
    free = [secret for secret in application.secrets if record.line_of(secret.key_id) is None]
    if wish.key_ids is None:
        rebuilt = record.rebuilt.get(wish.line)
        own = {each.key_id for each in rebuilt.secrets} if rebuilt else set()
        handed = [secret for secret in free if secret.marker is None or secret.key_id in own]
    else:
        handed = [secret for secret in free if secret.key_id in wish.key_ids]
    taken = {secret.key_id for secret in handed}
    foreign = tuple(secret for secret in free if secret.key_id not in taken)
    return tuple(handed), foreign


async def _enrolment(
    services: Services,
    configuration: Configuration,
    wish: Wish,
    *,
    policy: Policy,
    entry: LineEntry,
    application: Application,
) -> Enrolment:
    approved = tuple(
        ApprovedDestination(name=name, fingerprint=configuration.destinations[name].fingerprint)
        for name in entry.destinations
    )
    return Enrolment(
        policy=policy.name,
        by=wish.by,
        at=services.clock.now(),
        destinations=approved,
        readers=entry.readers,
        description=entry.description or description_of(application, wish.line),
        vault_url=policy.vault or services.vault_url,
        secret_name=secret_name(entry, application, wish.line),
        handed_over=(),
        retire=entry.terms.retire,
        tier_zero=wish.tier_zero,
    )


def description_of(application: Application, line: LineName) -> str:
    """Give the default description: it stays the same over rotations, and says to people that it is managed."""
    tail = f" - {line}, managed by Rotation, do not remove"
    if len(tail) >= DESCRIPTION_LIMIT:
        tail = f" - {line}"
    return application.display_name[: max(DESCRIPTION_LIMIT - len(tail), 0)] + tail[:DESCRIPTION_LIMIT]


def secret_name(entry: LineEntry, application: Application, line: LineName) -> str:
    """Make the vault name of a line from its template: ASCII, at most 120 characters so that `-staged` fits."""
    template = entry.secret_name or "entra-{client_id}-{line}"
    text = template.format(client_id=application.client_id, object_id=application.object_id, line=line)
    return _SLUG.sub("-", text).strip("-")[:_NAME_LIMIT]


def _refusals(
    services: Services,
    application: Application,
    record: ApplicationRecord,
    *,
    wish: Wish,
    policy: Policy,
    roles: Sequence[str],
) -> list[str]:
    refusals = []
    if wish.line in record.lines:
        refusals.append(f"line {wish.line} is enrolled already, by {record.lines[wish.line].enrolment.by}")
    if application.client_id in services.own_client_ids:
        refusals.append("this is Rotation's own identity, which is never enrolled")
    if policy.mode is not Mode.ROTATE:
        refusals.append(f"policy {policy.name} says mode: {policy.mode}; only mode: rotate lets a line be enrolled")
    dangerous = sorted(TIER_ZERO_ROLES.intersection(roles))
    if dangerous and not wish.tier_zero:
        refusals.append(f"it holds {', '.join(dangerous)}: say --tier-zero if it is meant")
    unknown = [k for k in wish.key_ids or () if not application.holds(k) or record.line_of(k) is not None]
    if unknown:
        refusals.append(f"not a free key id of this application: {', '.join(unknown)}")
    return refusals


async def _unrehearsed(services: Services, wish: Wish) -> tuple[str, ...]:
    """Ask for one rehearsal that passed in this tenant and vault, before the first real secret is at stake."""
    if wish.unrehearsed or (await services.control.rehearsed.read()).passed_at is not None:
        return ()
    return ("nobody has rehearsed here yet: rotation rehearse; or say --unrehearsed",)


def _vault_name(
    enrolment: Enrolment, versions: Sequence[VersionProperties], wish: Wish
) -> tuple[Enrolment, tuple[str, ...]]:
    newest = tags.latest(versions)
    line = LineId(wish.application, wish.line)
    if not newest or all(tags.is_lines(version, line) for version in newest):
        return enrolment, ()
    if wish.adopt:
        return replace(enrolment, adopted_version=SecretVersion(newest[-1].version)), ()
    why = f"the vault holds a secret {enrolment.secret_name} that is not this line's: say --adopt if it is"
    return enrolment, (why,)


def _staged_name(enrolment: Enrolment, versions: Sequence[VersionProperties], wish: Wish) -> tuple[str, ...]:
    """Refuse a name for staging that is somebody else's: nobody's own secret is called so by chance."""
    line = LineId(wish.application, wish.line)
    if all(tags.is_lines(version, line) for version in tags.latest(versions)):
        return ()
    return (f"the vault holds a secret {enrolment.secret_name}-staged that is not this line's: choose secret_name",)


def _warnings(
    configuration: Configuration, entry: LineEntry, application: Application, *, foreign: Sequence[Credential]
) -> list[str]:
    warnings = []
    if not entry.destinations and not entry.readers:
        warnings.append("nobody is known to use the line: old secrets will lapse, not be retired")
    elif outlasts(entry.terms):
        warnings.append("the old secret will lapse, not be retired: lead time - overlap is below quiet + 48h")
    if application.created_by:
        warnings.append(f"it was made by another application ({application.created_by}), which may manage it")
    for secret in foreign:
        name = secret.display_name or "without a name"
        if secret.marker:
            warnings.append(f"key id {secret.key_id} bears a marker of another deployment or an older ledger ({name})")
        elif name.startswith("vault-"):
            warnings.append(f"key id {secret.key_id} looks like HashiCorp Vault's ({name})")
    missing = [name for name in entry.destinations if name not in configuration.destinations]
    warnings.extend(f"destination {name} is not configured" for name in missing)
    return warnings
